"""Histories of accounts in PostgreSQL: sums over papers borne by an account, open and settled ones."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.bearers import SCOPE
from creditrisk.adapters.postgres.engine import Database
from creditrisk.application.papers import Account
from creditrisk.domain.history import YEAR, Days, History, Record, Sales, Terms, months_before

# What counts, and as what, is explained in docs/domain.md, Payment behaviour. The parts before `figure` are
# materialised so that joins compare plain columns: under row-level security no other can use an index.
_READ: Final = sa.text(
    f"""
    WITH asked AS (
        SELECT company, customer, as_of, after
        FROM unnest(CAST(:companies AS text[]), CAST(:customers AS text[]), CAST(:days AS date[]),
            CAST(:afters AS date[])) AS asked (company, customer, as_of, after)
    ), {SCOPE}, borne AS (
        SELECT s.company, s.customer, p.kind, p.number, p.content, p.posted_invoice, p.posted_by, p.line,
            p.taken
        FROM scope AS s
        JOIN paper AS p ON p.tenant = :tenant AND p.company = s.company AND p.bill_to = s.written_for
        WHERE s.billed AND p.kind IN ('invoice', 'open_item', 'payment') AND p.present
        UNION ALL
        SELECT s.company, s.customer, p.kind, p.number, p.content, p.posted_invoice, p.posted_by, p.line,
            p.taken
        FROM scope AS s
        JOIN paper AS p ON p.tenant = :tenant AND p.company = s.company AND p.customer = s.written_for
            AND p.bill_to IS NULL
        WHERE NOT s.billed AND p.kind IN ('invoice', 'open_item', 'payment') AND p.present
    ), stated AS MATERIALIZED (
        SELECT b.company, b.customer, a.as_of, a.after, b.kind, b.number, b.content, b.posted_by,
            b.content ->> 'currency' AS currency, (b.content ->> 'total')::numeric AS total,
            iso_date(b.content ->> 'date') AS dated, iso_date(b.content ->> 'due_date') AS due,
            iso_date(b.content ->> 'settled_on') AS settled_on,
            b.posted_invoice AS invoice,
            coalesce(b.content -> 'provisional' = 'true', false) AS provisional,
            CASE (b.line).category WHEN 'open_items' THEN (b.line).open_amount END AS open_amount,
            -- What is taken in other currencies is not taken off yet.
            CASE WHEN (b.line).category = 'open_items' AND (b.line).status <> ''
                THEN b.taken - (b.content ->> 'currency') END AS taken
        FROM borne AS b
        JOIN asked AS a USING (company, customer)
    ), invoice AS MATERIALIZED (
        SELECT i.company, i.customer, i.as_of, i.number, i.currency, i.total, i.dated,
            i.posted_by > 0 AS named, coalesce(i.content ->> 'type', '') AS type,
            CASE WHEN i.posted_by = 0 AND i.content -> 'posted' = 'true' THEN 'posted' ELSE 'sure' END
                AS record,
            coalesce(i.due - i.dated, t.days) AS days
        FROM stated AS i
        LEFT JOIN LATERAL (
            SELECT (r.content ->> 'days')::integer AS days FROM reference AS r
            WHERE r.tenant = :tenant AND r.company IN ('', i.company) AND r.kind = 'payment_terms'
                AND r.code = i.content ->> 'payment_terms'
            ORDER BY r.company DESC LIMIT 1
        ) AS t ON true
        WHERE i.kind = 'invoice' AND i.content -> 'cancelled' IS DISTINCT FROM 'true'
            AND i.dated > i.after AND i.dated <= i.as_of
    ), item AS MATERIALIZED (
        SELECT s.company, s.customer, s.as_of, s.after, s.number, s.currency, s.total, s.dated, s.due,
            s.settled_on, s.provisional, i.present IS NOT NULL AS invoice_stored,
            coalesce(i.content ->> 'type', '') AS type, iso_date(i.content ->> 'date') AS invoiced,
            coalesce(s.due, iso_date(i.content ->> 'due_date'))
                - coalesce(iso_date(i.content ->> 'date'), s.dated) AS days,
            CASE WHEN s.invoice IS NULL THEN 'unnamed' ELSE 'sure' END AS record
        FROM stated AS s
        LEFT JOIN paper AS i ON i.tenant = :tenant AND i.company = s.company AND i.kind = 'invoice'
            AND i.number = s.invoice AND i.present AND i.content -> 'cancelled' IS DISTINCT FROM 'true'
        WHERE s.kind = 'open_item'
    ), allocated AS MATERIALIZED (
        SELECT s.company, s.customer, a.item, s.total > 0 AND a.amount > 0 AS received, a.amount,
            coalesce(a.currency, s.currency) AS currency,
            coalesce(iso_date(s.content ->> 'value_date'), s.dated) AS paid_on
        FROM stated AS s
        CROSS JOIN LATERAL jsonb_to_recordset(s.content -> 'allocations')
            AS a (item text COLLATE "C", currency text, amount numeric)
        WHERE s.kind = 'payment'
    ), cleared AS MATERIALIZED (
        SELECT i.company, i.customer, i.as_of, i.after, i.dated, i.due, a.currency, a.amount, a.paid_on,
            a.received AND i.total > 0 AS received
        FROM item AS i
        JOIN allocated AS a ON a.company = i.company AND a.customer = i.customer AND a.item = i.number
        WHERE a.paid_on > i.after AND NOT i.provisional
        UNION ALL
        SELECT i.company, i.customer, i.as_of, i.after, i.dated, i.due, i.currency, i.total, i.settled_on,
            i.total > 0
        FROM item AS i
        WHERE i.settled_on > i.after AND NOT i.provisional AND NOT EXISTS (
            SELECT FROM allocated AS a
            WHERE a.company = i.company AND a.customer = i.customer AND a.item = i.number)
    ), figure AS (
        SELECT company, customer, 'sales' AS what, record, type, currency,
            dated >= date_trunc('year', as_of) AS this_year, 0 AS days, total AS amount
        FROM invoice
        UNION ALL
        SELECT company, customer, 'sales', record, '', currency, dated >= date_trunc('year', as_of), 0, total
        FROM item
        WHERE NOT invoice_stored AND NOT provisional AND dated > after AND dated <= as_of
        UNION ALL
        SELECT company, customer, 'terms', record, type, currency, false, greatest(days, 0), total
        FROM invoice
        WHERE NOT named AND total > 0 AND days IS NOT NULL
        UNION ALL
        SELECT company, customer, 'terms', record, type, currency, false, greatest(days, 0), total
        FROM item
        WHERE total > 0 AND NOT provisional AND days IS NOT NULL
            AND coalesce(invoiced, dated) > after AND coalesce(invoiced, dated) <= as_of
        UNION ALL
        SELECT company, customer, 'delays', '', '', currency, false, paid_on - due, amount
        FROM cleared
        WHERE received AND paid_on <= as_of AND due IS NOT NULL
        UNION ALL
        SELECT company, customer, 'payments', '', '', currency, false, greatest(paid_on - dated, 0), amount
        FROM cleared
        WHERE received AND paid_on <= as_of AND dated IS NOT NULL
        UNION ALL
        SELECT company, customer, 'balances', '', '', currency, false,
            least(paid_on, as_of + 1) - greatest(dated, after + 1), amount
        FROM cleared
        WHERE dated IS NOT NULL
        UNION ALL
        SELECT company, customer, 'balances', '', '', currency, false,
            as_of + 1 - greatest(coalesce(iso_date(content ->> 'value_date'), dated), after + 1), open_amount
        FROM stated
        WHERE open_amount IS NOT NULL AND NOT provisional
            AND coalesce(iso_date(content ->> 'value_date'), dated) IS NOT NULL
        UNION ALL
        SELECT s.company, s.customer, 'balances', '', '', t.currency, false,
            s.as_of + 1 - greatest(s.dated, s.after + 1), -t.amount::numeric
        FROM stated AS s
        CROSS JOIN LATERAL jsonb_each_text(s.taken) AS t (currency, amount)
        WHERE NOT s.provisional AND s.dated IS NOT NULL
    )
    SELECT company, customer, what, record, type, currency, this_year, days, sum(amount) AS amount
    FROM figure
    WHERE what <> 'balances' OR days > 0
    GROUP BY company, customer, what, record, type, currency, this_year, days
    """  # noqa: S608 - made of constants
).bindparams(
    sa.bindparam("companies", type_=pg.ARRAY(sa.Text)),
    sa.bindparam("customers", type_=pg.ARRAY(sa.Text)),
    sa.bindparam("days", type_=pg.ARRAY(sa.Date)),
    sa.bindparam("afters", type_=pg.ARRAY(sa.Date)),
)

_SINCE: Final = sa.text(
    """
    SELECT customer, iso_date(content ->> 'customer_since') AS since FROM customer
    WHERE tenant = :tenant AND customer = ANY (:customers) AND content ->> 'customer_since' IS NOT NULL
    """
).bindparams(sa.bindparam("customers", type_=pg.ARRAY(sa.Text)))


class PostgresHistoryReader:
    """The HistoryReader over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, days: Mapping[Account, date], *, tenant: str, months: int = YEAR
    ) -> Mapping[Account, History]:
        """The history of each account up to its day; see HistoryReader."""
        arguments = {
            "tenant": tenant,
            "companies": [account.company for account in days],
            "customers": [account.customer for account in days],
            "days": list(days.values()),
            "afters": [months_before(day, months) for day in days.values()],
        }
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(_READ, arguments)).all()
            known = await connection.execute(_SINCE, {"tenant": tenant, "customers": arguments["customers"]})
            since = {row.customer: row.since for row in known}
        found: dict[Account, dict[str, list[Any]]] = {account: defaultdict(list) for account in days}
        for row in rows:
            found[Account(row.company, row.customer)][row.what].append(_figure(row))
        return {
            account: History(**figures, customer_since=since.get(account.customer))
            for account, figures in found.items()
        }


def _figure(row: sa.Row[Any]) -> Sales | Terms | Days:
    if row.what == "sales":
        return Sales(Record(row.record), row.type, row.currency, row.this_year, row.amount)
    if row.what == "terms":
        return Terms(Record(row.record), row.type, row.currency, row.days, row.amount)
    return Days(row.currency, row.days, row.amount)
