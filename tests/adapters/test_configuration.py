import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres.configuration import PostgresConfigurationReader
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.limit_changes import CompanyPolicies
from creditrisk.adapters.postgres.policies import PostgresPolicyStore
from creditrisk.adapters.postgres.rates import PostgresRateStore
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.reference_data import PostgresReferenceStore
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.configuration import Configurations, StoredConfiguration
from creditrisk.application.errors import PreconditionFailed, PreconditionRequired
from creditrisk.application.policies import StoredPolicy, UnknownTimeZone
from creditrisk.application.preconditions import Precondition
from creditrisk.application.reference_data import ReferenceKey, ReferenceKind
from creditrisk.domain.account import AccountStatus, Rank
from creditrisk.domain.policy import DocumentType, Policy, compile_policy
from creditrisk.domain.rates import Rate
from creditrisk.presets.loader import load_presets
from tests.builders import block

STANDARD = compile_policy({}, {})


@pytest.fixture
def reader(pool: ReadPool) -> PostgresConfigurationReader:
    return PostgresConfigurationReader(pool)


async def set_policy(
    database: Database,
    tenant: str,
    *,
    company: str = "main",
    overrides: dict[str, Any] | None = None,
    policy: Policy = STANDARD,
    precondition: Precondition | None = None,
) -> StoredPolicy:
    return await PostgresPolicyStore(database).replace(
        tenant=tenant,
        company=company,
        preset="standard",
        overrides=overrides or {},
        policy=policy,
        precondition=precondition or Precondition(any_version=True),
        by="Anna",
    )


async def set_entry(
    database: Database, tenant: str, key: tuple[ReferenceKind, str, str], **content: Any
) -> None:
    await PostgresReferenceStore(database, CompanyPolicies(load_presets())).put(
        ReferenceKey(*key), content, tenant=tenant, by="Anna"
    )


def rate(
    rate_text: str, *, day: int = 1, source: str = "USD", target: str = "EUR", type: str = "default"
) -> Rate:
    return Rate(source, target, date(2026, 11, day), Decimal(rate_text), type)


async def test_a_company_nobody_configured_has_nothing_but_a_version(
    reader: PostgresConfigurationReader, tenant: str
) -> None:
    assert await reader.load(tenant=tenant, company="main") == StoredConfiguration(
        config_version=1,
        preset=None,
        overrides={},
        policy_version=0,
        document_types={},
        payment_terms={},
        cash_discounts={},
        account_statuses={},
        rules=[],
        rates=(),
        texts={},
    )


async def test_everything_a_check_is_decided_by_is_loaded_at_once(
    database: Database, reader: PostgresConfigurationReader, tenant: str
) -> None:
    await set_policy(database, tenant, overrides={"warn_percent": None})
    await set_entry(database, tenant, (ReferenceKind.DOCUMENT_TYPE, "", "STD"))
    await set_entry(
        database, tenant, (ReferenceKind.DOCUMENT_TYPE, "", "FREE"), credit=False, exclude_block=True
    )
    await set_entry(database, tenant, (ReferenceKind.PAYMENT_TERMS, "", "N60"), rank=60)
    await set_entry(database, tenant, (ReferenceKind.CASH_DISCOUNT, "", "2-10"))
    await set_entry(
        database, tenant, (ReferenceKind.ACCOUNT_STATUS, "", "COURT"), effect="all", kinds=["order"]
    )
    await set_entry(database, tenant, (ReferenceKind.REASON, "", "R"), type="hold")
    await set_entry(
        database,
        tenant,
        (ReferenceKind.MESSAGE, "", "CASH_ONLY it"),
        code="CASH_ONLY",
        language="it",
        text="Contanti.",
    )
    await set_entry(
        database, tenant, (ReferenceKind.MESSAGE, "", "CASH_ONLY"), code="CASH_ONLY", text="Cash."
    )
    await set_entry(
        database,
        tenant,
        (ReferenceKind.RULE, "", "R-1"),
        kind="overdue_amount",
        type="blocking",
        amount={"amount": "3000.00", "currency": "EUR"},
        percent="70",
        active=False,
    )
    await PostgresRateStore(database).put([rate("0.50"), rate("0.6", day=2)], tenant=tenant, company="")

    loaded = await reader.load(tenant=tenant, company="main")

    assert (loaded.preset, loaded.overrides, loaded.policy_version) == ("standard", {"warn_percent": None}, 1)
    assert loaded.config_version == 12  # one for each write above
    assert loaded.document_types == {
        "STD": DocumentType(credit=True, exclude_block=False),
        "FREE": DocumentType(credit=False, exclude_block=True),
    }
    assert loaded.payment_terms == {"N60": Rank(code="N60", rank=Decimal(60))}
    assert loaded.cash_discounts == {"2-10": Rank(code="2-10", rank=None)}
    court = AccountStatus(code="COURT", effect="all", kinds=frozenset({"order"}), on="block")
    assert loaded.account_statuses == {"COURT": court}
    assert loaded.rules == [block("overdue_amount", amount="3000.00", percent="70", active=False)]
    assert loaded.rates == (rate("0.50"), rate("0.6", day=2))
    assert loaded.texts == {("CASH_ONLY", "it"): "Contanti.", ("CASH_ONLY", ""): "Cash."}


