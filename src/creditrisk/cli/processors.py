"""How many processors there are for us."""

import os


def processors() -> int:
    """Those this process may run on, where the system can tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
