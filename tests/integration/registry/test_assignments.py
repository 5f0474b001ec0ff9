"""Unit → group → officer: assigned one by one or by stairwell, published once, and unchanged by a re-import."""

import pytest

from services.registry.domain import sample
from shared.events.registry import GroupFormed, UnitAssigned
from tests.integration.registry.conftest import DISTRICT, Registry, events_of, workbook


@pytest.fixture
def made() -> sample.Sample:
    return sample.made(seed=1, units=30, district=DISTRICT)


@pytest.fixture
def project_id(registry: Registry, made: sample.Sample) -> str:
    opened = registry.project(made)
    registry.imported(opened, workbook(made))
    return opened


def groups(registry: Registry, project_id: str) -> dict[str, dict]:
    return {group["name"]: group for group in registry.get(f"/projects/{project_id}/groups").json["items"]}


def test_reassigning_a_stairwell_publishes_one_event_per_unit(registry: Registry, project_id: str, made):
    second = groups(registry, project_id)["二组"]
    officer = second["officers"][0]["staff_id"]
    place = {"compound": "云汀里", "building": "1栋", "stairwell": "2单元"}
    before = len(events_of(registry, UnitAssigned))
    body = {"group_id": second["group_id"], "staff_id": officer, **place}
    first = registry.post(f"/projects/{project_id}/assignments", body, key="stairwell")
    again = registry.post(f"/projects/{project_id}/assignments", body, key="stairwell")
    anew = registry.post(f"/projects/{project_id}/assignments", body)

    assert (first.status_code, first.json["units"], first.json["changed"]) == (201, 12, 12), first.text
    assert (again.data, again.headers["Replayed"]) == (first.data, "true")
    assert (anew.json["units"], anew.json["changed"]) == (12, 0)
    assigned_events = events_of(registry, UnitAssigned)[before:]
    listed = registry.get(f"/projects/{project_id}/assignments?staff_id={officer}&limit=200").json["items"]
    of_stairwell = [line["unit_id"] for line in listed if (line["building"], line["stairwell"]) == ("1栋", "2单元")]
    assert sorted(str(event.unit_id) for event in assigned_events) == sorted(of_stairwell)
    assert {str(event.staff_id) for event in assigned_events} == {officer}


def test_an_officer_lists_the_units_of_their_own_login(registry: Registry, project_id: str):
    """A login that no officer has owns nothing, and no login sees another's units by it."""
    officer = {"staff_number": "Q-77", "name": "邱敏", "subject": f"officer-{DISTRICT}"}
    group = registry.post(f"/projects/{project_id}/groups", {"name": "七组", "officers": [officer]}).json
    unit = registry.get(f"/projects/{project_id}/units?limit=1").json["items"][0]["unit_id"]
    body = {"group_id": group["group_id"], "staff_id": group["officers"][0]["staff_id"], "unit_ids": [unit]}
    registry.post(f"/projects/{project_id}/assignments", body)

    mine = registry.get(f"/projects/{project_id}/assignments?mine=true", role="officer").json
    others = registry.get(f"/projects/{project_id}/assignments?mine=true", role="desk").json

    assert [item["unit_id"] for item in mine["items"]] == [unit]
    assert others["items"] == []


def test_re_import_after_reassignment_leaves_the_unit_unchanged(
    registry: Registry, project_id: str, made: sample.Sample
):
    second = groups(registry, project_id)["二组"]
    body = {"group_id": second["group_id"], "compound": "云汀里", "building": "1栋"}
    assert registry.post(f"/projects/{project_id}/assignments", body).json["units"] == 24
    for line in made.holders:
        if line["building"] == "1栋":
            line["group"] = "二组"
            line.pop("officer")
    report = registry.imported(project_id, workbook(made), commit=False)

    assert report["changes"] == {"new": 0, "changed": 0, "unchanged": 30}, report["changed"]


def test_named_units_are_assigned_even_after_the_freeze(registry: Registry, project_id: str):
    registry.post(f"/projects/{project_id}/roll")
    units = [assignment["unit_id"] for assignment in registry.get(f"/projects/{project_id}/assignments").json["items"]][
        :3
    ]
    second = groups(registry, project_id)["二组"]["group_id"]
    given = registry.post(
        f"/projects/{project_id}/assignments", {"group_id": second, "unit_ids": units}, role="command"
    )

    assert (given.status_code, given.json["units"]) == (201, 3), given.text
    assert {registry.get(f"/units/{unit}").json["group_id"] for unit in units} == {second}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"compound": "无此小区"}, 422, "place-without-units"),
        ({"building": "1栋"}, 422, "body-invalid"),
        ({}, 422, "body-invalid"),
        ({"compound": "云汀里", "unit_ids": ["019ac2d4-0000-7000-8000-000000000001"]}, 422, "body-invalid"),
        ({"unit_ids": ["019ac2d4-0000-7000-8000-000000000001"]}, 404, "not-found"),
        ({"compound": "云汀里", "colour": "blue"}, 422, "body-invalid"),
        ({"compound": "云汀里", "group_id": "019ac2d4-0000-7000-8000-000000000001"}, 422, "unknown-group"),
        ({"compound": "云汀里", "staff_id": "019ac2d4-0000-7000-8000-000000000001"}, 422, "officer-not-in-group"),
    ],
)
def test_an_invalid_assignment_is_refused(registry: Registry, project_id: str, body: dict, status: int, code: str):
    group_id = groups(registry, project_id)["一组"]["group_id"]
    refused = registry.post(f"/projects/{project_id}/assignments", {"group_id": group_id, **body})

    assert (refused.status_code, refused.json["code"]) == (status, code)


def test_a_wrong_role_or_a_foreign_district_changes_no_assignment(registry: Registry, project_id: str):
    group_id = groups(registry, project_id)["一组"]["group_id"]
    body = {"group_id": group_id, "compound": "云汀里"}

    assert registry.post(f"/projects/{project_id}/assignments", body, role="officer").status_code == 403
    assert registry.post(f"/projects/{project_id}/assignments", body, district="440305").status_code == 404
    officer = {"staff_number": "G99-1", "name": "方静"}
    assert registry.post(f"/groups/{group_id}/officers", officer, role="officer").status_code == 403
    assert registry.post(f"/groups/{group_id}/officers", officer, district="440305").status_code == 404


def test_a_new_officer_publishes_the_whole_group(registry: Registry, project_id: str):
    group = groups(registry, project_id)["一组"]
    officer = {"staff_number": "G99-1", "name": "方静"}
    joined = registry.post(f"/groups/{group['group_id']}/officers", officer)
    twice = registry.post(f"/groups/{group['group_id']}/officers", officer)

    assert joined.json == registry.get(f"/groups/{group['group_id']}").json
    assert [item["name"] for item in joined.json["officers"]].count("方静") == 1
    assert len(events_of(registry, GroupFormed)[-1].officers) == len(group["officers"]) + 1
    assert (twice.status_code, twice.json["code"]) == (409, "officer-twice")
