"""Reference data: thirteen resources that differ in their fields alone, so one set of routes serves all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response, status

from creditrisk.api import automatic_limit_fields, release_step_fields, rule_fields, scoring_fields
from creditrisk.api import reference_fields as fields
from creditrisk.api.auth import requires
from creditrisk.api.company import (
    CompanyQuery,
    choose_companies,
    choose_company_or_every,
)
from creditrisk.api.context import Use
from creditrisk.api.master_data import content_of
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.rules import RuleSavedAnswer, saved_rule
from creditrisk.api.wire import PathId, WireModel
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.errors import InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.application.reference_data import ReferenceEntry, ReferenceKind

Body = fields.ByCompanyBody | fields.TenantWideBody
Caller = Annotated[Principal, requires("policy")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resource:
    """One kind of reference data over HTTP."""

    kind: ReferenceKind
    path: str
    plural: str
    body: type[Body]
    answer: type[fields.StoredCode | fields.StoredId]
    page: type[WireModel]
    saved: type[fields.Stored] | None = None
    """What setting an entry is answered with, where that is more than the entry."""

    def render(self, entry: ReferenceEntry) -> fields.Stored:
        """Write an entry; what the content leaves out takes its default."""
        name = "code" if issubclass(self.answer, fields.StoredCode) else "id"
        stored = {
            name: entry.code,
            "company": None if entry.company == EVERY_COMPANY else entry.company,
            "updated_by": entry.updated_by,
            "updated_at": entry.updated_at,
        }
        return self.answer.model_validate({**entry.content, **stored})

    def company(self, caller: Principal, *, query: str | None, body: str | None = None) -> str | None:
        """Return the company whose entry is written, None for an entry of every company.

        A key limited to companies changes only what is theirs.
        """
        if self.kind.by_company:
            return choose_company_or_every(caller, query=query, body=body)
        return choose_company_or_every(caller, query=None)


_RESOURCES: Final = (
    _Resource(
        kind=ReferenceKind.DOCUMENT_TYPE,
        path="document-types",
        plural="document_types",
        body=fields.DocumentTypeBody,
        answer=fields.DocumentTypeAnswer,
        page=Page[fields.DocumentTypeAnswer],
    ),
    _Resource(
        kind=ReferenceKind.PAYMENT_TERMS,
        path="payment-terms",
        plural="all_payment_terms",
        body=fields.PaymentTermsBody,
        answer=fields.PaymentTermsAnswer,
        page=Page[fields.PaymentTermsAnswer],
    ),
    _Resource(
        kind=ReferenceKind.CASH_DISCOUNT,
        path="cash-discounts",
        plural="cash_discounts",
        body=fields.CashDiscountBody,
        answer=fields.CashDiscountAnswer,
        page=Page[fields.CashDiscountAnswer],
    ),
    _Resource(
        kind=ReferenceKind.CREDIT_GROUP,
        path="credit-groups",
        plural="credit_groups",
        body=fields.CreditGroupBody,
        answer=fields.CreditGroupAnswer,
        page=Page[fields.CreditGroupAnswer],
    ),
    _Resource(
        kind=ReferenceKind.MANAGEMENT_GROUP,
        path="management-groups",
        plural="management_groups",
        body=fields.ManagementGroupBody,
        answer=fields.ManagementGroupAnswer,
        page=Page[fields.ManagementGroupAnswer],
    ),
    _Resource(
        kind=ReferenceKind.ACCOUNT_STATUS,
        path="account-statuses",
        plural="account_statuses",
        body=fields.AccountStatusBody,
        answer=fields.AccountStatusAnswer,
        page=Page[fields.AccountStatusAnswer],
    ),
    _Resource(
        kind=ReferenceKind.REASON,
        path="reasons",
        plural="reasons",
        body=fields.ReasonBody,
        answer=fields.ReasonAnswer,
        page=Page[fields.ReasonAnswer],
    ),
    _Resource(
        kind=ReferenceKind.OPERATOR,
        path="operators",
        plural="operators",
        body=fields.OperatorBody,
        answer=fields.OperatorAnswer,
        page=Page[fields.OperatorAnswer],
    ),
    _Resource(
        kind=ReferenceKind.RULE,
        path="rules",
        plural="rules",
        body=rule_fields.RuleBody,
        answer=rule_fields.RuleAnswer,
        page=Page[rule_fields.RuleAnswer],
        saved=RuleSavedAnswer,
    ),
    _Resource(
        kind=ReferenceKind.RELEASE_STEP,
        path="release-steps",
        plural="release_steps",
        body=release_step_fields.ReleaseStepBody,
        answer=release_step_fields.ReleaseStepAnswer,
        page=Page[release_step_fields.ReleaseStepAnswer],
    ),
    _Resource(
        kind=ReferenceKind.SCORING_GROUP,
        path="scoring-groups",
        plural="scoring_groups",
        body=scoring_fields.ScoringGroupBody,
        answer=scoring_fields.ScoringGroupAnswer,
        page=Page[scoring_fields.ScoringGroupAnswer],
    ),
    _Resource(
        kind=ReferenceKind.RISK_GROUP,
        path="risk-groups",
        plural="risk_groups",
        body=scoring_fields.RiskGroupBody,
        answer=scoring_fields.RiskGroupAnswer,
        page=Page[scoring_fields.RiskGroupAnswer],
    ),
    _Resource(
        kind=ReferenceKind.AUTOMATIC_LIMIT,
        path="automatic-limits",
        plural="automatic_limits",
        body=automatic_limit_fields.AutomaticLimitBody,
        answer=automatic_limit_fields.AutomaticLimitAnswer,
        page=Page[automatic_limit_fields.AutomaticLimitAnswer],
    ),
)


def _putting(resource: _Resource) -> Callable[..., Any]:
    async def put(
        *, id: PathId, body: Body, caller: Caller, use: Use, response: Response, company: CompanyQuery = None
    ) -> fields.Stored:
        """Set one entry; the answer is 201 where it is new. Checks use it from their next read on."""
        complaints = body.complaints()
        if complaints:
            raise InvalidRequest("Entries do not go together.", errors=complaints)
        entry, is_new = await use.reference_data.put(
            resource.kind,
            id,
            content_of(body),
            company=resource.company(caller, query=company, body=body.company),
            principal=caller,
        )
        if is_new:
            response.status_code = status.HTTP_201_CREATED
        stored = resource.render(entry)
        if isinstance(stored, rule_fields.RuleAnswer):
            return await saved_rule(stored, use=use, caller=caller)
        return stored

    # FastAPI reads the body's model from here.
    put.__annotations__["body"] = resource.body
    return put


def _getting(resource: _Resource) -> Callable[..., Any]:
    async def get(id: PathId, caller: Caller, use: Use, company: CompanyQuery = None) -> fields.Stored:
        """Read one entry: a company's own, else that of every company."""
        if company is not None and resource.kind.by_company:
            caller.require_company(company)
        return resource.render(
            await use.reference_data.get(resource.kind, id, company=company, principal=caller)
        )

    return get


