"""Reference data: small coded lists that customers and papers name, such as document types or credit groups.

All kinds are kept and written alike. What an entry says is its kind's own business: the interface validates
it, and whoever acts on it knows its fields.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

from creditrisk.application.companies import EVERY_COMPANY, MAIN
from creditrisk.application.errors import Conflict, FieldError, InvalidRequest, NotFound
from creditrisk.application.keys import Principal
from creditrisk.domain.own_rules import InstalledKind
from creditrisk.domain.scoring import Range

LONGEST_REFUSAL: Final = 500
"""Characters told of why a kind of one's own does not accept values."""


class ReferenceKind(StrEnum):
    """The kinds of reference data."""

    DOCUMENT_TYPE = "document_type"
    PAYMENT_TERMS = "payment_terms"
    CASH_DISCOUNT = "cash_discount"
    CREDIT_GROUP = "credit_group"
    MANAGEMENT_GROUP = "management_group"
    ACCOUNT_STATUS = "account_status"
    REASON = "reason"
    OPERATOR = "operator"
    MESSAGE = "message"
    RULE = "rule"
    SCORING_GROUP = "scoring_group"
    RISK_GROUP = "risk_group"
    AUTOMATIC_LIMIT = "automatic_limit"
    RELEASE_STEP = "release_step"

    @property
    def by_company(self) -> bool:
        """Whether a company may have entries of its own, which then win over those of every company.

        The other kinds are named by customers or people, who are known by the same code in all companies.
        """
        return self in {
            ReferenceKind.DOCUMENT_TYPE,
            ReferenceKind.PAYMENT_TERMS,
            ReferenceKind.CASH_DISCOUNT,
            ReferenceKind.MESSAGE,
            ReferenceKind.RULE,
            ReferenceKind.RELEASE_STEP,
        }


class ReferenceKey(NamedTuple):
    """Where an entry is kept; ``company`` may be `EVERY_COMPANY`."""

    kind: ReferenceKind
    company: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceEntry:
    """One entry as stored. ``content`` has the wire's fields, those at their default left out."""

    company: str
    code: str
    content: Mapping[str, Any]
    updated_by: str | None
    updated_at: datetime


class Named(NamedTuple):
    """What a field of an entry names, and must be stored."""

    field: str
    kind: ReferenceKind | None
    """None: a customer."""
    code: str


