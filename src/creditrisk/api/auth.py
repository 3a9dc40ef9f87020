"""Who is asking, and may they: bearer API keys, scopes and companies."""

from typing import Final

from fastapi import params
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request
from starlette.types import Scope as HttpScope

from creditrisk.api.context import context_of
from creditrisk.api.raw_headers import header_of
from creditrisk.application.errors import Forbidden, Unauthenticated
from creditrisk.application.keys import KeyFinder, Principal, Scope, hash_key

_PRINCIPAL: Final = "creditrisk.principal"


class Guard(SecurityBase):
    """Lets in callers whose key has one of ``scopes``.

    ``ResourceRoute`` calls ``admit`` before it reads the body, so that nobody without a key makes the service
    parse anything. As a dependency the guard hands the principal to the route.
    """

    def __init__(self, scopes: frozenset[Scope], *, remembered: bool) -> None:
        self.scopes = scopes
        self.remembered = remembered
        self.scheme_name = "apiKey"
        self.model = HTTPBearer(bearerFormat="crk_<id>_<secret>", description="An API key of one tenant.")

    async def __call__(self, request: Request) -> Principal:
        """Return the principal that ``admit`` let in."""
        principal: Principal = request.scope[_PRINCIPAL]
        return principal

    async def admit(self, request: Request, *, remembered: bool = True) -> Principal:
        """Find the caller and check the scope; ``remembered`` False looks the key up whatever the guard says.

        Raises:
            Unauthenticated: where there is no key or not a good one.
            Forbidden: where the key has none of the scopes.
        """
        services = context_of(request).services
        keys = services.remembered_keys if self.remembered and remembered else services.keys
        principal = await _identify(request, keys)
        if not principal.has_any(self.scopes):
            names = ", ".join(sorted(self.scopes))
            raise Forbidden(f"The API key needs one of the scopes: {names}.", code="scope_missing")
        request.scope[_PRINCIPAL] = principal
        return principal


def requires(*scopes: str, remembered: bool = False) -> params.Security:
    """Name the scopes one of which opens a route.

    As a route parameter: ``caller: Annotated[Principal, requires("limits")]``. ``remembered`` is for routes
    whose own read proves the key alive, so that a key the process has seen needs no look-up before.
    """
    wanted = frozenset(Scope(scope) for scope in scopes)
    return params.Security(Guard(wanted, remembered=remembered), scopes=sorted(wanted), use_cache=False)


def principal_of(scope: HttpScope) -> Principal | None:
    """Return who made the request of ``scope``, None before or without admission."""
    return scope.get(_PRINCIPAL)


async def _identify(request: Request, keys: KeyFinder) -> Principal:
    header = header_of(request, b"authorization")
    method, _, key = (header or "").partition(" ")
    if method.lower() != "bearer":
        raise Unauthenticated("An API key is needed as a bearer token.")
    key_hash = hash_key(key.strip(" "))
    principal = await keys.find(key_hash) if key_hash is not None else None
    if principal is None:
        # One answer for unknown, expired, revoked and misspelt keys: nothing can be learned from it.
        raise Unauthenticated("The API key is not valid.")
    return principal
