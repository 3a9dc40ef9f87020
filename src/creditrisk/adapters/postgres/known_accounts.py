"""Which accounts there are.

There is an account where somebody has set one, where papers were stated for the customer, and where it bears
papers or reservations of others.
"""


def known_accounts(tenant: str) -> str:
    """A query of the `company` and `customer` of every account; ``tenant`` is the tenant's parameter."""
    return f"""
        select a.company, a.customer from credit_account a where a.tenant = {tenant}
        union
        select s.company, s.customer from exposure_state s where s.tenant = {tenant}
        union
        select s.company, c.risk_customer from customer c
        join exposure_state s on s.tenant = {tenant} and s.customer = c.customer
        where c.tenant = {tenant} and c.risk_customer is not null
        union
        select r.company, r.account from reservation r
        where r.tenant = {tenant} and r.status in ('held', 'captured')
    """  # noqa: S608 - made of constants
