"""The composition root of the service: use cases on top of adapters, for the HTTP layer to call."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

import uuid_utils
from uuid_utils.compat import uuid7

from creditrisk.adapters import clock
from creditrisk.adapters.helper_processes import HelperProcesses
from creditrisk.adapters.own_rule_kinds import installed_kinds
from creditrisk.adapters.postgres.account_directory import PostgresAccountDirectory
from creditrisk.adapters.postgres.accounts import PostgresAccountStore
from creditrisk.adapters.postgres.adjustment_posting import AdjustmentPosting
from creditrisk.adapters.postgres.adjustments import PostgresJournalStore
from creditrisk.adapters.postgres.all_or_nothing import PostgresAllOrNothing
from creditrisk.adapters.postgres.calculations import PostgresCalculationStore
from creditrisk.adapters.postgres.companies import PostgresCompanyStore
from creditrisk.adapters.postgres.configuration import PostgresConfigurationReader
from creditrisk.adapters.postgres.customers import PostgresCustomerStore, put_customers
from creditrisk.adapters.postgres.decisions import PostgresDecisionLog
from creditrisk.adapters.postgres.engine import ConnectionLimits, Database, open_database
from creditrisk.adapters.postgres.entries import PostgresManualBlockStore, covers
from creditrisk.adapters.postgres.facts import PostgresFactsReader
from creditrisk.adapters.postgres.held_checks import PostgresHeldChecks
from creditrisk.adapters.postgres.history import PostgresHistoryReader
from creditrisk.adapters.postgres.holds import PostgresHoldStore
from creditrisk.adapters.postgres.imports import PostgresImportJournal
from creditrisk.adapters.postgres.kept_answers import PostgresAnswerStore
from creditrisk.adapters.postgres.kept_reports import PostgresReportStore
from creditrisk.adapters.postgres.keys import PostgresKeyFinder
from creditrisk.adapters.postgres.limit_changes import CompanyPolicies, PostgresLimitHistory
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.policies import PostgresPolicyStore
from creditrisk.adapters.postgres.policy_trial import PostgresOpenDocuments, PostgresSupposedFacts
from creditrisk.adapters.postgres.proposals import PostgresProposalReader
from creditrisk.adapters.postgres.rates import PostgresRateStore
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.readiness import PostgresReadiness
from creditrisk.adapters.postgres.reference_data import PostgresReferenceStore
from creditrisk.adapters.postgres.release_requests import PostgresReleaseRequests
from creditrisk.adapters.postgres.remembered_facts import RememberedFacts
from creditrisk.adapters.postgres.reservations import PostgresReservationStore
from creditrisk.adapters.postgres.reserving import PostgresReservationBook
from creditrisk.adapters.postgres.risk_scores import PostgresScoreStore
from creditrisk.adapters.postgres.snapshots import PostgresSnapshotStore
from creditrisk.adapters.postgres.temporary_limits import PostgresTemporaryLimitStore
from creditrisk.api.check import check_as_asked, check_with_day
from creditrisk.api.context import Services
from creditrisk.application.accounts import CreditAccounts
from creditrisk.application.adjusting import LimitAdjustments
from creditrisk.application.behaviour import PaymentBehaviour
from creditrisk.application.calculations import Calculations
from creditrisk.application.check import CheckCredit
from creditrisk.application.companies import Companies
from creditrisk.application.configuration import Configurations
from creditrisk.application.customers import Customers, CustomerStatement
from creditrisk.application.exposure_report import ExposureReport
from creditrisk.application.exposures import Exposures
from creditrisk.application.hold_evaluation import HoldEvaluation
from creditrisk.application.holds import Holds
from creditrisk.application.idempotency import Idempotency
from creditrisk.application.import_credit import ImportCredit
from creditrisk.application.import_master_data import ImportMasterData
from creditrisk.application.imports import Imports
from creditrisk.application.ingest import ImportPapers, IngestPapers
from creditrisk.application.kept_reports import KeptReports
from creditrisk.application.own_texts import OwnTextsOfCompanies
from creditrisk.application.policies import Policies
from creditrisk.application.policy_trial import PolicyTrials
from creditrisk.application.proposals import Proposals
from creditrisk.application.rates import Rates
from creditrisk.application.reference_data import ReferenceData
from creditrisk.application.release_requests import ReleaseRequests
from creditrisk.application.release_steps import ReleaseSteps
from creditrisk.application.remembered_keys import RememberedKeys
from creditrisk.application.reservations import Reservations
from creditrisk.application.risk_scores import RiskScores
from creditrisk.application.rules import RuleReview
from creditrisk.application.snapshots import Snapshots
from creditrisk.application.tried_checks import TriedChecks
from creditrisk.bootstrap.database import issued_keys
from creditrisk.bootstrap.starting import collect_rarely
from creditrisk.locale.languages import read_languages
from creditrisk.presets.loader import Preset, load_presets

_HELPERS_MAX: Final = 2
"""Processes that read snapshots; each takes some 60 MB while one runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Everything behind the HTTP layer, over one database. Use it while it is `opened`."""

    database: Database
    reads: ReadPool
    decisions: PostgresDecisionLog
    answers: PostgresAnswerStore
    reservations: PostgresReservationStore
    services: Services

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Hold the connections open and keep decisions flowing; at the end everything buffered is written.

        Raises:
            UnsuitableDatabase: the server is too old, or our role there is not bound by row-level security.
        """
        await self.database.check()
        await self.decisions.prepare()
        await self.reads.open()
        running = (
            asyncio.create_task(self.decisions.keep_flushing()),
            asyncio.create_task(self.answers.keep_sweeping()),
            asyncio.create_task(self.reservations.keep_sweeping()),
        )
        read_languages()
        spare_collections()
        try:
            yield
        finally:
            for task in running:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await self.decisions.flush()
            await self.reads.close()
            await self.database.close()


