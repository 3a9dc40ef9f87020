"""What processes started by a command owe to it."""

import multiprocessing
import os
import signal
import threading


def end_with_parent() -> None:
    """Stop in order when the process that started this one is gone: killed, it tells nobody.

    What this process holds, such as the address of a service, would stay taken.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="parent-watch").start()
