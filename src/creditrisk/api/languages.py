"""The language of messages, by `Accept-Language` (RFC 9110, sections 12.4.2 and 12.5.4).

Callers write the header, so what it says is looked up as RFC 4647 has it: `pt-BR` finds `pt`. A reader whose
languages are all unknown is answered in English rather than refused.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from starlette.requests import Request

from creditrisk.locale.languages import DEFAULT_LANGUAGE, LANGUAGES, MessageLanguage

_RAW_HEADER: Final = b"accept-language"

# Longer ones are none that a browser or an ERP sends, and are not worth remembering.
_LONGEST: Final = 500
_MOST_REMEMBERED: Final = 1_024

_RANGE: Final = re.compile(
    r"(?P<range>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)"
    r"(?:[ \t]*;[ \t]*q=(?P<weight>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?",
    re.IGNORECASE | re.ASCII,
)

HEADERS: Final[Mapping[MessageLanguage, Mapping[str, str]]] = {
    each: {"content-language": each, "vary": "Accept-Language"} for each in LANGUAGES
}
"""What an answer with messages says of itself, by its language."""


def language_of(request: Request) -> MessageLanguage:
    """The language this request wants messages in."""
    stated = [value for name, value in request.scope["headers"] if name == _RAW_HEADER]
    header = b",".join(stated)
    return _remembered(header) if 0 < len(header) <= _LONGEST else DEFAULT_LANGUAGE


@lru_cache(maxsize=_MOST_REMEMBERED)
def _remembered(header: bytes) -> MessageLanguage:
    return negotiate(header.decode("latin-1"))


def negotiate(header: str) -> MessageLanguage:
    """The best language that an `Accept-Language` accepts; English where it accepts none that there is.

    Higher weights go first, at equal weights what is named first; what is not written as RFC 9110 says is
    passed over. `*` is every language that the header does not name.
    """
    weights = dict(_weights(header))
    refused = {range_ for range_, weight in weights.items() if weight == 0}
    unnamed = [each for each in LANGUAGES if each not in weights]
    for range_, weight in sorted(weights.items(), key=lambda item: -item[1]):
        if weight == 0:
            break
        found = unnamed[:1] if range_ == "*" else [each for each in LANGUAGES if _covers(each, range_)]
        if found and found[0] not in refused:
            return found[0]
    return DEFAULT_LANGUAGE


def _weights(header: str) -> Iterator[tuple[str, float]]:
    for element in header.split(","):
        read = _RANGE.fullmatch(element.strip(" \t"))
        if read is not None:
            yield read["range"].lower(), float(read["weight"] or 1)


def _covers(language: str, range_: str) -> bool:
    """Whether a range, or what is left of it without its last subtags, is the language (RFC 4647, lookup)."""
    return range_ == language or range_.startswith(f"{language}-")


def documented_language(*, status: int = 200) -> dict[str, Any]:
    """Describe the negotiation in OpenAPI; ``status`` is that of the route's success."""
    return {
        "parameters": [
            {
                "name": "Accept-Language",
                "in": "header",
                "required": False,
                "description": "The languages messages are wanted in. There are English, Italian, Croatian, "
                "Czech, Portuguese and Spanish; readers of others get English.",
                "schema": {"type": "string"},
                "examples": {
                    "one": {"summary": "Italian", "value": "it"},
                    "several": {
                        "summary": "Portuguese, else Spanish",
                        "value": "pt-BR, pt;q=0.9, es;q=0.5",
                    },
                },
            }
        ],
        "responses": {
            str(status): {
                "headers": {
                    "Content-Language": {
                        "description": "The language of the messages.",
                        "schema": {"type": "string", "enum": list(LANGUAGES)},
                    }
                }
            }
        },
    }
