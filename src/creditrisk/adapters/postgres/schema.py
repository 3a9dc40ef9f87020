"""All tables of the service: a module's tables are known only once it has been imported."""

from typing import Final

from creditrisk.adapters.postgres import (
    adjustment_tables,
    hold_tables,
    report_tables,
    reservation_tables,
    tables,
)

METADATA: Final = tables.metadata

BESIDE: Final = (adjustment_tables, hold_tables, report_tables, reservation_tables)
"""The modules that add theirs to it."""
