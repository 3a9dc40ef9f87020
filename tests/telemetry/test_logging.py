import io
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from creditrisk.telemetry.logging import configure_logging, log_request, request_log


@pytest.fixture
def stream() -> Iterator[io.BytesIO]:
    """What is logged, with the process's own configuration put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.BytesIO()
    root.handlers, root.level = handlers, level
    logging.getLogger("uvicorn.access").disabled = False
    structlog.reset_defaults()


def lines(stream: io.BytesIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_and_those_of_libraries_look_alike(stream: io.BytesIO) -> None:
    configure_logging(stream=stream)
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger().info("stored", papers=3)
        logging.getLogger("some.library").warning("odd %s", "thing")
    ours, theirs = lines(stream)
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {"event": "stored", "papers": 3, "request_id": "r-1", "level": "info"}
    assert theirs.pop("timestamp").endswith("Z")
    assert theirs == {"event": "odd thing", "logger": "some.library", "request_id": "r-1", "level": "warning"}


def test_the_line_of_a_request_is_the_same_whichever_way_it_is_written(stream: io.BytesIO) -> None:
    configure_logging(stream=stream)
    said = {"request_id": "r-1", "traceparent": None, "status": 200, "ms": 1.25}
    log_request(said)
    request_log()(said)
    plain, quick = lines(stream)
    assert [len(line.pop("timestamp")) for line in (plain, quick)] == [27, 27]
    assert plain == quick == {"event": "request", "level": "info", **said}


def test_lines_below_the_level_are_not_written(stream: io.BytesIO) -> None:
    configure_logging(level="warning", stream=stream)
    structlog.get_logger().info("quiet")
    request_log()({"status": 200})
    logging.getLogger("some.library").info("quiet")
    assert stream.getvalue() == b""


def test_an_exception_is_written_without_local_variables(stream: io.BytesIO) -> None:
    configure_logging(stream=stream)
    password = "hunter2"
    try:
        int("broken")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("some.library").exception("failed too")
    assert [line["exception"][0]["exc_type"] for line in lines(stream)] == ["ValueError", "ValueError"]
    assert password.encode() not in stream.getvalue()


def test_the_servers_own_access_log_is_off(stream: io.BytesIO) -> None:
    configure_logging(stream=stream)
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("uvicorn.error").info("started")
    assert [line["event"] for line in lines(stream)] == ["started"]


def test_an_unknown_level_is_refused(stream: io.BytesIO) -> None:
    with pytest.raises(ValueError, match="DEBUG"):
        configure_logging(level="loud", stream=stream)
