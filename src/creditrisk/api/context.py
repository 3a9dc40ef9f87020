"""What the HTTP layer is given when it is built: use cases and ports, and a few options."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends
from starlette.requests import HTTPConnection

from creditrisk.application.accounts import CreditAccounts
from creditrisk.application.adjusting import LimitAdjustments
from creditrisk.application.behaviour import PaymentBehaviour
from creditrisk.application.calculations import Calculations
from creditrisk.application.check import CheckCredit
from creditrisk.application.companies import Companies
from creditrisk.application.customers import Customers, CustomerStatement
from creditrisk.application.decisions import DecisionLog
from creditrisk.application.entries import EntryStore
from creditrisk.application.exposures import Exposures
from creditrisk.application.hold_evaluation import HoldEvaluation
from creditrisk.application.holds import Holds
from creditrisk.application.idempotency import Idempotency
from creditrisk.application.import_credit import ImportCredit
from creditrisk.application.import_master_data import ImportMasterData
from creditrisk.application.imports import Imports
from creditrisk.application.ingest import ImportPapers, IngestPapers
from creditrisk.application.issued_keys import IssuedKeys
from creditrisk.application.kept_reports import KeptReports
from creditrisk.application.keys import KeyFinder
from creditrisk.application.limit_changes import LimitHistory
from creditrisk.application.manual_blocks import ManualBlockStore
from creditrisk.application.own_texts import OwnTextsOfCompanies
from creditrisk.application.policies import Policies
from creditrisk.application.policy_trial import PolicyTrials
from creditrisk.application.proposals import Proposals
from creditrisk.application.rates import Rates
from creditrisk.application.reference_data import ReferenceData
from creditrisk.application.release_requests import ReleaseRequests
from creditrisk.application.reservations import Reservations
from creditrisk.application.risk_scores import RiskScores
from creditrisk.application.rules import RuleReview
from creditrisk.application.snapshots import Snapshots
from creditrisk.telemetry.metrics import Metrics


class ReadinessProbe(Protocol):
    """Says whether the service can answer."""

    async def find_obstacle(self) -> str | None:
        """Return None when the database answers and has the schema revision this release needs.

        Otherwise a short reason for the operator, without addresses or credentials.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a route may call. One field for each use case or port; built by the composition root.

    ``remembered_keys`` may answer a key revoked meanwhile; it serves only routes that find that out by
    themselves (``requires(..., remembered=True)``).
    """

    keys: KeyFinder
    remembered_keys: KeyFinder
    readiness: ReadinessProbe
    idempotency: Idempotency
    issued_keys: IssuedKeys
    policies: Policies
    policy_trials: PolicyTrials
    reference_data: ReferenceData
    own_texts: OwnTextsOfCompanies
    rule_review: RuleReview
    rates: Rates
    companies: Companies
    checks: CheckCredit
    exposures: Exposures
    behaviour: PaymentBehaviour
    reports: KeptReports
    calculations: Calculations
    decisions: DecisionLog
    holds: Holds
    release_requests: ReleaseRequests
    hold_evaluation: HoldEvaluation
    reservations: Reservations
    papers: IngestPapers
    imports: Imports
    snapshots: Snapshots
    import_documents: ImportPapers
    import_ledger: ImportPapers
    import_customers: ImportMasterData[CustomerStatement]
    import_credit: ImportCredit
    customers: Customers
    accounts: CreditAccounts
    temporary_limits: EntryStore
    covers: EntryStore
    manual_blocks: ManualBlockStore
    limit_history: LimitHistory
    limit_adjustments: LimitAdjustments
    limit_proposals: Proposals
    risk_scores: RiskScores


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions:
    """How the HTTP layer behaves.

    ``max_body_bytes`` bounds a JSON body; streams of imports are not bounded by it.
    """

    version: str
    max_body_bytes: int = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiContext:
    """What ``create_app`` was given, kept on the application for its routes."""

    services: Services
    options: ApiOptions
    metrics: Metrics


def context_of(connection: HTTPConnection) -> ApiContext:
    """Return what the application serving this request was built with."""
    context: ApiContext = connection.scope["app"].context
    return context


async def _services(connection: HTTPConnection) -> Services:
    return context_of(connection).services


Use = Annotated[Services, Depends(_services)]
"""A route parameter ``use: Use`` receives the services."""
