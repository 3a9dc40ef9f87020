"""Lines of streams of papers: the body of a PUT with its key."""

import contextlib
import functools
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError, create_model

from creditrisk.api.csv_lines import columns_of
from creditrisk.api.documents import DOCUMENT_BODIES
from creditrisk.api.ledger import LEDGER_BODIES, LedgerKind
from creditrisk.api.line_readers import LineRejected, chosen_company, validated
from creditrisk.api.papers import PaperBody, Version, statement_of
from creditrisk.api.refusals import unknown_field
from creditrisk.api.wire import (
    DocumentKind,
    Identifier,
    WireModel,
)
from creditrisk.application.keys import Principal
from creditrisk.application.papers import PaperStatement


class _DocumentKey(WireModel):
    kind: DocumentKind
    number: Identifier
    deleted: bool = False


class EntryKey(WireModel):
    """Which ledger entry a line is about."""

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
        self._key: type[_DocumentKey | EntryKey] = EntryKey if ledger else _DocumentKey
        self.columns = columns_of([self._key, *self._bodies.values()])

    def read(self, value: dict[str, Any]) -> PaperStatement:
        """Return the statement of a line.

        Raises:
            LineRejected: it breaks the contract.
        """
        # Nearly every line is good, and read at once costs least. The others are read again piece by piece.
        body = self._bodies.get(value["kind"]) if isinstance(value.get("kind"), str) else None
        if body is not None:
            with contextlib.suppress(ValidationError):
                line: Any = _whole(body, self._key).__pydantic_validator__.validate_python(value)
                if not line.deleted:
                    return self._stated(line, key=line)
        return self._read_by_pieces(value)

    def _read_by_pieces(self, value: Mapping[str, Any]) -> PaperStatement:
        stated = dict(value)
        key_names = [name for name in self._key.model_fields if name in stated]
        key = validated(self._key, {name: stated.pop(name) for name in key_names})
        if key.deleted:
            return self._deletion(stated, kind=key.kind, number=_number_of(key))
        return self._stated(validated(self._bodies[key.kind], stated), key=key)

    def _stated(self, body: PaperBody, *, key: _DocumentKey | EntryKey) -> PaperStatement:
        company = chosen_company(self._caller, query=self._company, line=body.company)
        return statement_of(body, company=company, kind=key.kind, number=_number_of(key))

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


def _number_of(key: _DocumentKey | EntryKey) -> str:
    return key.id if isinstance(key, EntryKey) else key.number


@functools.cache
def _whole(body: type[PaperBody], key: type[_DocumentKey | EntryKey]) -> type[BaseModel]:
    """A line's key and body in one model."""
    return create_model(f"{body.__name__}Line", __base__=(body, key))
