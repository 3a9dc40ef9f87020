"""The rows of the table, in its order; each name is one that `--only` takes."""

from collections.abc import Callable, Mapping
from typing import Final

from bench.rows.checking import check_rows
from bench.rows.reserving import reserve_rows
from bench.stage import Stage
from bench.table import Row

ALL_ROWS: Final[Mapping[str, Callable[[Stage], list[Row]]]] = {
    "check": check_rows,
    "reserve": reserve_rows,
}
