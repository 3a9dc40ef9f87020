"""The objects inside a policy: parameters that belong together, each declared once."""

from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from creditrisk.domain.papers import Kind
from creditrisk.domain.parameter_shapes import ListOf, Maybe
from creditrisk.domain.parameter_values import AMOUNT, DAYS, SWITCH, TEXT, Choice
from creditrisk.domain.parameters import Refused, parameter, record

Control = Literal["block", "monitor", "off"]
OrderAmount = Literal["open", "total"]
Step = Literal["allowed", "refused"]
Printing = Literal["allowed", "unmarked", "refused"]
GroupingKind = Literal["own", "all_companies", "head_account", "credit_group", "company_id", "relation"]

CHECKPOINTS = ("save", "confirm", "pick", "ship", "invoice", "print")
"""The steps of a document at which a caller may ask, in the order in which they happen."""


def choice(literal: object) -> Choice:
    """The words of a `Literal` as accepted values."""
    return Choice(get_args(literal))


KINDS = Choice(tuple(kind.value for kind in Kind))

_RELATION = "relation:"
_SIMPLE = tuple(kind for kind in get_args(GroupingKind) if kind != "relation")


class InvalidGrouping(ValueError):
    """A text that names no grouping."""


class Grouping(NamedTuple):
    """Which accounts are judged together (F15, M38, C14, C15)."""

    kind: GroupingKind
    relation: str | None = None
    """The name of the relation where `kind` is `relation`, else None."""

    @classmethod
    def parse(cls, text: str) -> "Grouping":
        """Read `own`, `all_companies`, `head_account`, `credit_group`, `company_id` or `relation:<name>`.

        Raises:
            InvalidGrouping: the text is none of them, or the relation has no proper name.
        """
        for kind in get_args(GroupingKind):
            if kind in _SIMPLE and kind == text:
                return cls(kind)
        if not text.startswith(_RELATION):
            raise InvalidGrouping(GROUPING.accepts)
        try:
            return cls("relation", TEXT.read(text.removeprefix(_RELATION)))
        except Refused as refused:
            raise InvalidGrouping(refused.detail) from None


class GroupingValue:
    """The text of a grouping."""

    accepts = " | ".join(f"`{kind}`" for kind in _SIMPLE) + " | `relation:<name>`"

    def read(self, stated: object, **_: object) -> str:
        """Read a text that names a grouping."""
        if not isinstance(stated, str):
            raise Refused("wrong_type", "must be a text")
        try:
            grouping = Grouping.parse(stated)
        except InvalidGrouping:
            raise Refused("invalid_value", f"must be {self.accepts}") from None
        return grouping.kind if grouping.relation is None else _RELATION + grouping.relation

    def write(self, value: str) -> str:
        """Give it back."""
        return value


GROUPING = GroupingValue()


@record
class DocumentParameters:
    """What a document must be before it counts."""

    require_printed: bool = parameter(
        SWITCH, "Only printed papers count.", standard=False, source="F3, F4, F5"
    )
    require_confirmed: bool = parameter(
        SWITCH, "Only confirmed (executed) papers count.", standard=False, source="F3, C1"
    )


@record
class OrderParameters(DocumentParameters):
    """What an order must be before it counts, and with which amount."""

    count_force_fulfilled: bool = parameter(
        SWITCH,
        "Orders closed by force count, although the rest will never be delivered.",
        standard=False,
        source="F3",
    )
    amount: OrderAmount = parameter(
        choice(OrderAmount),
        "An order counts with what is not yet delivered, or with its total.",
        standard="open",
        source="F3, D4",
    )


@record
class BillDays:
    """How long a presented bill stays at risk after its due date, by the kind of presentation."""

    discount_days: int = parameter(
        DAYS, "Days after the due date: bills presented at discount.", standard=0, source="F9"
    )
    subject_to_collection_days: int = parameter(
        DAYS, "Days after the due date: bills presented subject to collection.", standard=0, source="F9"
    )
    after_collection_days: int = parameter(
        DAYS, "Days after the due date: bills presented after collection.", standard=0, source="F9"
    )


@record
class DocumentType:
    """What a tenant's document type says about credit control."""

    credit: bool = parameter(
        SWITCH, "Documents of the type are under control: summed and checked.", standard=True, source="F2, F6"
    )
    exclude_block: bool = parameter(
        SWITCH,
        "Documents of the type count and are reported, but never blocked.",
        standard=False,
        source="F16",
    )


@record
class NewAccount:
    """What an account nobody has set up yet begins with."""

    limit: Decimal | None = parameter(
        Maybe(AMOUNT), "Credit limit in the company currency; null: none.", standard=None, source="C12"
    )
    max_days_overdue: int | None = parameter(
        Maybe(DAYS), "Time limit in days past due; null: the policy's.", standard=None, source="C12, C5"
    )
    cash_only: bool = parameter(
        SWITCH, "Invoices only with a cash payment method.", standard=False, source="C12, C6"
    )
    documents_blocked: frozenset[str] = parameter(
        ListOf(KINDS), "Kinds of documents that are refused.", standard=[], source="C12, C7"
    )
    payment_method: str | None = parameter(
        Maybe(TEXT), "Preferred payment method; null: none.", standard=None, source="C12"
    )


@record
class Obligations:
    """What a block means for the caller at this step. Everything is allowed unless the decision is block."""

    save: Step = parameter(
        choice(Step), "Whether the document may be stored.", standard="allowed", source="F17, D9, C17"
    )
    proceed: Step = parameter(
        choice(Step),
        "Whether it may be processed, delivered or posted.",
        standard="refused",
        source="F17, D9, M9",
    )
    print: Printing = parameter(
        choice(Printing),
        "Whether it may be printed; `unmarked`: printed without being marked as printed.",
        standard="refused",
        source="F17",
    )


@record
class Checkpoint:
    """One step of a document at which credit may be checked."""

    check: bool = parameter(SWITCH, "Credit is checked at this step.", standard=True, source="M9")
    pro_forma: bool = parameter(
        SWITCH, "Pro forma documents are checked at this step, too.", standard=False, source="M9"
    )
    grace_days: int | None = parameter(
        Maybe(DAYS),
        "Days after a release at this step without a check; null: later steps are checked at once.",
        standard=None,
        source="M10, M11",
    )