def _listing(resource: _Resource) -> Callable[..., Any]:
    async def list_entries(
        caller: Caller,
        use: Use,
        page: Annotated[PageRequest, paged(str, str)],
        company: CompanyQuery = None,
    ) -> Page[fields.Stored]:
        """List entries by code; with a company its own and those of every company."""
        by_company = resource.kind.by_company
        after = None if page.after is None else (str(page.after[0]), str(page.after[1]))
        entries = await use.reference_data.list(
            resource.kind,
            companies=choose_companies(caller, query=company) if by_company else None,
            principal=caller,
            after=after,
            limit=page.limit + 1,
        )
        return page.page(entries, key=lambda entry: (entry.code, entry.company), render=resource.render)

    return list_entries


def _deleting(resource: _Resource) -> Callable[..., Any]:
    async def delete(id: PathId, caller: Caller, use: Use, company: CompanyQuery = None) -> Response:
        """Delete one entry, unless something names it."""
        await use.reference_data.delete(
            resource.kind, id, company=resource.company(caller, query=company), principal=caller
        )
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    return delete


def _router(resource: _Resource) -> APIRouter:
    router = resource_router(prefix=f"/v1/{resource.path}", tag="reference data")
    one = resource.kind.value
    created: dict[int | str, dict[str, Any]] = {
        201: {"model": resource.saved or resource.answer, "description": "Created"}
    }
    if resource.kind is ReferenceKind.CREDIT_GROUP:  # its limit may be left to adjustments
        created |= documented(409)
    router.add_api_route(
        "/{id}",
        _putting(resource),
        methods=["PUT"],
        name=f"put_{one}",
        response_model=resource.saved or resource.answer,
        responses=created,
    )
    router.add_api_route(
        "/{id}", _getting(resource), methods=["GET"], name=f"get_{one}", response_model=resource.answer
    )
    router.add_api_route(
        "", _listing(resource), methods=["GET"], name=f"list_{resource.plural}", response_model=resource.page
    )
    router.add_api_route(
        "/{id}",
        _deleting(resource),
        methods=["DELETE"],
        name=f"delete_{one}",
        status_code=status.HTTP_204_NO_CONTENT,
        responses=documented(409),
    )
    return router


routers: Final = tuple(_router(resource) for resource in _RESOURCES)
"""The routers of the thirteen resources."""
