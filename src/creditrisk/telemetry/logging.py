"""One JSON object per log line on standard error, from our own code and from libraries alike.

Standard output belongs to commands whose result is read by programs. What is logged are ids, codes, counts
and times; never bodies, keys or names.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.typing import EventDict, Processor


def configure_logging(*, level: str = "INFO", stream: BinaryIO | None = None) -> None:
    """Send every log record of the process to ``stream`` (standard error) as JSON lines.

    ``level`` is the name of the lowest level that is written, as in the ``logging`` module. Calling it again
    replaces the earlier configuration for loggers not used yet.

    Raises:
        ValueError: if ``level`` is no level's name.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError("level must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL")
    output = stream if stream is not None else sys.stderr.buffer
    enrich: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Processor] = [
        # Local variables of a frame hold what must not be logged.
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False),
        ),
        _render,
    ]
    # Our own lines go straight from structlog to the stream: there is one for every request.
    structlog.configure(
        processors=[*enrich, *render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
    _capture_standard_library(number, _JsonLines(output, enrich, render))


LogRequest = Callable[[Mapping[str, Any]], None]
"""Writes the line that a request leaves."""


def log_request(said: Mapping[str, Any]) -> None:
    """Write the line of a request as every other line is written."""
    structlog.get_logger().info("request", **said)


def request_log() -> LogRequest:
    """What writes the same lines at less cost, as `configure_logging` has said by now.

    They say their ids themselves and tell of no exception. What other lines go through for that would cost a
    check as much as reading and validating it does.
    """
    if not structlog.get_logger().is_enabled_for(logging.INFO):
        return lambda _: None
    write = structlog.get_config()["logger_factory"]().msg

    def write_line(said: Mapping[str, Any]) -> None:
        now = datetime.now(UTC)  # noqa: TID251 - of the log alone, as the other lines have it
        line = {"event": "request", **said, "level": "info", "timestamp": now}
        write(orjson.dumps(line, option=orjson.OPT_UTC_Z))

    return write_line


class _JsonLines(logging.Handler):
    """Writes the records of libraries in the same form as our own."""

    def __init__(self, output: BinaryIO, enrich: list[Processor], render: list[Processor]) -> None:
        super().__init__()
        self._logger = structlog.BytesLogger(output)
        self._processors = [*enrich, *render]

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event: EventDict = {"event": record.getMessage(), "logger": record.name}
            if record.exc_info:
                event["exc_info"] = record.exc_info
            line: object = event
            for processor in self._processors:
                line = processor(None, record.levelname.lower(), line)  # type: ignore[arg-type] # any processor
            self._logger.msg(line)  # type: ignore[arg-type] # the renderer, last of them, makes bytes
        except Exception:  # noqa: BLE001 - a log line that cannot be written must not stop the work
            self.handleError(record)


def _capture_standard_library(level: int, handler: logging.Handler) -> None:
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
        logger.disabled = False
    # The service writes its own line per request, with the route and the request id.
    logging.getLogger("uvicorn.access").disabled = True


def _render(_logger: object, _method: str, event: EventDict) -> bytes:
    return orjson.dumps(event, default=repr)
