"""Issuing, listing and revoking API keys, by callers over HTTP and by whoever runs the command line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from creditrisk.application.errors import FieldError, Forbidden, InvalidRequest, NotFound
from creditrisk.application.keys import Principal, Scope, format_key, hash_key

_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOrder:
    """What a new key is to be. ``companies`` None: every company; ``expires_at`` None: never."""

    scopes: frozenset[Scope]
    companies: frozenset[str] | None = None
    name: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """A key as stored: everything but the secret, which nobody can read again."""

    tenant: str
    id: str
    name: str
    scopes: frozenset[Scope]
    companies: frozenset[str] | None
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    created_by: str | None


class IssuedKey(NamedTuple):
    """A new key, with the only copy of its text."""

    key: str
    record: KeyRecord


class KeyStore(Protocol):
    """Keeps keys."""

    async def add(
        self, order: KeyOrder, *, tenant: str, key_id: str, key_hash: bytes, by: str | None
    ) -> KeyRecord:
        """Keep a new key; the tenant exists from then on."""

    async def list(
        self, *, tenant: str, within: frozenset[str] | None, after: str | None, limit: int
    ) -> Sequence[KeyRecord]:
        """List keys by id, beginning behind ``after``, also those expired and revoked.

        ``within``: only keys limited to these companies; None: all keys.
        """

    async def revoke(self, key_id: str, *, tenant: str, within: frozenset[str] | None) -> bool:
        """Revoke a key; False where there is none (``within`` as in `list`). A revoked one stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKeys:
    """What administrators do with keys.

    ``by`` is the caller; None is the operator of the installation at the command line, who may do everything.
    ``random_bytes`` gives so many unpredictable bytes.
    """

    store: KeyStore
    random_bytes: Callable[[int], bytes]
    now: Callable[[], datetime]

    async def issue(self, order: KeyOrder, *, tenant: str, by: Principal | None) -> IssuedKey:
        """Make a key of ``tenant``; a tenant never heard of exists from then on.

        Raises:
            Forbidden: the key would belong to another tenant, carry the scope ``platform`` or reach further
                than the caller may grant.
            InvalidRequest: it would have expired already.
        """
        if by is not None:
            _require_reach(by, tenant)
            _require_grantable(by, order)
        if order.expires_at is not None and order.expires_at <= self.now():
            complaint = FieldError("/expires_at", "in_the_past", "must be in the future")
            raise InvalidRequest("The key would have expired already.", errors=[complaint])
        key_id = self.random_bytes(_ID_BYTES).hex()
        key = format_key(key_id=key_id, secret=self.random_bytes(_SECRET_BYTES).hex())
        key_hash = hash_key(key)
        assert key_hash is not None  # noqa: S101 - format_key has just written it
        author = None if by is None else by.author
        record = await self.store.add(order, tenant=tenant, key_id=key_id, key_hash=key_hash, by=author)
        return IssuedKey(key, record)

    async def list(
        self, *, tenant: str, by: Principal | None, after: str | None, limit: int
    ) -> Sequence[KeyRecord]:
        """List a tenant's keys; a caller limited to companies sees those limited to the same.

        Raises:
            Forbidden: the tenant is not the caller's.
        """
        if by is not None:
            _require_reach(by, tenant)
        return await self.store.list(tenant=tenant, within=_reach(by), after=after, limit=limit)

    async def revoke(self, key_id: str, *, tenant: str, by: Principal | None) -> None:
        """Make a key useless from now on; doing it again changes nothing.

        Raises:
            Forbidden: the tenant is not the caller's.
            NotFound: the tenant has no such key that the caller could have issued.
        """
        if by is not None:
            _require_reach(by, tenant)
        if not await self.store.revoke(key_id, tenant=tenant, within=_reach(by)):
            raise NotFound("There is no such key.")


def _reach(by: Principal | None) -> frozenset[str] | None:
    return None if by is None else by.companies


def _require_reach(by: Principal, tenant: str) -> None:
    if tenant == by.tenant:
        return
    if Scope.PLATFORM not in by.scopes:
        raise Forbidden("Keys of another tenant need the scope platform.", code="scope_missing")
    if by.companies is not None:
        raise Forbidden("A key limited to companies does not reach another tenant.", code="company_forbidden")


def _require_grantable(by: Principal, order: KeyOrder) -> None:
    if Scope.PLATFORM in order.scopes and Scope.PLATFORM not in by.scopes:
        raise Forbidden("The scope platform is granted by keys that have it.", code="scope_missing")
    if by.companies is not None and (order.companies is None or not order.companies <= by.companies):
        raise Forbidden("A key limited to companies grants no more than these.", code="company_forbidden")