class UnknownReference(Exception):
    """An entry names what is not stored, in these fields."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = tuple(fields)


Others = Callable[[Sequence[ReferenceEntry]], None]
"""Is shown the other entries of a kind before one is set, and raises what is wrong with it beside them."""


class ReferenceInUse(Exception):
    """An entry cannot be deleted because customers, limits or papers name it."""


class ReferenceStore(Protocol):
    """Keeps reference data. Every write raises the version of the tenant's configuration."""

    async def put(
        self,
        key: ReferenceKey,
        content: Mapping[str, Any],
        *,
        tenant: str,
        by: str,
        names: Sequence[Named] = (),
        others: Others | None = None,
    ) -> tuple[ReferenceEntry, bool]:
        """Set an entry; return it, and whether it is new.

        Raises:
            UnknownReference: something of ``names`` is not stored; nor is the entry then.
            Conflict: it is a credit group, and limits change by adjustments only.
            Whatever ``others`` raises.
        """

    async def find(self, keys: Sequence[ReferenceKey], *, tenant: str) -> ReferenceEntry | None:
        """Return the entry of the first of ``keys`` that is there."""

    async def list(
        self,
        kind: ReferenceKind,
        *,
        companies: frozenset[str] | None,
        tenant: str,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[ReferenceEntry]:
        """List entries of these companies (None: of all) by (code, company), beginning behind ``after``."""

    async def delete(self, key: ReferenceKey, *, tenant: str) -> bool:
        """Delete an entry; False where there was none.

        Raises:
            ReferenceInUse: something names it.
        """


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """Reads and sets reference data of every kind.

    Where a caller names no company, an entry of every company is meant; where there is none, that of `main`,
    which is the company of a caller who names none everywhere else.
    """

    store: ReferenceStore
    kinds: Mapping[str, InstalledKind]
    """Kinds of rules that packages offer."""

    async def put(
        self,
        kind: ReferenceKind,
        code: str,
        content: Mapping[str, Any],
        *,
        company: str | None,
        principal: Principal,
    ) -> tuple[ReferenceEntry, bool]:
        """Set an entry; return it, and whether it is new.

        Raises:
            InvalidRequest: it names what is not stored, is a risk group whose range meets another one's, or a
                rule of a kind that is not installed or refuses its values.
            Conflict: it is a credit group, and limits change by adjustments only.
        """
        if kind is ReferenceKind.RULE:
            _require_own_kind(content, self.kinds)
        key = ReferenceKey(kind, _kept_under(kind, company), code)
        try:
            return await self.store.put(
                key,
                content,
                tenant=principal.tenant,
                by=principal.author,
                names=tuple(_named_by(kind, content)),
                others=partial(_refuse_overlap, content) if kind is ReferenceKind.RISK_GROUP else None,
            )
        except UnknownReference as unknown:
            errors = [
                FieldError(f"/{field}", "unknown_reference", "names nothing that is stored")
                for field in unknown.fields
            ]
            raise InvalidRequest("The entry names what is not stored.", errors=errors) from None

    async def get(
        self, kind: ReferenceKind, code: str, *, company: str | None, principal: Principal
    ) -> ReferenceEntry:
        """Return the entry that applies in a company: its own, else that of every company.

        Raises:
            NotFound: there is neither within the key's reach.
        """
        candidates = _meant(kind, code, company=company, principal=principal)
        found = await self.store.find(candidates, tenant=principal.tenant)
        if found is None:
            raise NotFound("There is no such entry.")
        return found

    async def list(
        self,
        kind: ReferenceKind,
        *,
        companies: frozenset[str] | None,
        principal: Principal,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[ReferenceEntry]:
        """List the entries of ``companies`` (None: of all), and with them those of every company."""
        wanted = companies
        if not kind.by_company:
            wanted = None
        elif companies is not None:
            wanted = companies | {EVERY_COMPANY}
        return await self.store.list(
            kind, companies=wanted, tenant=principal.tenant, after=after, limit=limit
        )

    async def delete(
        self, kind: ReferenceKind, code: str, *, company: str | None, principal: Principal
    ) -> None:
        """Delete an entry: a company's own one if the caller names the company.

        Raises:
            NotFound: there is no such entry.
            Conflict: something names it.
        """
        # Naming a company never deletes what applies to the others, too.
        candidates = _meant(kind, code, company=company, principal=principal)
        if company is not None:
            candidates = candidates[:1]
        try:
            for key in candidates:
                if await self.store.delete(key, tenant=principal.tenant):
                    return
        except ReferenceInUse:
            raise Conflict("The entry is in use.", code="in_use") from None
        raise NotFound("There is no such entry.")


def _named_by(kind: ReferenceKind, content: Mapping[str, Any]) -> Iterator[Named]:
    """What an entry names: with a name misspelt it would never do anything."""
    if kind is ReferenceKind.RULE:
        yield from _named_by_rule(content)
    elif kind is ReferenceKind.AUTOMATIC_LIMIT:
        yield Named(ReferenceKind.RISK_GROUP, ReferenceKind.RISK_GROUP, content["risk_group"])
        for n, line in enumerate(content["lines"]):
            yield Named(f"lines/{n}/scoring_group", ReferenceKind.SCORING_GROUP, line["scoring_group"])


def _require_own_kind(content: Mapping[str, Any], kinds: Mapping[str, InstalledKind]) -> None:
    name = content.get("own_kind")
    if name is None:
        return
    if name not in kinds:
        complaint = FieldError("/own_kind", "unknown_kind", "must be a kind that an installed package offers")
        raise InvalidRequest("There is no such kind of rules.", errors=[complaint])
    try:
        kinds[name].make(content["values"])
    except Exception as refused:  # noqa: BLE001 - other people's code: whatever it raises, it does not accept them
        # What other errors say is not meant for whoever sets the rule, and may repeat what was sent.
        said = str(refused) if isinstance(refused, ValueError) else f"raised {type(refused).__name__}"
        complaint = FieldError("/values", "not_accepted", said[:LONGEST_REFUSAL])
        raise InvalidRequest("The kind does not accept these values.", errors=[complaint]) from None


def _named_by_rule(content: Mapping[str, Any]) -> Iterator[Named]:
    scope = content.get("scope", "all")
    if scope != "all":
        kind = ReferenceKind.MANAGEMENT_GROUP if scope == "group" else None
        yield Named("scope_id", kind, content["scope_id"])
    for kind in (ReferenceKind.ACCOUNT_STATUS, ReferenceKind.PAYMENT_TERMS):
        if kind in content:
            yield Named(kind, kind, content[kind])


def range_of(content: Mapping[str, Any]) -> Range:
    """The range of scores, or of figures, that an entry states as `from` and `to`."""
    low, high = content.get("from"), content.get("to")
    return Range(None if low is None else Decimal(low), None if high is None else Decimal(high))


def _refuse_overlap(content: Mapping[str, Any], others: Sequence[ReferenceEntry]) -> None:
    """A score belongs to one risk group at most."""
    own = range_of(content)
    met = [each.code for each in others if own.meets(range_of(each.content))]
    if met:
        complaint = FieldError("/from", "overlapping_range", f"overlaps the risk group {met[0]}")
        raise InvalidRequest("Ranges of risk groups must not overlap.", errors=[complaint])


def _kept_under(kind: ReferenceKind, company: str | None) -> str:
    return company if kind.by_company and company is not None else EVERY_COMPANY


def _meant(
    kind: ReferenceKind, code: str, *, company: str | None, principal: Principal
) -> Sequence[ReferenceKey]:
    if not kind.by_company:
        return [ReferenceKey(kind, EVERY_COMPANY, code)]
    order = (EVERY_COMPANY, MAIN) if company is None else (company, EVERY_COMPANY)
    reached = [each for each in order if each == EVERY_COMPANY or principal.may_use(each)]
    return [ReferenceKey(kind, each, code) for each in reached]
