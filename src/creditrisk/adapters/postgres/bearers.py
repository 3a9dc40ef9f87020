"""Who bears a paper: its bill-to, else its customer's risk customer, else its customer, looked up once.

The same as in the functions that read the facts of a check (`credit_facts`).
"""

from typing import Final

SCOPE: Final = """
    scope AS (
        SELECT company, customer, customer AS written_for, true AS billed FROM asked
        UNION ALL
        SELECT a.company, a.customer, a.customer, false FROM asked AS a
        LEFT JOIN customer AS c ON c.tenant = :tenant AND c.customer = a.customer
        WHERE c.risk_customer IS NULL OR c.risk_customer = c.customer
        UNION ALL
        SELECT a.company, a.customer, c.customer, false FROM asked AS a
        JOIN customer AS c ON c.tenant = :tenant AND c.risk_customer = a.customer AND c.customer <> a.customer
    )
"""
"""A common table expression over `asked (company, customer)`, accounts.

For each of them the customers `written_for` on papers it bears: `billed` ones name it as bill-to, others do
not.
"""
