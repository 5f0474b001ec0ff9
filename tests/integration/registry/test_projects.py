"""Districts, projects and groups: what is refused, and by which code."""

import pytest
from sqlalchemy import text

from shared.events.registry import ProjectOpened
from tests.integration.registry.conftest import DISTRICT, PROJECT, Registry, events_of

BASIS = {"basis": "units", "percent": 85, "legal_ground": "样例"}


def test_a_district_is_opened_once_and_by_the_city(registry: Registry):
    body = {"district": DISTRICT, "name": "样例区"}
    first = registry.post("/districts", body, role="city", key="district-440303")
    again = registry.post("/districts", body, role="city", key="district-440303")

    assert (first.status_code, again.data, again.headers["Replayed"]) == (201, first.data, "true")
    assert registry.post("/districts", body, role="city").json["code"] == "district-open"
    assert registry.post("/districts", body, role="clerk").status_code == 403
    assert [district["district"] for district in registry.get("/districts", role="city").json["items"]] == [DISTRICT]


def test_a_code_that_belongs_to_no_district_is_refused(registry: Registry):
    refused = registry.post("/districts", {"district": "440302", "name": "无此区"}, role="city", district="440302")

    assert (refused.status_code, refused.json["code"]) == (422, "district-code-invalid")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ends_at": PROJECT["starts_at"]}, "period-empty"),
        ({"bases": [BASIS, BASIS]}, "basis-twice"),
        ({"series": ["cash", "cash"]}, "series-twice"),
        ({"bases": []}, "body-invalid"),
        ({"counting_rule": "most_units_signed"}, "body-invalid"),
        ({"colour": "blue"}, "body-invalid"),
        ({"name": "澄水湾\u0001片区"}, "body-invalid"),
    ],
)
def test_a_project_that_cannot_be_counted_is_not_opened(registry: Registry, change, code):
    registry.post("/districts", {"district": DISTRICT, "name": "样例区"}, role="city")

    assert registry.post("/projects", {**PROJECT, **change}).json["code"] == code


def test_a_project_needs_its_district(registry: Registry):
    assert registry.post("/projects", PROJECT).json["code"] == "district-not-open"


@pytest.mark.parametrize(
    "change", [{"name": "一\u0001组"}, {"officers": [{"staff_number": "G\u00851", "name": "邱敏"}]}]
)
def test_a_name_that_no_workbook_could_hold_is_refused(registry: Registry, change):
    refused = registry.post(f"/projects/{registry.project()}/groups", {"name": "一组", "officers": [], **change})

    assert (refused.status_code, refused.json["code"]) == (422, "body-invalid")


def test_opening_a_project_publishes_it_and_its_groups(registry: Registry):
    project_id = registry.project()
    group = {"name": "一组", "officers": [{"staff_number": "G01-1", "name": "邱敏"}]}
    formed = registry.post(f"/projects/{project_id}/groups", group)
    twice = registry.post(f"/projects/{project_id}/groups", group)

    assert formed.json["officers"][0]["name"] == "邱敏"
    assert registry.get(f"/projects/{project_id}/groups").json["items"] == [formed.json]
    assert (twice.status_code, twice.json["code"]) == (409, "group-formed")
    with registry.mechanism.connect() as connection:
        written = connection.execute(text("select type, topic, key, sequence from events order by id")).all()
    assert [row.type.split(".", 2)[2] for row in written] == [
        "district.opened.v1",
        "project.opened.v1",
        "group.formed.v1",
    ]
    assert written[1][1:] == (f"clearwater.{DISTRICT}.registry-project", project_id, 1)


def test_the_counting_rule_is_published(registry: Registry):
    registry.project()
    opened = registry.post("/projects", {**PROJECT, "name": "乙片区", "counting_rule": "any_unit_signed"})

    assert opened.json["counting_rule"] == "any_unit_signed"
    assert [event.counting_rule for event in events_of(registry, ProjectOpened)] == [
        "all_units_signed",
        "any_unit_signed",
    ]


def test_the_signing_plan_is_published_and_shown(registry: Registry):
    registry.project()
    plan = [{"at": "2026-11-28T00:00:00Z", "units": 0}, {"at": "2026-11-28T12:00:00Z", "units": 1_623}]
    opened = registry.post("/projects", {**PROJECT, "name": "乙片区", "signing_plan": plan})

    assert opened.json["signing_plan"] == plan
    first, second = events_of(registry, ProjectOpened)
    assert first.signing_plan == ()
    assert [point.model_dump(mode="json") for point in second.signing_plan] == plan


def test_every_place_at_which_the_signing_plan_does_not_rise_is_named(registry: Registry):
    registry.post("/districts", {"district": DISTRICT, "name": "样例区"}, role="city")
    rows = (
        ("2020-01-01T00:00:00Z", 0),
        ("2026-11-28T09:00:00Z", 9),
        ("2026-11-28T09:00:00Z", 8),
        ("2099-01-01T00:00:00Z", 9),
    )
    plan = [{"at": at, "units": units} for at, units in rows]

    refused = registry.post("/projects", {**PROJECT, "signing_plan": plan})

    assert (refused.status_code, refused.json["code"]) == (422, "signing-plan-disordered")
    assert [(fault["field"], fault["code"]) for fault in refused.json["facts"]["faults"]] == [
        ("/signing_plan/0/at", "plan-time"),
        ("/signing_plan/2/at", "plan-time"),
        ("/signing_plan/2/units", "plan-count"),
        ("/signing_plan/3/at", "plan-time"),
    ]


def test_a_project_of_another_district_is_not_found(registry: Registry):
    project_id = registry.project()

    for path in (f"/projects/{project_id}", f"/projects/{project_id}/roll"):
        assert registry.get(path, district="440305").status_code == 404
    assert registry.get("/projects", district="440305").json["items"] == []
    assert registry.post(f"/projects/{project_id}/roll", district="440305").status_code == 404


def test_lists_go_on_from_their_cursor(registry: Registry):
    for name in ("甲片区", "乙片区", "丙片区"):
        registry.project(name=name)
    first = registry.get("/projects?limit=2").json
    rest = registry.get(f"/projects?limit=2&cursor={first['next']}").json

    assert [item["name"] for item in first["items"] + rest["items"]] == ["甲片区", "乙片区", "丙片区"]
    assert rest["next"] is None


def test_a_change_without_an_idempotency_key_is_refused(registry: Registry):
    headers = registry.headers("city")
    body = {"district": DISTRICT, "name": "样例区"}
    refused = registry.app.test_client().post("/api/v1/districts", json=body, headers=headers)

    assert (refused.status_code, refused.json["code"]) == (400, "idempotency-key-missing")
