"""A company's own texts of findings, in place of the shipped sentences (C10, F19).

They are kept like reference data: an entry for each code and language, and one without a language for readers
of every language that has none of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, NamedTuple

from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.application.messages import SENTENCES, OwnTexts, accepted_placeholders
from creditrisk.application.reference_data import ReferenceData, ReferenceEntry, ReferenceKind
from creditrisk.domain.findings import Code
from creditrisk.locale.languages import LANGUAGES, MessageLanguage

_MOST_OF_A_COMPANY = len(SENTENCES) * (len(LANGUAGES) + 1)


class TextKey(NamedTuple):
    """Which text is meant; without a language the one for readers who have no other."""

    code: Code
    language: MessageLanguage | None

    @property
    def kept_as(self) -> str:
        """Its code among reference data."""
        return self.code if self.language is None else f"{self.code} {self.language}"


def own_texts(contents: Iterable[Mapping[str, Any]]) -> OwnTexts:
    """Texts as stored, ready for messages."""
    return {(each["code"], each.get("language", "")): each["text"] for each in contents}


@dataclass(frozen=True, slots=True)
class OwnTextsOfCompanies:
    """Sets and reads companies' own texts."""

    entries: ReferenceData

    async def put(
        self, key: TextKey, text: str, *, company: str | None, principal: Principal
    ) -> tuple[ReferenceEntry, bool]:
        """Set a text; return it, and whether it is new.

        Raises:
            InvalidRequest: it has other placeholders than `accepted_placeholders`, or more in braces than a
                name.
        """
        _require_plain_placeholders(key.code, text)
        content = {"code": key.code.value, "text": text}
        if key.language is not None:
            content["language"] = key.language
        return await self.entries.put(
            ReferenceKind.MESSAGE, key.kept_as, content, company=company, principal=principal
        )

    async def get(self, key: TextKey, *, company: str | None, principal: Principal) -> ReferenceEntry:
        """Return exactly this text: the company's own, else that of every company.

        Raises:
            NotFound: there is neither within the key's reach.
        """
        return await self.entries.get(
            ReferenceKind.MESSAGE, key.kept_as, company=company, principal=principal
        )

    async def list(
        self,
        *,
        companies: frozenset[str] | None,
        principal: Principal,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[ReferenceEntry]:
        """List the texts of ``companies`` (None: of all), and with them those of every company."""
        return await self.entries.list(
            ReferenceKind.MESSAGE, companies=companies, principal=principal, after=after, limit=limit
        )

    async def delete(self, key: TextKey, *, company: str | None, principal: Principal) -> None:
        """Delete exactly this text, so that the next best one is shown.

        Raises:
            NotFound: there is none.
        """
        await self.entries.delete(ReferenceKind.MESSAGE, key.kept_as, company=company, principal=principal)

    async def of(self, companies: frozenset[str], *, principal: Principal) -> Mapping[str, OwnTexts]:
        """The texts that messages of these companies are written with."""
        found = await self.list(
            companies=companies,
            principal=principal,
            after=None,
            limit=_MOST_OF_A_COMPANY * (len(companies) + 1),
        )

        def texts(company: str) -> OwnTexts:
            return own_texts(entry.content for entry in found if entry.company == company)

        return {company: {**texts(EVERY_COMPANY), **texts(company)} for company in companies}


def _require_plain_placeholders(code: Code, text: str) -> None:
    accepted = accepted_placeholders(code)
    try:
        fields = [field for field in Formatter().parse(text) if field[1] is not None]
    except ValueError:
        raise _refused("malformed_placeholder", "has a brace that belongs to no placeholder") from None
    if any(name not in accepted for _, name, _, _ in fields):
        raise _refused("unknown_placeholder", f"may name only {_in_braces(accepted)}")
    if any(format_spec or conversion for _, _, format_spec, conversion in fields):
        raise _refused("malformed_placeholder", "must have nothing but a name in braces")


def _refused(code: str, detail: str) -> InvalidRequest:
    return InvalidRequest("The text cannot be filled in.", errors=[FieldError("/text", code, detail)])


def _in_braces(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
