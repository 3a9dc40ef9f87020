"""Every account of a tenant, read by the page: one statement for the settings, one for the exposure.

Most accounts stand alone: nobody else bears their papers, they bear nobody's, they are in no group, and
nothing is reserved or held. These are read as a set. The others are read as a check reads them, one by one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from creditrisk.adapters.postgres.fact_rows import account_facts, feeds_of
from creditrisk.adapters.postgres.facts import PostgresFactsReader
from creditrisk.adapters.postgres.known_accounts import known_accounts
from creditrisk.adapters.postgres.line_status import with_taken
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.remembered_facts import RememberedFacts
from creditrisk.application.portfolio import AccountRead, CompanyToday, PortfolioPage
from creditrisk.application.standings import Standings
from creditrisk.application.stored_facts import Question, StoredFacts
from creditrisk.domain.account import Feed
from creditrisk.domain.facts import Facts
from creditrisk.domain.papers import Line

_Content = Mapping[str, Any] | None
"""What is known of a customer; None where nobody has stated it."""

_COMPANIES: Final = """
select c.company, (clock_timestamp() at time zone c.time_zone)::date as today
from company c where c.tenant = $1
order by c.company
"""

# The known accounts of one company. Each branch is read from an index in order, no further than a page needs.
_CUSTOMERS: Final = """
select customer from (
    (select a.customer from credit_account a
     where a.tenant = $1 and a.company = $2 and a.customer > $3 order by a.customer limit $4)
    union
    (select s.customer from exposure_state s
     where s.tenant = $1 and s.company = $2 and s.customer > $3 order by s.customer limit $4)
    union
    (select distinct c.risk_customer from customer c
     where c.tenant = $1 and c.risk_customer > $3
        and exists (select from exposure_state s
                    where s.tenant = $1 and s.company = $2 and s.customer = c.customer)
     order by c.risk_customer limit $4)
    union
    (select distinct r.account from reservation r
     where r.tenant = $1 and r.company = $2 and r.account > $3 and r.status in ('held', 'captured')
     order by r.account limit $4)
) as account
order by customer limit $4
"""

_COUNT: Final = f"""
select count(*) from ({known_accounts("$1")}) as account where company = any($2::text[])
"""  # noqa: S608 - made of constants

# `entries`: the account in full where it has temporary limits, covers or manual blocks, which few have.
# `alone`: the rule at the top of this file. Both kinds of exceptions are looked up for the page as a whole.
_SETTINGS: Final = """
with company as (
    select c.grouping, c.policy -> 'overrides' ->> 'count_held' is distinct from 'false' as count_held
    from company c where c.tenant = $1 and c.company = $2
),
with_entries as materialized (
    select t.owner as customer from temporary_limit t
    where t.tenant = $1 and t.company = $2 and t.owner_kind = 'customer' and t.owner = any($3::text[])
    union
    select v.customer from cover v where v.tenant = $1 and v.company = $2 and v.customer = any($3::text[])
    union
    select b.customer from manual_block b
    where b.tenant = $1 and b.company = $2 and b.customer = any($3::text[]) and b.lifted_at is null
),
involved as materialized (
    select c.risk_customer as customer from customer c
    where c.tenant = $1 and c.risk_customer = any($3::text[]) and c.customer <> c.risk_customer
    union
    select c.customer from customer c
    where c.tenant = $1 and c.customer = any($3::text[]) and c.risk_customer <> c.customer
    union
    select r.account from reservation r
    where r.tenant = $1 and r.company = $2 and r.account = any($3::text[])
        and r.status in ('held', 'captured')
    union
    select (p.line).customer from hold h
    join paper p on p.tenant = $1 and p.company = h.company and p.kind = h.kind and p.number = h.number
    where not (select count_held from company) and h.tenant = $1 and h.company = $2 and h.status = 'open'
)
select q.customer, c.content::text as content, a.content::text as settings,
    case when q.customer in (select e.customer from with_entries e)
        then account_facts_2($1, $2, q.customer)::text end as entries,
    not exists (select from involved i where i.customer = q.customer)
        and (g.grouping = 'own' or not exists (select from group_members_1($1, $2, q.customer, g.grouping)))
    as alone
from unnest($3::text[]) with ordinality as q (customer, position)
left join customer c on c.tenant = $1 and c.customer = q.customer
left join credit_account a on a.tenant = $1 and a.company = $2 and a.customer = q.customer
cross join lateral (
    select coalesce(a.content ->> 'grouping', (select grouping from company), 'own') as grouping) as g
order by q.position
"""

# Amounts come as text, which is read quicker than the driver's own form; a total only where it differs.
_LINES: Final = """
select b.customer, b.category, b.type, b.status, b.flags, b.currency, b.due_on, b.since, b.credit, b.papers,
    b.open_amount::text, nullif(b.total_amount, b.open_amount)::text