async def test_a_companys_own_entry_wins_whichever_came_first(
    database: Database, reader: PostgresConfigurationReader, tenant: str
) -> None:
    await set_entry(database, tenant, (ReferenceKind.PAYMENT_TERMS, "north", "N60"), rank=1)
    await set_entry(database, tenant, (ReferenceKind.PAYMENT_TERMS, EVERY_COMPANY, "N60"), rank=60)

    ranks = {
        company: (await reader.load(tenant=tenant, company=company)).payment_terms["N60"].rank
        for company in ("north", "south")
    }
    assert ranks == {"north": 1, "south": 60}


async def test_a_companys_own_rates_win_by_type_and_pair(
    database: Database, reader: PostgresConfigurationReader, tenant: str
) -> None:
    every = [rate("0.1", day=9), rate("0.2", type="sale"), rate("0.3", source="CZK")]
    await PostgresRateStore(database).put(every, tenant=tenant, company=EVERY_COMPANY)
    own = rate("0.9", day=1)
    await PostgresRateStore(database).put([own], tenant=tenant, company="north")

    north = await reader.load(tenant=tenant, company="north")
    south = await reader.load(tenant=tenant, company="south")

    assert set(north.rates) == {own, *every[1:]}
    assert set(south.rates) == set(every)


async def test_another_tenants_configuration_is_not_loaded(
    database: Database, reader: PostgresConfigurationReader, tenant: str
) -> None:
    await set_policy(database, "another", overrides={"warn_percent": None})
    await set_entry(database, "another", (ReferenceKind.DOCUMENT_TYPE, "", "STD"))
    await PostgresRateStore(database).put([rate("0.1")], tenant="another", company="")

    loaded = await reader.load(tenant=tenant, company="main")

    assert (loaded.config_version, loaded.preset, loaded.document_types, loaded.rates) == (1, None, {}, ())


async def test_every_write_of_configuration_raises_its_version(
    database: Database, reader: PostgresConfigurationReader, tenant: str
) -> None:
    async def version() -> int:
        return (await reader.load(tenant=tenant, company="main")).config_version

    key = ReferenceKey(ReferenceKind.DOCUMENT_TYPE, "", "STD")
    await set_policy(database, tenant, company="north")
    assert await version() == 2
    await set_entry(database, tenant, key)
    assert await version() == 3
    await PostgresReferenceStore(database, CompanyPolicies(load_presets())).delete(key, tenant=tenant)
    assert await version() == 4
    await PostgresRateStore(database).put([rate("0.1")], tenant=tenant, company="")
    assert await version() == 5


async def test_a_compiled_configuration_is_used_until_its_version_is_raised(
    database: Database, reader: PostgresConfigurationReader, tenant: str
) -> None:
    configurations = Configurations(reader, load_presets(), {})
    await set_policy(database, tenant, overrides={"max_days_overdue": 30})

    first = await configurations.at(tenant=tenant, company="main", version=2)
    await set_policy(database, tenant, overrides={"max_days_overdue": 60})
    second = await configurations.at(tenant=tenant, company="main", version=3)

    assert first is not None
    assert second is not None
    assert (first.policy.max_days_overdue, second.policy.max_days_overdue) == (30, 60)
    assert (first.version, second.version) == (1, 2)


async def test_what_the_hot_read_needs_of_a_policy_is_kept_on_the_company(
    database: Database, tenant: str
) -> None:
    overrides = {"grouping": "credit_group", "time_zone": "Europe/Prague", "currency": "CZK"}
    await set_policy(database, tenant, overrides=overrides, policy=compile_policy({}, overrides))

    async with database.transaction(tenant) as connection:
        row = (await connection.execute(sa.text("SELECT grouping, time_zone, currency FROM company"))).one()
    assert tuple(row) == ("credit_group", "Europe/Prague", "CZK")


async def test_a_time_zone_the_database_does_not_know_is_not_stored(
    database: Database, reader: PostgresConfigurationReader, tenant: str
) -> None:
    with pytest.raises(UnknownTimeZone):
        await set_policy(database, tenant, policy=replace(STANDARD, time_zone="Europe/Atlantis"))

    loaded = await reader.load(tenant=tenant, company="main")
    assert (loaded.config_version, loaded.preset) == (1, None)


async def test_of_several_who_have_seen_the_same_policy_one_replaces_it(
    database: Database, tenant: str
) -> None:
    seen = Precondition(frozenset({"0"}))

    results = await asyncio.gather(
        *(set_policy(database, tenant, precondition=seen) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(result, StoredPolicy) for result in results) == 1
    assert sum(isinstance(result, PreconditionFailed) for result in results) == 7


async def test_of_several_first_policies_without_a_version_one_is_first(
    database: Database, tenant: str
) -> None:
    results = await asyncio.gather(
        *(set_policy(database, tenant, precondition=Precondition()) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(result, StoredPolicy) for result in results) == 1
    assert sum(isinstance(result, PreconditionRequired) for result in results) == 7


async def test_batches_of_the_same_rates_in_any_order_do_not_block_each_other(
    database: Database, reader: PostgresConfigurationReader, tenant: str
) -> None:
    batch = [rate(f"0.{day}", day=day) for day in range(1, 29)]
    store = PostgresRateStore(database)

    await asyncio.gather(*(store.put(batch[:: (-1) ** turn], tenant=tenant, company="") for turn in range(8)))

    assert list((await reader.load(tenant=tenant, company="main")).rates) == batch
