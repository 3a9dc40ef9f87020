"""How much is measured: everything, or less of it in under three minutes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Sizes of one run; rows name the ones they used."""

    name: str
    slices: int
    """How often a load and its yardstick take turns."""
    slice_seconds: int
    accounts: int
    """Accounts that checks are spread over."""
    rules: int
    """Rules of the tenant that has many; each takes longer to set than the one before."""
    large_account: int
    """Open papers of the large account."""
    snapshot_entries: int
    batch_accounts: int
    curve_slices: int
    curve_seconds: int
    curve_papers: tuple[int, ...]
    curve_connections: tuple[int, ...]
    curve_accounts: tuple[int, ...]


FULL = Sizes(
    name="full",
    slices=7,
    slice_seconds=4,
    accounts=1_000,
    rules=1_000,
    large_account=1_000_000,
    snapshot_entries=1_000_000,
    batch_accounts=100_000,
    curve_slices=3,
    curve_seconds=3,
    curve_papers=(10, 100, 1_000, 10_000, 100_000, 1_000_000),
    curve_connections=(1, 2, 4, 8, 16),
    curve_accounts=(100, 1_000, 10_000, 100_000),
)

QUICK = Sizes(
    name="quick",
    slices=2,
    slice_seconds=1,
    accounts=300,
    rules=100,
    large_account=20_000,
    snapshot_entries=20_000,
    batch_accounts=500,
    curve_slices=1,
    curve_seconds=1,
    curve_papers=(10, 20_000),
    curve_connections=(1, 16),
    curve_accounts=(50, 500),
)
