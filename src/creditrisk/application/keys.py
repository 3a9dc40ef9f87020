"""API keys: how one is written, what it stands for, and the port that finds it.

A key reads ``crk_<id>_<secret>``. The id may be shown and logged; only the SHA-256 of the whole key is
stored. That is enough because the secret carries 256 random bits: there is nothing to guess, so a slow
password hash would cost every check and protect nobody.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from creditrisk.application.errors import Forbidden
from creditrisk.domain.people import Person

_KEY: Final = re.compile(r"crk_([a-z0-9]{8,32})_([A-Za-z0-9-]{32,64})", re.ASCII)


class Scope(StrEnum):
    """What a key may do. No scope contains another; a call names all that open it."""

    CHECK = "check"
    SIGNAL = "signal"
    INGEST = "ingest"
    LIMITS = "limits"
    POLICY = "policy"
    HOLDS = "holds"
    AUDIT = "audit"
    ADMIN = "admin"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking: one API key of one tenant.

    ``companies`` is None where the key is good for every company of its tenant. What is not ``stored`` is the
    program's own, which nobody can revoke.
    """

    tenant: str
    key_id: str
    name: str
    scopes: frozenset[Scope]
    companies: frozenset[str] | None = None
    stored: bool = True

    def has_any(self, scopes: frozenset[Scope]) -> bool:
        """Whether the key carries at least one of ``scopes``."""
        return not self.scopes.isdisjoint(scopes)

    def may_use(self, company: str) -> bool:
        """Whether the key reaches ``company``."""
        return self.companies is None or company in self.companies

    def require_company(self, company: str) -> None:
        """Let only keys pass that reach ``company``, named in the request or of the object it names.

        Raises:
            Forbidden: otherwise.
        """
        if not self.may_use(company):
            raise Forbidden("The API key does not reach this company.", code="company_forbidden")

    @property
    def author(self) -> str:
        """Who is written down as having changed something: the key's name, else its id."""
        return self.name or self.key_id

    def person(self, operator: str | None = None) -> Person:
        """Who acts where the call names this operator; None: it names none."""
        return Person(self.key_id, operator, self.name)


class KeyFinder(Protocol):
    """Finds what a key stands for."""

    async def find(self, key_hash: bytes) -> Principal | None:
        """Return the principal of the key with this hash; None if unknown, expired or revoked."""


def format_key(*, key_id: str, secret: str) -> str:
    """Write a key.

    ``key_id`` is 8 to 32 characters of ``a-z0-9``, ``secret`` 32 to 64 of ``A-Za-z0-9-``.

    Raises:
        ValueError: if the parts do not make a key.
    """
    key = f"crk_{key_id}_{secret}"
    if _KEY.fullmatch(key) is None:
        raise ValueError("the parts do not make an API key")
    return key


def hash_key(key: str) -> bytes | None:
    """Return the hash under which ``key`` is stored, or None if it is not written like a key at all."""
    if _KEY.fullmatch(key) is None:
        return None
    return hashlib.sha256(key.encode("ascii")).digest()
