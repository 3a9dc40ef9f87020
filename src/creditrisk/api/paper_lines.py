"""Lines of streams of papers: the body of a PUT with its key."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from creditrisk.api.csv_lines import columns_of
from creditrisk.api.documents import DOCUMENT_BODIES
from creditrisk.api.ledger import LEDGER_BODIES, LedgerKind
from creditrisk.api.line_readers import LineRejected, chosen_company, unknown_field, validated
from creditrisk.api.papers import PaperBody, Version, statement_of
from creditrisk.api.wire import (
    DocumentKind,
    Identifier,
    WireModel,
)
from creditrisk.application.errors import FieldError
from creditrisk.application.keys import Principal
from creditrisk.application.papers import PaperStatement
from creditrisk.application.snapshots import EntryKey, SnapshotLine

_NOT_DELETED: Final = FieldError("/deleted", "not_allowed", "is not for a snapshot: leave out what is gone")
_OTHER_KIND: Final = FieldError("/kind", "not_allowed", "is not a kind of this snapshot")
_OTHER_SOURCE: Final = FieldError("/source", "source_mismatch", "differs from the source of the snapshot")


class _DocumentKey(WireModel):
    kind: DocumentKind
    number: Identifier
    deleted: bool = False


class _EntryKey(WireModel):
    kind: LedgerKind
    id: Identifier
    deleted: bool = False


class _Deletion(WireModel):
    company: Identifier | None = None
    version: Version | None = None
    source: Identifier | None = None


class PaperLines:
    """Reads documents or ledger entries: the body of a PUT with its key.

    A deleted line may repeat the paper's other fields; nothing in them matters any more.
    """

    def __init__(self, *, caller: Principal, company: str | None, ledger: bool = False) -> None:
        self._caller = caller
        self._company = company
        self._bodies: Mapping[str, type[PaperBody]] = LEDGER_BODIES if ledger else DOCUMENT_BODIES
        self._key: type[_DocumentKey | _EntryKey] = _EntryKey if ledger else _DocumentKey
        self.columns = columns_of([self._key, *self._bodies.values()])

    def read(self, value: dict[str, Any]) -> PaperStatement:
        """Return the statement of a line.

        Raises:
            LineRejected: it breaks the contract.
        """
        key_names = self._key.model_fields
        key = validated(self._key, {name: value[name] for name in key_names if name in value})
        number = key.id if isinstance(key, _EntryKey) else key.number
        stated = {name: member for name, member in value.items() if name not in key_names}
        if key.deleted:
            return self._deletion(stated, kind=key.kind, number=number)
        body = validated(self._bodies[key.kind], stated)
        company = chosen_company(self._caller, query=self._company, line=body.company)
        return statement_of(body, company=company, kind=key.kind, number=number)

    def _deletion(self, stated: Mapping[str, Any], *, kind: str, number: str) -> PaperStatement:
        unknown = sorted(set(stated) - set(self._bodies[kind].model_fields))
        if unknown:
            raise LineRejected(*(unknown_field(name) for name in unknown))
        wanted = {name: stated[name] for name in _Deletion.model_fields if name in stated}
        deletion = validated(_Deletion, wanted)
        return PaperStatement(
            company=chosen_company(self._caller, query=self._company, line=deletion.company),
            kind=kind,
            number=number,
            version=deletion.version,
            source=deletion.source,
            deleted=True,
        )


class SnapshotLines:
    """Reads the lines of a snapshot. Of one that breaks the contract its entry is still wanted."""

    def __init__(self, *, caller: Principal, company: str, source: str, kinds: Collection[str]) -> None:
        self._lines = PaperLines(caller=caller, company=company, ledger=True)
        self._source = source
        self._kinds = kinds
        self.columns = self._lines.columns

    def read(self, value: dict[str, Any]) -> SnapshotLine:
        """Return what a line says, or what is wrong with it."""
        try:
            statement = self._lines.read(value)
            self._require_part(statement)
        except LineRejected as rejected:
            return SnapshotLine(key=_key_of(value), statement=None, errors=rejected.errors)
        return SnapshotLine(key=EntryKey(statement.kind, statement.number), statement=statement)

    def _require_part(self, statement: PaperStatement) -> None:
        if statement.deleted:
            raise LineRejected(_NOT_DELETED)
        if statement.kind not in self._kinds:
            raise LineRejected(_OTHER_KIND)
        if statement.source not in {None, self._source}:
            raise LineRejected(_OTHER_SOURCE)


def _key_of(value: Mapping[str, Any]) -> EntryKey | None:
    """Return which entry a line means that says something wrong about it, None where that cannot be read."""
    try:
        key = validated(_EntryKey, {name: value[name] for name in ("kind", "id") if name in value})
    except LineRejected:
        return None
    return EntryKey(key.kind, key.id)
