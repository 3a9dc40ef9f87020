"""A listener on the line to PostgreSQL, for tests of what the service sends there.

It passes every byte on and reads along: the frontend's messages of PostgreSQL's protocol, version 3.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.engine import make_url

_SSL_REQUEST = 80877103


@dataclass
class Line:
    """One connection to PostgreSQL: what it said at the beginning, and every statement it ran since."""

    options: dict[str, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    _prepared: dict[str, str] = field(default_factory=dict)
    _bound: str = ""

    def hear(self, kind: bytes, content: bytes) -> None:
        """Read one message of the client."""
        texts = content.split(b"\0")
        if kind == b"Q":
            self.statements.append(texts[0].decode())
        elif kind == b"P":
            self._prepared[texts[0].decode()] = texts[1].decode()
        elif kind == b"B":
            self._bound = self._prepared[texts[1].decode()]
        elif kind == b"E":
            self.statements.append(self._bound)


class Wiretap:
    """Stands between a service and its database."""

    def __init__(self, database_url: str) -> None:
        self._database = make_url(database_url)
        self.lines: list[Line] = []
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        """The address to give to the service."""
        host, port = self._listener.getsockname()
        here = self._database.set(host=host, port=port, query={})
        return here.render_as_string(hide_password=False)

    @contextmanager
    def listening(self) -> Iterator["Wiretap"]:
        """Listen until the block ends."""
        listens, ends = threading.Event(), asyncio.Event()
        thread = threading.Thread(target=asyncio.run, args=(self._listen(listens, ends),), daemon=True)
        thread.start()
        assert listens.wait(timeout=30)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(ends.set)
            thread.join()

    async def _listen(self, listens: threading.Event, ends: asyncio.Event) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, sock=self._listener)
        listens.set()
        await ends.wait()
        server.close()

    def forget(self) -> None:
        """Forget what was said so far; connections stay."""
        for line in self.lines:
            line.statements.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line()
        self.lines.append(line)
        try:
            answers, questions = await self._connect()
        except OSError:
            writer.close()
            return
        back = asyncio.create_task(_copy(answers, writer))
        try:
            questions.write(await _beginning(reader, writer, line))
            while True:
                head = await reader.readexactly(5)
                content = await reader.readexactly(int.from_bytes(head[1:]) - 4)
                line.hear(head[:1], content)
                questions.write(head + content)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client hung up
        finally:
            # Also where listening ends while the client is still there: nothing is left open.
            back.cancel()
            for end in (questions, writer):
                end.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._database.query.get("host", self._database.host), self._database.port or 5432
        if str(host).startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(str(host), port)


async def _beginning(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line) -> bytes:
    """Read how a connection begins, declining encryption, which could not be listened to."""
    while True:
        head = await reader.readexactly(8)
        content = await reader.readexactly(int.from_bytes(head[:4]) - 8)
        if int.from_bytes(head[4:]) != _SSL_REQUEST:
            texts = content.decode().split("\0")
            line.options = dict(zip(texts[::2], texts[1::2], strict=False))
            return head + content
        writer.write(b"N")


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
    writer.close()
