"""The rows of the table, in its order; each name is one that `--only` takes."""

from collections.abc import Callable, Mapping
from typing import Final

from bench.rows.account import account_rows
from bench.rows.batch import batch_rows
from bench.rows.checking import check_rows
from bench.rows.curves import curve_rows
from bench.rows.deciding import decide_rows
from bench.rows.reserving import reserve_rows
from bench.rows.ruling import rule_rows
from bench.rows.snapshot import snapshot_rows
from bench.stage import Stage
from bench.table import Row

ALL_ROWS: Final[Mapping[str, Callable[[Stage], list[Row]]]] = {
    "check": check_rows,
    "rules": rule_rows,
    "account": account_rows,
    "reserve": reserve_rows,
    "snapshot": snapshot_rows,
    "decide": decide_rows,
    "batch": batch_rows,
    "curves": curve_rows,
}
