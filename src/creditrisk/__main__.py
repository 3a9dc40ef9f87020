"""`python -m creditrisk`, and the command `creditrisk`."""

import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line; an exception somebody can do something about ends it with a sentence."""
    from creditrisk.bootstrap.starting import collect_rarely

    collect_rarely()
    from creditrisk.cli.app import app
    from creditrisk.cli.exits import explain
    from creditrisk.cli.terminal import complain, log_to_people

    # So that whatever a command has started is stopped, too.
    signal.signal(signal.SIGTERM, _end)
    log_to_people()
    try:
        app()
    except Exception as error:
        explanation = explain(error)
        if explanation is None:
            raise
        complain(explanation.message)
        sys.exit(explanation.code)


def _end(signal_number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    main()
