from creditrisk.telemetry.metrics import Metrics


def test_requests_are_counted_by_method_route_and_status() -> None:
    metrics = Metrics()
    for status in (200, 200, 404):
        metrics.begin()
        metrics.end(method="GET", route="/v1/things", status=status, seconds=0.004)
    metrics.begin()
    text = metrics.render().decode()
    assert 'creditrisk_http_requests_total{method="GET",route="/v1/things",status="200"} 2.0' in text
    assert 'creditrisk_http_requests_total{method="GET",route="/v1/things",status="404"} 1.0' in text
    assert 'duration_seconds_bucket{le="0.003",method="GET",route="/v1/things"} 0.0' in text
    assert 'duration_seconds_bucket{le="0.005",method="GET",route="/v1/things"} 3.0' in text
    assert "creditrisk_http_requests_in_flight 1.0" in text


def test_two_services_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.begin()
    assert "in_flight 0.0" in second.render().decode()