from exposure_bucket b
where b.tenant = $1 and b.company = $2 and b.customer = any($3::text[])
"""

_OPEN: Final = 10
_TOTAL: Final = 11
"""Columns behind the customer and what a line takes over as it is."""

# What the accounts of a page have in common.
_CIRCUMSTANCES: Final = """
select now, now::date as today, (select t.config_version from tenant t where t.tenant = $1) as config_version,
    (select jsonb_object_agg(
        f.source, jsonb_build_array(f.as_of, floor(extract(epoch from now - f.as_of))::int))
     from feed f where f.tenant = $1 and f.company = $2)::text as feeds
from clock_timestamp() as now
"""


class PostgresPortfolio:
    """The PortfolioReader over one database."""

    def __init__(self, reads: ReadPool) -> None:
        self._reads = reads
        self._facts = PostgresFactsReader(reads, RememberedFacts(most_lines=0))  # no account is read twice

    async def companies(self, *, tenant: str) -> Sequence[CompanyToday]:
        """List the companies by name; see PortfolioReader."""
        return [CompanyToday(*row) for row in await self._reads.fetch(_COMPANIES, tenant)]

    async def count(self, companies: Sequence[str], *, tenant: str) -> int:
        """Count the accounts of companies; see PortfolioReader."""
        ((count,),) = await self._reads.fetch(_COUNT, tenant, companies)
        return int(count)

    async def customers(self, company: str, *, tenant: str, after: str, limit: int) -> Sequence[str]:
        """List accounts of a company; see PortfolioReader."""
        rows = await self._reads.fetch(_CUSTOMERS, tenant, company, after, limit)
        return [row["customer"] for row in rows]

    async def read(self, page: PortfolioPage, *, tenant: str) -> Sequence[AccountRead]:
        """Read the accounts of a page; see PortfolioReader."""
        rows = await self._reads.fetch(_SETTINGS, tenant, page.company, page.customers)
        known = {row["customer"]: orjson.loads(row["content"] or "null") for row in rows}
        alone = [row for row in rows if row["alone"]]
        others = [row["customer"] for row in rows if not row["alone"]]
        stored = await self._read_alone(alone, known, tenant=tenant, company=page.company)
        if others:
            questions = [Question(page.company, customer, bill_to=customer) for customer in others]
            found = await self._facts.read(questions, tenant=tenant, key_id="")
            stored |= dict(zip(others, found, strict=True))
        return [_account(customer, content, stored[customer]) for customer, content in known.items()]

    async def _read_alone(
        self, rows: Sequence[Any], known: Mapping[str, _Content], *, tenant: str, company: str
    ) -> dict[str, StoredFacts]:
        customers = [row["customer"] for row in rows]
        (shared,) = await self._reads.fetch(_CIRCUMSTANCES, tenant, company)
        lines: dict[str, list[Line]] = defaultdict(list)
        make = tuple.__new__  # all that a line is made by, without the call of its own around it
        for row in await self._reads.fetch(_LINES, tenant, company, customers):
            amount, total = Decimal(row[_OPEN]), row[_TOTAL]
            total_amount = amount if total is None else Decimal(total)
            line = make(Line, (True, *row[1:_OPEN], amount, total_amount, None))
            lines[row[0]].append(with_taken(line) if line.status else line)
        feeds = () if shared["feeds"] is None else feeds_of(shared["feeds"])
        return {
            row["customer"]: StoredFacts(
                facts=_facts(row, known[row["customer"]], company, lines=lines[row["customer"]], feeds=feeds),
                standings=Standings(),
                config_version=shared["config_version"],
                key_live=True,
                now=shared["now"],
                today=shared["today"],
            )
            for row in rows
        }


def _facts(
    row: Any, content: _Content, company: str, *, lines: Sequence[Line], feeds: Sequence[Feed]
) -> Facts:
    """What is stored about an account that stands alone, in the words of the hot read."""
    customer = None if content is None else {**content, "id": row["customer"]}
    account = {
        "company": company,
        "customer": row["customer"],
        "settings": row["settings"] and orjson.loads(row["settings"]),
        "temporary": (),
        "covers": (),
    }
    return account_facts(
        {
            "customer": customer,
            "risk_customer": customer,
            "account": account if row["entries"] is None else orjson.loads(row["entries"]),
            **dict.fromkeys(("ordering_account", "members", "head", "group", "group_key")),
        },
        lines=lines,
        items=(),
        feeds=feeds,
    )


def _account(customer: str, content: _Content, stored: StoredFacts) -> AccountRead:
    known = content or {}
    risk_customer = known.get("risk_customer")
    return AccountRead(
        customer, known.get("name"), None if risk_customer == customer else risk_customer, stored
    )
