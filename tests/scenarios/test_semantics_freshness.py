"""A feed is as fresh as what it last wrote: what is refused says nothing of it."""

from typing import Any

from tests.api.feeds.bodies import NDJSON, ndjson
from tests.scenarios.erp import Erp, codes
from tests.service import JSON, eur, ok

ORDER: JSON = {"customer": "C-1", "total": eur("100.00"), "version": 5}
LINE: JSON = {"kind": "order", "number": "SO-1", **ORDER}


def test_a_version_that_conflicts_is_not_written(erp: Erp) -> None:
    erp.put("/v1/documents/order/SO-1", ORDER)
    conflicting = ORDER | {"total": eur("200.00"), "source": "crm"}
    assert erp.caller.put("/v1/documents/order/SO-1", json=conflicting).status_code == 409
    assert imported(erp, LINE | conflicting)["rejected"] == 1
    assert feeds(erp) == {"documents"}


def test_nor_is_the_deletion_of_what_was_never_there(erp: Erp) -> None:
    assert erp.caller.delete("/v1/documents/order/nowhere").status_code == 404
    gone = {"kind": "order", "number": "nowhere", "deleted": True, "source": "crm"}
    for query in ({}, {"atomic": "true"}):
        imported(erp, gone, **query)
    assert feeds(erp) == set()


def test_a_stream_is_written_where_one_of_its_lines_is(erp: Erp) -> None:
    erp.put("/v1/documents/order/SO-1", ORDER)
    lines = (LINE | {"total": eur("200.00"), "source": "crm"}, LINE | {"number": "SO-2", "source": "shop"})
    assert (imported(erp, *lines)["accepted"], feeds(erp)) == (1, {"documents", "shop"})
    imported(erp, LINE | {"number": "SO-3", "source": "erp"}, atomic="true")
    assert feeds(erp) == {"documents", "shop", "erp"}


def test_what_says_the_same_again_or_comes_late_was_heard_of(erp: Erp) -> None:
    erp.put("/v1/documents/order/SO-1", ORDER)
    erp.put("/v1/documents/order/SO-1", ORDER | {"version": 4, "source": "late"})
    erp.put("/v1/documents/order/SO-1", ORDER | {"version": 6, "source": "again"})
    assert feeds(erp) == {"documents", "late", "again"}


def test_a_refused_statement_leaves_a_stale_feed_stale(erp: Erp) -> None:
    erp.policy(max_feed_age={"crm": 3600}, on_stale="block")
    erp.put("/v1/documents/order/SO-1", ORDER)
    erp.caller.put("/v1/documents/order/SO-1", json=ORDER | {"total": eur("200.00"), "source": "crm"})
    answer = erp.check("order", "1.00")
    assert (answer["decision"], codes(answer)) == ("block", ["DATA_STALE"])
    erp.put("/v1/documents/order/SO-2", ORDER | {"source": "crm"})
    assert erp.check("order", "1.00")["decision"] == "allow"


def feeds(erp: Erp) -> set[str]:
    """The feeds that have written, as a check sees them."""
    return set(erp.check("order", "1.00")["freshness"])


def imported(erp: Erp, *lines: JSON, **query: str) -> Any:
    """What a stream of documents did."""
    return ok(erp.caller.post("/v1/documents:import", content=ndjson(lines), headers=NDJSON, params=query))