def spare_collections() -> None:
    """Let the garbage collector look at less, and less often.

    What start-up made lives as long as the process: collections need not look at it again. A request makes
    some hundreds of objects, nearly none of them in a cycle, and what is remembered of accounts stays for
    long: at Python's own thresholds a tenth of a check went into looking at both in vain.
    """
    gc.collect()
    gc.freeze()
    collect_rarely()


def build_backend(url: str, *, limits: ConnectionLimits, spare_processor: bool = False) -> Backend:
    """Put use cases on top of adapters; nothing connects yet.

    With a ``spare_processor`` the process need not wait for what it asks the database: both work at a time.
    """
    database = open_database(url, limits=limits)
    reads = ReadPool(url, limits=limits, database=database)
    holds = PostgresHoldStore(database, uuid7)
    remembered = RememberedFacts()
    stores = _Stores(
        reads=reads,
        facts=PostgresFactsReader(reads, remembered, spare_processor=spare_processor),
        book=PostgresReservationBook(database, remembered, new_id=uuid7),
        decisions=PostgresDecisionLog(database, reads),
        answers=PostgresAnswerStore(database),
        holds=holds,
        reservations=PostgresReservationStore(database, reads),
    )
    return Backend(
        database=database,
        reads=reads,
        decisions=stores.decisions,
        answers=stores.answers,
        reservations=stores.reservations,
        services=_services(database, stores, limits=limits),
    )


class _Stores(NamedTuple):
    """What use cases and the backend share."""

    reads: ReadPool
    facts: PostgresFactsReader
    book: PostgresReservationBook
    decisions: PostgresDecisionLog
    answers: PostgresAnswerStore
    holds: PostgresHoldStore
    reservations: PostgresReservationStore


def _checks(stores: _Stores, configurations: Configurations) -> CheckCredit:
    return CheckCredit(
        facts=stores.facts,
        configurations=configurations,
        decisions=stores.decisions,
        holds=stores.holds,
        reservations=stores.book,
        new_id=uuid7,
        new_decision_id=lambda: str(uuid_utils.uuid7()),
    )


def _ingest(stores: _Stores, papers: PostgresPaperStore, checks: CheckCredit) -> IngestPapers:
    return IngestPapers(
        papers=papers,
        limits=checks,
        checks=stores.decisions,
        reservations=stores.reservations,
        now=clock.now,
    )


def _policy_trials(
    database: Database, stores: _Stores, configurations: Configurations, presets: Mapping[str, Preset]
) -> PolicyTrials:
    return PolicyTrials(
        configurations=configurations,
        presets=presets,
        facts=PostgresSupposedFacts(database, stores.facts),
        checks=TriedChecks(stores.decisions, PostgresOpenDocuments(database), check_with_day),
    )


def _snapshots(database: Database, journal: PostgresImportJournal) -> Snapshots:
    return Snapshots(
        store=PostgresSnapshotStore(database),
        journal=journal,
        helpers=HelperProcesses(most=_HELPERS_MAX),
        new_id=uuid7,
        now=clock.now,
    )


def _import_customers(
    database: Database, customers: PostgresCustomerStore
) -> ImportMasterData[CustomerStatement]:
    return ImportMasterData(
        name="customers", many=customers, whole=PostgresAllOrNothing(database, put_customers)
    )


