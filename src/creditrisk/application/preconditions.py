"""Replacing only what the caller has seen: the version named in ``If-Match``, without HTTP."""

from dataclasses import dataclass

from creditrisk.application.errors import PreconditionFailed, PreconditionRequired


@dataclass(frozen=True, slots=True)
class Precondition:
    """The versions under which a caller agrees to replace an object.

    ``versions`` is None where the caller named none. ``any_version`` means that any stored version will do.
    """

    versions: frozenset[str] | None = None
    any_version: bool = False

    def check(self, *, version: str, exists: bool) -> None:
        """Let the write pass, or refuse it. Call it in the transaction that writes, on the locked row.

        ``version`` is the stored version, or the one answered for an object never set (``exists`` False),
        which may be written without a precondition.

        Raises:
            PreconditionRequired: the object exists and the caller named no version.
            PreconditionFailed: none of the named versions is the stored one.
        """
        if self.any_version:
            return
        if self.versions is None:
            if exists:
                raise PreconditionRequired("The object exists; name the version to replace with If-Match.")
            return
        if version not in self.versions:
            raise PreconditionFailed("The object has been changed since this version was read.")
