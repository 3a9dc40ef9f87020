"""What a trial says when the service has not kept its word."""


class PromiseBroken(Exception):
    """Something was seen that must never be seen."""


def promised(kept: object, otherwise: str) -> None:
    """Make sure that a promise was kept.

    Raises:
        PromiseBroken: it was not; the message is ``otherwise``.
    """
    if not kept:
        raise PromiseBroken(otherwise)
