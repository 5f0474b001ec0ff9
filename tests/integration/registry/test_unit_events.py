"""A unit's events in the registry: what happened, when, by whom, with the ids by which logs, traces and other services know them."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.registry.domain import sample
from tests.integration.registry.conftest import DISTRICT, Registry, workbook

WHY = "权属资料复核"


@pytest.fixture
def project_id(registry: Registry) -> str:
    made = sample.made(seed=1, units=20, district=DISTRICT)
    opened = registry.project(made)
    registry.imported(opened, workbook(made))
    return opened


def a_unit(registry: Registry, project_id: str) -> dict:
    return registry.get(f"/projects/{project_id}/units").json["items"][0]


def events(registry: Registry, unit: dict, query: str = "", *, role: str = "clerk") -> list[dict]:
    answer = registry.get(f"/units/{unit['unit_id']}/events{query}", role=role)
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def journal(registry: Registry) -> set[str]:
    with registry.mechanism.connect() as connection:
        return {str(event_id) for event_id in connection.execute(text("select event_id from events")).scalars()}


def assign(registry: Registry, project_id: str, unit: dict, *, role: str = "command") -> dict:
    (group,) = registry.get(f"/projects/{project_id}/groups").json["items"]
    officer = next(officer for officer in group["officers"] if officer["staff_id"] != unit["staff_id"])
    body = {"group_id": group["group_id"], "staff_id": officer["staff_id"], "unit_ids": [unit["unit_id"]]}
    assert registry.post(f"/projects/{project_id}/assignments", body, role=role).json["changed"] == 1
    return {**officer, "group_name": group["name"]}


def test_a_first_registration_names_its_import_and_who_ordered_it(registry: Registry, project_id: str):
    unit = a_unit(registry, project_id)
    (came,) = registry.get(f"/projects/{project_id}/imports").json["items"]

    first = events(registry, unit)[-1]

    assert (first["fact"], first["revision"], first["by"]) == ("registered", 1, f"clerk-{DISTRICT}")
    assert (first["import_id"], first["at"]) == (came["import_id"], came["committed_at"])
    assert first["event_id"] in journal(registry) and len(first["trace_id"]) == 32


def test_an_assignment_names_the_officer_and_who_assigned(registry: Registry, project_id: str):
    unit = a_unit(registry, project_id)
    other = registry.get(f"/projects/{project_id}/units").json["items"][1]
    before = events(registry, other)
    officer = assign(registry, project_id, unit)

    newest = events(registry, unit)[0]

    assert (newest["fact"], newest["group_name"]) == ("assigned", officer["group_name"])
    assert (newest["officer_name"], newest["staff_number"]) == (officer["name"], officer["staff_number"])
    assert (newest["by"], newest["import_id"]) == (f"command-{DISTRICT}", None)
    assert newest["event_id"] in journal(registry)
    assert events(registry, other) == before


def test_two_assignments_at_the_same_time_of_day_keep_their_own_authors(registry: Registry, project_id: str):
    first, second = registry.get(f"/projects/{project_id}/units").json["items"][:2]
    assign(registry, project_id, first, role="clerk")
    assign(registry, project_id, second, role="command")

    assert events(registry, first)[0]["by"] == f"clerk-{DISTRICT}"
    assert events(registry, second)[0]["by"] == f"command-{DISTRICT}"


def test_a_correction_of_the_unit_or_of_its_owner_is_an_event_with_author_and_reason(
    registry: Registry, project_id: str
):
    unit = a_unit(registry, project_id)
    registry.patch(f"/units/{unit['unit_id']}", {"reason": WHY, "registered_area": "70.01"})
    person_id = unit["right_holders"][0]["person_id"]
    renamed = registry.patch(f"/people/{person_id}", {"name": "Ada Example", "reason": "护照译名"}, version=1)
    assert renamed.status_code == 200, renamed.text

    name, area = events(registry, unit)[:2]

    assert [(event["fact"], event["revision"], event["reason"]) for event in (name, area)] == [
        ("changed", 3, "护照译名"),
        ("changed", 2, WHY),
    ]
    assert (name["changed"], area["changed"]) == (["name"], ["registered_area"])
    (correction,) = registry.get(f"/units/{unit['unit_id']}/corrections").json["items"]
    assert (area["correction_id"], area["at"]) == (correction["correction_id"], correction["corrected_at"])
    assert {event["by"] for event in (name, area)} == {f"clerk-{DISTRICT}"}


@pytest.mark.parametrize(("role", "reads"), [("desk", False), ("officer", False), ("city", False), ("auditor", True)])
def test_author_and_reason_stay_with_who_may_read_corrections(
    registry: Registry, project_id: str, role: str, reads: bool
):
    unit = a_unit(registry, project_id)
    registry.patch(f"/units/{unit['unit_id']}", {"reason": WHY, "registered_area": "70.01"})

    found = events(registry, unit, role=role)

    assert [event["fact"] for event in found if event["fact"] != "assigned"] == ["changed", "registered"]
    assert (WHY in {event["reason"] for event in found}) is reads
    assert any(event["by"] for event in found) is reads


def test_the_list_goes_on_from_page_to_page(registry: Registry, project_id: str):
    unit = a_unit(registry, project_id)
    assign(registry, project_id, unit)
    whole = events(registry, unit)

    pages, cursor = [], ""
    while cursor is not None:
        answer = registry.get(f"/units/{unit['unit_id']}/events?limit=1{f'&cursor={cursor}' if cursor else ''}").json
        pages += answer["items"]
        cursor = answer["next"]

    assert pages == whole
    assert len({UUID(event["event_id"]) for event in whole}) == len(whole) >= 3


def test_a_unit_of_another_district_is_unknown(registry: Registry, project_id: str):
    unit = a_unit(registry, project_id)

    assert registry.get(f"/units/{unit['unit_id']}/events", district="440305").status_code == 404
    assert registry.get(f"/units/{uuid4()}/events").status_code == 404
