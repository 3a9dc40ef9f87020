"""Prometheus metrics of the HTTP edge, and the registry other parts add their own to."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

# A check takes a few milliseconds: the library's default buckets would put nearly all of them into the first.
_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_BOUNDS = (*map(floatToGoString, _SECONDS), "+Inf")

__all__ = ["CONTENT_TYPE", "Metrics"]


class _Durations:
    """How long requests of one route took: how many fell into each bucket, and all their seconds."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * len(_BOUNDS)
        self.seconds = 0.0


class _Requests(Collector):
    """Counts requests, and tells of them when it is asked.

    The event loop's thread alone counts, so this takes no locks, nor looks for exemplars: a request would
    spend on the library's own counters as much as on being parsed.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.answered: dict[tuple[str, str, int], int] = defaultdict(int)
        self.durations: dict[tuple[str, str], _Durations] = defaultdict(_Durations)

    def collect(self) -> Iterator[Metric]:
        """Give the figures of now."""
        answered = CounterMetricFamily(
            "creditrisk_http_requests", "Requests answered.", labels=("method", "route", "status")
        )
        for (method, route, status), count in self.answered.items():
            answered.add_metric((method, route, str(status)), count)
        yield answered
        took = HistogramMetricFamily(
            "creditrisk_http_request_duration_seconds",
            "From the request's arrival to the last byte of its answer.",
            labels=("method", "route"),
        )
        for labels, each in self.durations.items():
            took.add_metric(
                labels, list(zip(_BOUNDS, accumulate(each.buckets), strict=True)), sum_value=each.seconds
            )
        yield took
        yield GaugeMetricFamily(
            "creditrisk_http_requests_in_flight", "Requests being worked on.", value=self.in_flight
        )


class Metrics:
    """The metrics of one service process.

    Labels are method, route template and status, never a path or an identifier: their number is bounded by
    the routes. ``registry`` is public so that adapters can register pool gauges and domain counters.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = _Requests()
        self.registry.register(self._requests)

    def begin(self) -> None:
        """Count a request as being worked on."""
        self._requests.in_flight += 1

    def end(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request as answered after ``seconds``."""
        counted = self._requests
        counted.in_flight -= 1
        counted.answered[method, route, status] += 1
        durations = counted.durations[method, route]
        durations.buckets[bisect_left(_SECONDS, seconds)] += 1
        durations.seconds += seconds

    def render(self) -> bytes:
        """Write all metrics in the Prometheus text format."""
        return generate_latest(self.registry)
