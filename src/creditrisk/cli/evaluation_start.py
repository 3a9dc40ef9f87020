"""The beginning of the command `evaluate`, which the command imports before all that takes long to import."""

import multiprocessing
from multiprocessing.forkserver import ensure_running
from typing import Final

FORKING: Final = multiprocessing.get_context("forkserver")
"""Makes processes of one that has no threads and no connections."""


def import_beside() -> None:
    """Let the process of which others are made import what they need, while this one imports and connects."""
    FORKING.set_forkserver_preload(["creditrisk.cli.evaluation_process"])
    ensure_running()