def _import_credit(database: Database, accounts: PostgresAccountStore, checks: CheckCredit) -> ImportCredit:
    whole = PostgresAllOrNothing(database, accounts.put_within)
    return ImportCredit(many=accounts, whole=whole, checks=checks)


def _proposals(
    database: Database,
    accounts: PostgresAccountStore,
    policies: CompanyPolicies,
    *,
    checks: CheckCredit,
    configurations: Configurations,
) -> Proposals:
    store = PostgresJournalStore(database, AdjustmentPosting(accounts, policies))
    return Proposals(
        adjustments=LimitAdjustments(store=store, checks=checks),
        reader=PostgresProposalReader(database),
        configurations=configurations,
    )


def _reports(
    database: Database, checks: CheckCredit, histories: PostgresHistoryReader, *, at_once: int
) -> KeptReports:
    live = ExposureReport(checks=checks, histories=histories, accounts=PostgresAccountDirectory(database))
    return KeptReports(live, PostgresReportStore(database), uuid7, asyncio.Semaphore(at_once))


def _release_requests(database: Database, stores: _Stores, holds: Holds) -> ReleaseRequests:
    return ReleaseRequests(holds, PostgresReleaseRequests(database, stores.holds, uuid7), clock.now)


def _lasting(limits: ConnectionLimits) -> int:
    """How many of those who keep a connection for minutes may run at once; others need some, too."""
    return max(1, limits.write_connections // 4)


def _services(database: Database, stores: _Stores, *, limits: ConnectionLimits) -> Services:
    papers = PostgresPaperStore(database)
    presets, kinds = load_presets(), installed_kinds()
    company_policies = CompanyPolicies(presets)
    customers, accounts = PostgresCustomerStore(database), PostgresAccountStore(database, company_policies)
    journal, keys = PostgresImportJournal(database), PostgresKeyFinder(stores.reads)
    entries = PostgresReferenceStore(database, company_policies)
    reference_data = ReferenceData(store=entries, kinds=kinds)
    own_texts = OwnTextsOfCompanies(reference_data)
    configurations = Configurations(PostgresConfigurationReader(stores.reads), presets, kinds)
    holds = Holds(stores.holds, own_texts, ReleaseSteps(entries, configurations, clock.now))
    checks = _checks(stores, configurations)
    histories, exposures = PostgresHistoryReader(database), Exposures(checks=checks, papers=papers)
    calculations = PostgresCalculationStore(database)
    credit_accounts = CreditAccounts(store=accounts, checks=checks)
    proposals = _proposals(database, accounts, company_policies, checks=checks, configurations=configurations)
    return Services(
        keys=keys,
        remembered_keys=RememberedKeys(keys),
        readiness=PostgresReadiness(database),
        # A stream under a key takes a second connection for its chunks.
        idempotency=Idempotency(stores.answers, streams=_lasting(limits)),
        checks=checks,
        exposures=exposures,
        behaviour=PaymentBehaviour(
            checks=checks, histories=histories, accounts=credit_accounts, utilisations=calculations
        ),
        reports=_reports(database, checks, histories, at_once=_lasting(limits)),
        calculations=Calculations(exposures, calculations, uuid7),
        decisions=stores.decisions,
        holds=holds,
        release_requests=_release_requests(database, stores, holds),
        hold_evaluation=HoldEvaluation(PostgresHeldChecks(database), checks, check_as_asked),
        reservations=Reservations(stores.reservations),
        papers=_ingest(stores, papers, checks),
        imports=Imports(journal=journal, new_id=uuid7, apart=database.apart),
        snapshots=_snapshots(database, journal),
        import_documents=ImportPapers(name="documents", papers=papers, now=clock.now),
        import_ledger=ImportPapers(name="ledger", papers=papers, now=clock.now),
        import_customers=_import_customers(database, customers),
        import_credit=_import_credit(database, accounts, checks),
        issued_keys=issued_keys(database),
        policies=Policies(store=PostgresPolicyStore(database), presets=presets),
        policy_trials=_policy_trials(database, stores, configurations, presets),
        reference_data=reference_data,
        own_texts=own_texts,
        rule_review=RuleReview(configurations),
        rates=Rates(store=PostgresRateStore(database)),
        companies=Companies(store=PostgresCompanyStore(database)),
        customers=Customers(store=customers),
        accounts=credit_accounts,
        temporary_limits=PostgresTemporaryLimitStore(database, company_policies),
        covers=covers(database),
        manual_blocks=PostgresManualBlockStore(database),
        limit_history=PostgresLimitHistory(database),
        limit_adjustments=proposals.adjustments,
        limit_proposals=proposals,
        risk_scores=RiskScores(checks=checks, histories=histories, store=PostgresScoreStore(database)),
    )
