"""The languages messages are written in: their catalogues, and how each writes figures, days and lists.

A catalogue is a gettext file, `<language>/LC_MESSAGES/creditrisk.po` beside this module. English, in which
messages are written, has none.
"""

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from typing import Final, Literal, get_args

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.messages import mofile, pofile
from babel.numbers import format_percent, get_decimal_symbol, get_group_symbol

MessageLanguage = Literal["en", "it", "hr", "cs", "pt", "es"]

LANGUAGES: Final[tuple[MessageLanguage, ...]] = get_args(MessageLanguage)
"""Every language, the one for readers of none of them first."""

DEFAULT_LANGUAGE: Final = LANGUAGES[0]

_UNBROKEN_SPACE: Final = "\N{NO-BREAK SPACE}"


class Language:
    """One language: what a sentence is in it, and how it writes what is put into sentences."""

    def __init__(self, code: str, translations: NullTranslations) -> None:
        self._locale = Locale(code)
        self._translations = translations
        # Babel's own formatting of a number takes longer than many a check; the separators are all it adds.
        self._separators = str.maketrans(
            {",": get_group_symbol(self._locale), ".": get_decimal_symbol(self._locale)}
        )

    def translated(self, text: str, *, context: str) -> str:
        """An English text in this language; `context` tells what is translated, such as a finding's code."""
        return self._translations.pgettext(context, text)

    def number(self, value: Decimal | int) -> str:
        """A number with all the decimals it has: `1.234,50`."""
        return f"{value:,}".translate(self._separators)

    def amount(self, value: Decimal, currency: str) -> str:
        """An amount with its ISO code, because a `$` would be any of twenty: `1.234,50 EUR`."""
        return f"{self.number(value)}{_UNBROKEN_SPACE}{currency}"

    def counted(self, count: int, *, one: str, many: str) -> str:
        """So many of something, in the form that the number asks for: `2 dny`, `5 dní`."""
        text = self._translations.npgettext("unit", one, many, count)
        return text.format(count=self.number(count))

    def percent(self, value: Decimal) -> str:
        """A percentage: `85,5 %`."""
        return _percent(self._locale.language, value)

    def day(self, value: date) -> str:
        """A date: `22 nov 2026`."""
        return format_date(value, "medium", locale=self._locale)

    def listed(self, items: Sequence[str]) -> str:
        """One after the other: `A, B e C`."""
        return format_list(items, locale=self._locale)


@lru_cache(maxsize=1_024)
def _percent(language: str, value: Decimal) -> str:
    return format_percent(value.scaleb(-2), locale=language, decimal_quantization=False)


@cache
def language(code: MessageLanguage) -> Language:
    """The language of this code; its catalogue is read once."""
    return Language(code, NullTranslations() if code == DEFAULT_LANGUAGE else _catalogue(code))


def read_languages() -> None:
    """Read every catalogue now, so that nobody waits for it later."""
    for code in LANGUAGES:
        language(code)


def _catalogue(code: MessageLanguage) -> GNUTranslations:
    file = resources.files("creditrisk.locale") / code / "LC_MESSAGES" / "creditrisk.po"
    compiled = io.BytesIO()
    with file.open("rb") as source:
        mofile.write_mo(compiled, pofile.read_po(source, locale=code, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)
