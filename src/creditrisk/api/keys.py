"""API keys: issuing, listing and revoking them."""

from typing import Annotated

from fastapi import Query, Request, Response, status
from pydantic import ConfigDict, Field

from creditrisk.api.auth import requires
from creditrisk.api.context import Use
from creditrisk.api.idempotency import withhold
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Identifier, Instant, Line, PathId, WireModel
from creditrisk.application.issued_keys import IssuedKey, KeyOrder, KeyRecord
from creditrisk.application.keys import Principal, Scope

router = resource_router(prefix="/v1/keys", tag="keys")

_SCOPE_MEANING = (
    "What the key may do. `signal`: check, but see no figures. `platform`: make tenants and their keys."
)

ScopeWord = Annotated[Scope, Field(strict=False)]

TenantQuery = Annotated[
    Identifier | None,
    Query(description="The tenant; absent: one's own. Another one needs the scope `platform`."),
]


class KeyBody(WireModel):
    """A key to be made."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "webshop", "scopes": ["signal"], "companies": ["main"]},
                {"name": "ERP", "scopes": ["check", "ingest"], "expires_at": "2028-01-01T00:00:00Z"},
            ]
        }
    )

    tenant: Annotated[
        Identifier | None,
        Field(description="The tenant; absent: one's own. Another one needs the scope `platform`."),
    ] = None
    name: Annotated[
        Line, Field(description="Who uses it, for people; changes it makes are signed with this name.")
    ] = ""
    scopes: Annotated[list[ScopeWord], Field(min_length=1, max_length=50, description=_SCOPE_MEANING)]
    companies: Annotated[
        Annotated[list[Identifier], Field(min_length=1, max_length=1_000)] | None,
        Field(description="The companies it is limited to; absent: every company.", examples=[["main"]]),
    ] = None
    expires_at: Annotated[Instant | None, Field(description="When it stops being good; absent: never.")] = (
        None
    )

    @property
    def order(self) -> KeyOrder:
        """What is ordered."""
        return KeyOrder(
            scopes=frozenset(self.scopes),
            companies=None if self.companies is None else frozenset(self.companies),
            name=self.name,
            expires_at=self.expires_at,
        )


class KeyAnswer(WireModel):
    """A key without its secret."""

    id: Annotated[str, Field(description="The part of the key that may be shown and logged.")]
    tenant: Annotated[str, Field(description="The tenant it belongs to.")]
    name: Annotated[str, Field(description="Who uses it, for people.")]
    scopes: Annotated[list[Scope], Field(description=_SCOPE_MEANING)]
    companies: Annotated[
        list[str] | None, Field(description="The companies it is limited to; null: every company.")
    ]
    expires_at: Annotated[Instant | None, Field(description="When it stops being good; null: never.")]
    revoked_at: Annotated[Instant | None, Field(description="Since when it is no good; null: not revoked.")]
    created_at: Annotated[Instant, Field(description="When it was made.")]
    created_by: Annotated[
        str | None, Field(description="Name or id of the key that made it; null: the command line.")
    ]

    @classmethod
    def of(cls, record: KeyRecord) -> "KeyAnswer":
        """Write a key."""
        return cls(
            id=record.id,
            tenant=record.tenant,
            name=record.name,
            scopes=[scope for scope in Scope if scope in record.scopes],
            companies=None if record.companies is None else sorted(record.companies),
            expires_at=record.expires_at,
            revoked_at=record.revoked_at,
            created_at=record.created_at,
            created_by=record.created_by,
        )


class IssuedKeyAnswer(KeyAnswer):
    """A new key. Its text is shown here and never again."""

    key: Annotated[
        str | None,
        Field(
            description="The bearer token; nobody can read it again. Null where the answer is a repeated one."
        ),
    ]

    @classmethod
    def issued(cls, issued: IssuedKey) -> "IssuedKeyAnswer":
        """Write a new key."""
        return cls.model_validate({**dict(KeyAnswer.of(issued.record)), "key": issued.key})


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_key(
    body: KeyBody, caller: Annotated[Principal, requires("admin", "platform")], use: Use, request: Request
) -> IssuedKeyAnswer:
    """Make a key; its text is in this answer and nowhere else. A new tenant exists from its first key.

    Repeated under an `Idempotency-Key`, the answer has the new key's id and null for its text.
    The scope `platform` is granted by keys that have it, companies by keys that reach them.
    """
    withhold(request, "key")
    issued = await use.issued_keys.issue(body.order, tenant=body.tenant or caller.tenant, by=caller)
    return IssuedKeyAnswer.issued(issued)


@router.get("")
async def list_keys(
    caller: Annotated[Principal, requires("admin", "platform")],
    use: Use,
    page: Annotated[PageRequest, paged(str)],
    tenant: TenantQuery = None,
) -> Page[KeyAnswer]:
    """List keys by id, also those expired or revoked."""
    after = None if page.after is None else str(page.after[0])
    keys = await use.issued_keys.list(
        tenant=tenant or caller.tenant, by=caller, after=after, limit=page.limit + 1
    )
    return page.page(keys, key=lambda record: (record.id,), render=KeyAnswer.of)


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_key(
    id: PathId,
    caller: Annotated[Principal, requires("admin", "platform")],
    use: Use,
    tenant: TenantQuery = None,
) -> Response:
    """Make a key useless from now on; doing it again changes nothing."""
    await use.issued_keys.revoke(id, tenant=tenant or caller.tenant, by=caller)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
