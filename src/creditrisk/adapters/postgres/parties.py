"""What master data hangs on, within a transaction: companies, made by a first write, and owners."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.tables import customer, reference
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.errors import NotFound

# The function of the write path, so that companies come into being in one way and one order.
_COMPANIES: Final = sa.text("SELECT apply_parties_1(:tenant, CAST(:companies AS text[]), '{}')")


async def ensure_companies(connection: AsyncConnection, companies: set[str], *, tenant: str) -> None:
    """Let companies named for the first time exist. Do it before customers are locked: papers do, too."""
    await connection.execute(_COMPANIES, {"tenant": tenant, "companies": sorted(companies)})


async def require_owner(
    connection: AsyncConnection, owner: Owner, *, tenant: str, alone: bool = False
) -> None:
    """Make sure that an owner is there.

    ``alone`` holds it until the transaction ends, so that nobody else numbers entries of it at the same time.

    Raises:
        NotFound: there is no such owner.
    """
    query = _owner(owner, tenant=tenant)
    if alone:
        query = query.with_for_update(key_share=True)
    if (await connection.execute(query)).first() is None:
        what = "customer" if owner.kind is OwnerKind.CUSTOMER else "credit group"
        raise NotFound(f"There is no such {what}.")


def _owner(owner: Owner, *, tenant: str) -> sa.Select[int]:
    if owner.kind is OwnerKind.CUSTOMER:
        return sa.select(sa.literal(1)).where(customer.c.tenant == tenant, customer.c.customer == owner.id)
    return sa.select(sa.literal(1)).where(
        reference.c.tenant == tenant,
        reference.c.company == EVERY_COMPANY,
        reference.c.kind == owner.kind.value,
        reference.c.code == owner.id,
    )
