"""Journals decided and posted at the same moment: each resolves once, and none waits in a circle."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.api.adjustments.journals import line, season, submitted
from tests.service import eur, ok


def at_once(caller: httpx.Client, *paths: str) -> list[int]:
    """The statuses of calls made at the same moment."""
    with ThreadPoolExecutor(len(paths)) as pool:
        return sorted(answer.status_code for answer in pool.map(caller.post, paths))


def test_of_many_at_once_one_approves_and_one_posts(anna: httpx.Client, bert: httpx.Client) -> None:
    home = submitted(anna, line("C-1", "15000.00"), line("ALPS", "1.00"))

    assert at_once(bert, *[f"{home}/approve"] * 6) == [200] + [409] * 5
    assert at_once(bert, *[f"{home}/post"] * 6) == [200] + [409] * 5

    changes = ok(anna.get("/v1/customers/C-1/credit/history"))["items"]
    assert [each["source"] for each in changes] == ["direct", "adjustment"]


def test_who_posts_at_the_moment_of_an_approval_does_not_make_it_fail(
    anna: httpx.Client, bert: httpx.Client
) -> None:
    for n in range(4):
        home = submitted(anna, line("C-1", f"{n + 1}.00"), post_when_approved=True)
        with ThreadPoolExecutor(4) as pool:
            posting = [pool.submit(anna.post, f"{home}/post") for _ in range(3)]
            approved = ok(bert.post(f"{home}/approve"))
            statuses = [each.result().status_code for each in posting]
        assert approved["status"] == "posted"
        assert set(statuses) <= {200, 409}
    changes = ok(anna.get("/v1/customers/C-1/credit/history"))["items"]
    assert [each["source"] for each in changes] == ["direct", *["adjustment"] * 4]


def test_temporary_limits_of_one_owner_posted_at_once_have_numbers_of_their_own(
    anna: httpx.Client, bert: httpx.Client
) -> None:
    owners = ("C-1", "C-2", "ALPS")
    homes = []
    for n in range(6):
        # Half of them name their owners the other way round.
        lines = [season(owner, f"{n + 1}.00") for owner in owners[:: 1 if n % 2 else -1]]
        homes.append(submitted(anna, *lines, kind="temporary"))
        ok(bert.post(f"{homes[-1]}/approve"))

    assert at_once(bert, *(f"{home}/post" for home in homes)) == [200] * 6

    limits = ok(anna.get("/v1/customers/C-1/temporary-limits"))["items"]
    assert [each["no"] for each in limits] == [1, 2, 3, 4, 5, 6]
    assert len({each["limit"]["amount"] for each in limits}) == 6


def test_limits_posted_and_put_at_once_leave_versions_and_history_whole(
    anna: httpx.Client, bert: httpx.Client
) -> None:
    homes = []
    for n in range(4):
        lines = [line(owner, f"{n + 1}.00") for owner in ("C-1", "C-2", "ALPS")[:: 1 if n % 2 else -1]]
        homes.append(submitted(anna, *lines))
        ok(bert.post(f"{homes[-1]}/approve"))

    def put(n: int) -> int:
        body = {"limit": eur(f"{n + 100}.00")}
        return anna.put("/v1/customers/C-1/credit", json=body, headers={"If-Match": "*"}).status_code

    with ThreadPoolExecutor(8) as pool:
        putting = pool.map(put, range(4))
        posting = pool.map(lambda home: bert.post(f"{home}/post").status_code, homes)
        assert [*putting, *posting] == [200] * 8

    changes = ok(anna.get("/v1/customers/C-1/credit/history"))["items"]
    assert len(changes) == 1 + 8
    befores = sorted(each["before"]["limit"]["amount"] for each in changes[1:])
    afters = sorted(each["after"]["limit"]["amount"] for each in changes)
    now = ok(anna.get("/v1/customers/C-1/credit"))["limit"]["amount"]
    # Each change began where another ended.
    assert sorted([*befores, now]) == afters
