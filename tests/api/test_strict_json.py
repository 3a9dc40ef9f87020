"""JSON is read as the standard library reads it, but for names that come twice, whichever way it is read."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from creditrisk.api.problems import Refusal
from creditrisk.api.strict_json import parse_json

NAMES = st.sampled_from(["a", "b", ":", "a:b", "é", '"'])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20) + 1, 10**20 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
)


class Pairs(list[tuple[str, Any]]):
    """The members of an object as they are written, whatever their names."""


DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(NAMES, inner), max_size=3).map(Pairs),
    max_leaves=8,
)


def written(value: Any, *, ascii_only: bool) -> str:
    if isinstance(value, Pairs):
        members = (f"{json.dumps(name)} : {written(each, ascii_only=ascii_only)}" for name, each in value)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(each, ascii_only=ascii_only) for each in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def names_one_twice(value: Any) -> bool:
    if isinstance(value, Pairs):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(names_one_twice(each) for _, each in value)
    return isinstance(value, list) and any(names_one_twice(each) for each in value)


@given(value=DOCUMENTS, ascii_only=st.booleans())
@example(value=-(10**19), ascii_only=True)  # twenty digits and a sign
def test_a_document_is_read_as_it_stands_unless_it_names_a_member_twice(
    value: Any, *, ascii_only: bool
) -> None:
    text = written(value, ascii_only=ascii_only)
    if names_one_twice(value):
        with pytest.raises(Refusal):
            parse_json(text.encode())
    else:
        # As text, since 1 is not 1.0 here.
        assert repr(parse_json(text.encode())) == repr(json.loads(text))
