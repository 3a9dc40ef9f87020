"""Prometheus metrics of the HTTP edge, and the registry other parts add their own to."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE

# A check takes a few milliseconds: the library's default buckets would put nearly all of them into the first.
_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

__all__ = ["CONTENT_TYPE", "Metrics"]


class Metrics:
    """The metrics of one service process.

    Labels are method, route template and status, never a path or an identifier: their number is bounded by
    the routes. ``registry`` is public so that adapters can register pool gauges and domain counters.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "creditrisk_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "creditrisk_http_request_duration_seconds",
            "From the request's arrival to the last byte of its answer.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        # Counted plainly, as it is seen and changed by the event loop's thread alone.
        self._in_flight = 0
        Gauge(
            "creditrisk_http_requests_in_flight", "Requests being worked on.", registry=self.registry
        ).set_function(lambda: self._in_flight)
        # Resolving labels costs more than counting; templates and statuses are few, so all are kept.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def begin(self) -> None:
        """Count a request as being worked on."""
        self._in_flight += 1

    def end(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request as answered after ``seconds``."""
        self._in_flight -= 1
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:
            children = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(method, route),
            )
            self._children[key] = children
        requests, duration = children
        requests.inc()
        duration.observe(seconds)

    def render(self) -> bytes:
        """Write all metrics in the Prometheus text format."""
        return generate_latest(self.registry)
