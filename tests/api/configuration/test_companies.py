import httpx


def listed(caller: httpx.Client) -> list[tuple[str, str | None, int]]:
    answer = caller.get("/v1/companies").json()
    assert answer["next"] is None
    return [(each["company"], each["preset"], each["version"]) for each in answer["items"]]


def test_a_company_exists_from_its_first_write(admin: httpx.Client) -> None:
    assert listed(admin) == []

    admin.get("/v1/policy?company=west")
    admin.put("/v1/document-types/STD?company=east", json={})
    admin.put("/v1/rates?company=main", json={"rates": [rate()]})
    admin.put("/v1/policy?company=north", json={"preset": "duir"})

    assert listed(admin) == [("east", None, 0), ("main", "standard", 0), ("north", "duir", 1)]


def test_what_is_for_every_company_makes_none(admin: httpx.Client) -> None:
    admin.put("/v1/document-types/STD", json={})
    admin.put("/v1/reasons/R-1?company=east", json={"type": "hold"})
    admin.put("/v1/rates", json={"rates": [rate()]})

    assert listed(admin) == []


def test_a_refused_policy_makes_no_company(admin: httpx.Client) -> None:
    admin.put("/v1/policy?company=north", json={}, headers={"If-Match": '"7"'})

    assert listed(admin) == []


def test_companies_are_read_page_by_page(admin: httpx.Client) -> None:
    for company in ("c", "a", "b"):
        admin.put("/v1/policy", json={"company": company})

    first = admin.get("/v1/companies?limit=2").json()
    second = admin.get("/v1/companies", params={"limit": 2, "cursor": first["next"]}).json()

    assert [each["company"] for each in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next"] is None


def test_a_key_limited_to_companies_sees_only_these(admin: httpx.Client, northerner: httpx.Client) -> None:
    for company in ("north", "south"):
        admin.put("/v1/policy", json={"company": company})

    assert [company for company, _, _ in listed(northerner)] == ["north"]


def test_another_tenants_companies_are_not_listed(admin: httpx.Client, stranger: httpx.Client) -> None:
    admin.put("/v1/policy", json={})

    assert listed(stranger) == []


def rate() -> dict[str, str]:
    return {"from": "USD", "to": "EUR", "date": "2026-11-22", "rate": "0.5"}
