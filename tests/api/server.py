"""Runs an application in a real uvicorn on a loopback port, for tests that need a real socket."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import uvicorn
from fastapi import FastAPI

from creditrisk.cli.http_protocol import ProblemProtocol

_START_SECONDS = 20


class Server(NamedTuple):
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def exchange(self, request: bytes) -> bytes:
        """Send raw bytes on a fresh connection and return all that comes back."""
        with socket.create_connection((self.host, self.port), timeout=10) as connection:
            connection.sendall(request)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        return answer


@contextmanager
def serve(app: FastAPI) -> Iterator[Server]:
    """Serve ``app`` until the block ends; its lifespan runs in the server's thread and event loop."""
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    config = uvicorn.Config(
        app, http=ProblemProtocol, log_config=None, access_log=False, ws="none", server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the server did not start; see the log above")
            time.sleep(0.01)
        yield Server(host, port)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
