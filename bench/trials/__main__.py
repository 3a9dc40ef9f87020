"""Runs the trials one after the other; the exit code is 1 when a promise was broken."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from bench.trials import idempotency, read_your_writes, reserving, snapshot, soak
from bench.trials.promises import PromiseBroken

Trial = Callable[..., Iterator[str]]

TRIALS: Final[dict[str, Trial]] = {
    "reserving": reserving.run,
    "idempotency": idempotency.run,
    "snapshot": snapshot.run,
    "soak": soak.run,
    "read-your-writes": read_your_writes.run,
}


def main() -> int:
    """Run those asked for, or all."""
    asking = argparse.ArgumentParser(prog="python -m bench.trials", description=__doc__)
    asking.add_argument("trials", nargs="*", choices=[*TRIALS, []], help="which ones; none: all")
    asking.add_argument("--quick", action="store_true", help="small numbers, two minutes in all")
    asked = asking.parse_args()
    broken = [name for name in asked.trials or TRIALS if not _kept(name, quick=asked.quick)]
    print(f"broken: {', '.join(broken)}" if broken else "every promise was kept")
    return 1 if broken else 0


def _kept(name: str, *, quick: bool) -> bool:
    """Run one trial and show what it sees."""
    print(f"\n{name}", flush=True)
    began = time.monotonic()
    try:
        for line in TRIALS[name](quick=quick):
            print(f"  {line}", flush=True)
    except (AssertionError, PromiseBroken) as broken:  # what must be answered well is asserted
        print(f"  BROKEN: {broken}", flush=True)
        return False
    print(f"  kept, in {time.monotonic() - began:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
