"""Reading JSON more strictly than the usual parsers do."""

import re
from json import JSONDecodeError, JSONDecoder
from typing import Any, Final, NoReturn

import orjson

from creditrisk.api.problems import Refusal

MAX_DEPTH: Final = 64

_LONGEST_INTEGER: Final = 20
_AS_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_DIGITS_IN_DOUBT: Final = b"0" * 19
"""As many may be an integer beyond 64 bits, which orjson would read as a float."""
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(body: bytes) -> Any:
    """Read JSON as RFC 8259 and RFC 7493 (I-JSON) define it, stricter than the usual parsers.

    Refused are NaN and Infinity, bytes that are not UTF-8, lone surrogates, a byte order mark, the same name
    twice in one object, and nesting deeper than 64. Integers of more than 20 digits come back as floats,
    which no field of the contract accepts.

    Raises:
        Refusal: 400.
    """
    # Nearly every body is beyond doubt, and costs a third of what the strict reading does.
    if b"\\u" not in body and body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            pass  # read again for what is wrong
        else:
            # Every member is written with a colon: where a name was there twice, writing it again has fewer.
            no_name_twice = body.count(b":") == orjson.dumps(value).count(b":")
            if no_name_twice and _DIGITS_IN_DOUBT not in body.translate(_AS_ZEROS):
                return value
    return _read_strictly(body)


def _read_strictly(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
        value = _DECODER.decode(text)
        if _SURROGATE.search(text) is not None:
            _require_no_lone_surrogate(value)
    except JSONDecodeError as error:
        raise malformed(f"The body is not JSON: line {error.lineno}, column {error.colno}.") from None
    except UnicodeDecodeError:
        raise malformed("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise malformed("The body has a lone surrogate in a string.") from None
    except _NameTwice:
        raise malformed("The body has an object with the same name twice.") from None
    except RecursionError:
        raise _too_deep() from None
    # A body with fewer brackets than levels cannot be too deep, so walking the value is rarely needed.
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value, MAX_DEPTH) > MAX_DEPTH:
        raise _too_deep()
    return value


class _NameTwice(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NameTwice
    return members


def _integer(digits: str) -> int | float:
    # Converting thousands of digits costs quadratic time, and Python refuses it.
    return int(digits) if len(digits.removeprefix("-")) <= _LONGEST_INTEGER else float(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise JSONDecodeError(f"{name} is not JSON", "", 0)


_DECODER: Final = JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=_refuse_constant)


def _require_no_lone_surrogate(value: Any) -> None:
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, dict):
        for name, member in value.items():
            name.encode("utf-8")
            _require_no_lone_surrogate(member)
    elif isinstance(value, list):
        for member in value:
            _require_no_lone_surrogate(member)


def _depth(value: Any, limit: int) -> int:
    """How deep arrays and objects are nested; counting stops beyond ``limit``."""
    if limit < 0 or not isinstance(value, dict | list):
        return 0
    members = value.values() if isinstance(value, dict) else value
    return 1 + max((_depth(member, limit - 1) for member in members), default=0)


def malformed(detail: str) -> Refusal:
    """Refuse a body that is not JSON as this module understands it."""
    return Refusal(400, detail, code="malformed_json")


def _too_deep() -> Refusal:
    return malformed(f"The body is nested deeper than {MAX_DEPTH} levels.")
