"""What putting master data did: the outcome of one statement, alone or among many."""

from enum import StrEnum
from typing import NamedTuple

from creditrisk.application.errors import FieldError


class PutStatus(StrEnum):
    """What a statement did."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """It says what is stored; not even the time of the last change moved."""
    REFUSED = "refused"
    """It cannot be meant; nothing of it was stored."""


class PutOutcome(NamedTuple):
    """What a statement did, and, where it was refused, why."""

    status: PutStatus
    errors: tuple[FieldError, ...] = ()
