"""Ids that the service chose, as callers bring them back."""

from uuid import UUID

from creditrisk.application.errors import NotFound


def read_service_id(text: str, *, of: str) -> UUID:
    """Read the id of an object from a path; ``of`` is what it is the id of, in the words of the answer.

    Raises:
        NotFound: the service gives no such ids, so there can be none of it.
    """
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(f"There is no such {of}.") from None
