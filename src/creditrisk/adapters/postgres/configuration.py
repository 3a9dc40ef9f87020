"""A company's configuration in PostgreSQL: what checks load, and what every write of it has to do first."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.endless import read_day
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.application.configuration import StoredConfiguration
from creditrisk.application.own_texts import own_texts
from creditrisk.application.reference_data import ReferenceKind
from creditrisk.application.rules import rule_of
from creditrisk.domain.account import AccountStatus, Rank
from creditrisk.domain.policy import DocumentType
from creditrisk.domain.rates import Rate

_RAISE_VERSION: Final = sa.text(
    """
    INSERT INTO tenant (tenant) VALUES (:tenant)
    ON CONFLICT (tenant) DO UPDATE SET config_version = tenant.config_version + 1
    """
)
# One statement, so that everything is of one moment. Rates come packed by type and pair; where a company has
# rates of its own for one, those of every company are left out.
_LOAD: Final = """
    SELECT t.config_version, c.policy::text AS policy, c.policy_version,
        (
            SELECT jsonb_agg(jsonb_build_array(r.kind, r.code, r.content) ORDER BY r.company)::text
            FROM reference r
            WHERE r.tenant = t.tenant AND r.company IN ('', $2)
                AND r.kind IN (
                    'document_type', 'payment_terms', 'cash_discount', 'account_status', 'message', 'rule')
        ) AS reference_data,
        (
            SELECT jsonb_agg(
                jsonb_build_array(p.type, p.source_currency, p.target_currency, p.days, p.rates))::text
            FROM (
                SELECT r.type, r.source_currency, r.target_currency,
                    array_agg(r.valid_from ORDER BY r.valid_from) AS days,
                    array_agg(r.rate::text ORDER BY r.valid_from) AS rates
                FROM (
                    SELECT own.*, max(own.company) OVER (
                        PARTITION BY own.type, own.source_currency, own.target_currency) AS winner
                    FROM rate own
                    WHERE own.tenant = $1 AND own.company IN ('', $2)
                ) AS r
                WHERE r.company = r.winner
                GROUP BY r.type, r.source_currency, r.target_currency
            ) AS p
        ) AS rates
    FROM tenant t
    LEFT JOIN company c ON c.tenant = t.tenant AND c.company = $2
    WHERE t.tenant = $1
"""


async def raise_config_version(connection: AsyncConnection, *, tenant: str) -> None:
    """Say that the configuration changes in this transaction, so that no compiled one is used after it.

    Called before anything else is written: the row is locked, which puts writers of one tenant's
    configuration in order. Papers and checks do not wait for it.
    """
    await connection.execute(_RAISE_VERSION, {"tenant": tenant})


class PostgresConfigurationReader:
    """Loads configurations; see ConfigurationReader."""

    def __init__(self, reads: ReadPool) -> None:
        # Where nobody waits for anybody's locks: all who wait for the connections of writes may be waiting
        # for a request that has locked what they need, and waits for its configuration.
        self._reads = reads

    async def load(self, *, tenant: str, company: str) -> StoredConfiguration:
        """Everything that a check of this company is decided by, of one moment."""
        (row,) = await self._reads.fetch_as(tenant, _LOAD, tenant, company)
        policy = _read(row["policy"]) or {}
        # Those of every company come first, so that a company's own ones replace them.
        contents: dict[str, dict[str, Mapping[str, Any]]] = {}
        for kind, code, content in _read(row["reference_data"]) or ():
            contents.setdefault(kind, {})[code] = content
        return StoredConfiguration(
            config_version=row["config_version"],
            preset=policy.get("preset"),
            overrides=policy.get("overrides", {}),
            policy_version=row["policy_version"] or 0,
            document_types={
                code: DocumentType(
                    credit=content.get("credit", True), exclude_block=content.get("exclude_block", False)
                )
                for code, content in contents.get(ReferenceKind.DOCUMENT_TYPE, {}).items()
            },
            payment_terms=_ranks(contents.get(ReferenceKind.PAYMENT_TERMS, {})),
            cash_discounts=_ranks(contents.get(ReferenceKind.CASH_DISCOUNT, {})),
            account_statuses={
                code: AccountStatus(
                    code=code,
                    effect=content.get("effect", "none"),
                    kinds=frozenset(content.get("kinds", ())),
                    on=content.get("on", "block"),
                )
                for code, content in contents.get(ReferenceKind.ACCOUNT_STATUS, {}).items()
            },
            rules=[rule_of(*each) for each in sorted(contents.get(ReferenceKind.RULE, {}).items())],
            rates=tuple(_rates(_read(row["rates"]) or ())),
            texts=own_texts(contents.get(ReferenceKind.MESSAGE, {}).values()),
        )


def _read(packed: str | None) -> Any:
    return None if packed is None else orjson.loads(packed)


def _ranks(contents: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Rank]:
    return {code: Rank(code=code, rank=_rank(content.get("rank"))) for code, content in contents.items()}


def _rank(stored: int | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


def _rates(packed: Iterable[tuple[str, str, str, list[str], list[str]]]) -> Iterator[Rate]:
    for type_, source, target, days, rates in packed:
        for day, rate in zip(days, rates, strict=True):
            yield Rate(source, target, read_day(day), Decimal(rate), type_)
