"""The address to serve on."""

import errno
import socket
import sys
import time
from typing import Final

from creditrisk.cli.exits import ExitCode, Failure

# A service killed a moment ago may have processes that are just letting go of it.
_TAKEN_SECONDS_MAX: Final = 2.0

_BACKLOG: Final = 2048
"""Callers that wait to be accepted."""

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not listened on


def bind(host: str, port: int) -> socket.socket:
    """Reserve the address; nobody is answered before somebody listens there.

    Raises:
        Failure: it cannot be had; the message says why, and what to set.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise Failure(f"CREDITRISK_HOST: {host} is no address.", ExitCode.ADDRESS) from None
    deadline = time.monotonic() + _TAKEN_SECONDS_MAX
    while True:
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise refusal(error, host=host, port=port) from None
            time.sleep(0.1)
        else:
            return listener


def listen(reserved: socket.socket, *, processes: int) -> list[socket.socket]:
    """Listen at a reserved address, once for each process; whoever connects waits until it is answered.

    Processes that share one listener race for its callers, and often one of them gets all that come at the
    same moment, for as long as these stay connected. Among several listeners Linux chooses anew for each
    caller; elsewhere, they are one and the same.

    Raises:
        OSError: somebody else was first to listen there.
    """
    reserved.listen(_BACKLOG)  # while it is the only one allowed to
    if sys.platform != "linux":
        return [reserved] * processes
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return [reserved, *(_beside(reserved) for _ in range(processes - 1))]


def _beside(listener: socket.socket) -> socket.socket:
    another = socket.socket(listener.family, socket.SOCK_STREAM)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        another.setsockopt(socket.SOL_SOCKET, option, 1)
    another.bind(listener.getsockname())
    another.listen(_BACKLOG)
    return another


def refusal(error: OSError, *, host: str, port: int) -> Failure:
    """Say why an address cannot be served on."""
    if error.errno == errno.EADDRINUSE:
        reason = f"Port {port} of {host} is taken. Stop what listens there, or choose another port"
    elif error.errno == errno.EACCES:
        reason = f"Port {port} needs rights this user does not have. Choose one above 1023"
    else:
        reason = f"{host} port {port} cannot be listened on ({error.strerror}). Choose another address"
    return Failure(f"{reason}: CREDITRISK_HOST, CREDITRISK_PORT.", ExitCode.ADDRESS)


def address_to_ask(host: str, port: int) -> str:
    """Give the URL under which this machine reaches a service that listens there."""
    reached = _EVERYWHERE.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"
