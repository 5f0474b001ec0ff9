"""Queries of the register: lists page by cursor, names are masked, ids of another district are not found."""

from uuid import UUID

import pytest

from services.registry.domain import sample
from shared.events import roll
from shared.events.roll import Line
from tests.integration.registry.conftest import DISTRICT, Registry, workbook

LISTS = ("compounds", "buildings", "households", "right-holders", "units", "groups", "assignments")


@pytest.fixture
def project_id(registry: Registry) -> str:
    made = sample.made(seed=1, units=30, district=DISTRICT)
    opened = registry.project(made)
    registry.imported(opened, workbook(made))
    return opened


def everything(registry: Registry, path: str, *, role: str = "clerk", limit: int = 7) -> list[dict]:
    items, cursor = [], ""
    while True:
        page = registry.get(f"{path}?limit={limit}{cursor}", role=role).json
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"


def test_places_add_up_to_the_units(registry: Registry, project_id: str):
    units = everything(registry, f"/projects/{project_id}/units")
    buildings = everything(registry, f"/projects/{project_id}/buildings", limit=1)
    stairwells = [stairwell for building in buildings for stairwell in building["stairwells"]]
    households = everything(registry, f"/projects/{project_id}/households")
    compounds = everything(registry, f"/projects/{project_id}/compounds")

    assert len(units) == 30 == sum(item["units"] for item in stairwells) == sum(item["units"] for item in buildings)
    assert [(compound["compound"], compound["buildings"], compound["units"]) for compound in compounds] == [
        ("云汀里", 2, 30)
    ]
    assert sorted(unit for household in households for unit in household["units"]) == sorted(
        unit["unit_id"] for unit in units
    )
    assert registry.get(f"/buildings/{buildings[0]['building_id']}").json == buildings[0]
    assert [stairwell["stairwell"] for stairwell in buildings[0]["stairwells"]] == ["1单元", "2单元"]


@pytest.mark.parametrize("role", ["clerk", "city", "auditor"])
def test_right_holders_are_listed_once_and_masked(registry: Registry, project_id: str, role: str):
    listed = everything(registry, f"/projects/{project_id}/right-holders", role=role)
    units = everything(registry, f"/projects/{project_id}/units", role=role)

    owners = {holder["person_id"] for unit in units for holder in unit["right_holders"]}
    assert [line["person_id"] for line in listed] == sorted(owners)
    assert all(line["masked_name"].endswith("**") for line in listed)


def test_the_frozen_roll_proves_itself(registry: Registry, project_id: str):
    assert registry.get(f"/projects/{project_id}/roll/units").status_code == 404
    frozen = registry.post(f"/projects/{project_id}/roll").json
    lines = [
        Line(
            UUID(item["unit_id"]),
            UUID(item["household_id"]),
            item["area_hundredths_m2"],
            tuple((UUID(holder["person_id"]), holder["share"]) for holder in item["right_holders"]),
        )
        for item in everything(registry, f"/projects/{project_id}/roll/units", role="auditor")
    ]

    assert (roll.digest(lines), roll.totals(lines).model_dump()) == (frozen["digest"], frozen["totals"])


def test_an_id_of_another_district_is_not_found(registry: Registry, project_id: str):
    registry.post(f"/projects/{project_id}/roll")
    building_id = registry.get(f"/projects/{project_id}/buildings").json["items"][0]["building_id"]
    group_id = registry.get(f"/projects/{project_id}/groups").json["items"][0]["group_id"]
    paths = [f"/projects/{project_id}/{name}" for name in (*LISTS, "imports", "roll/units")]
    paths += [f"/buildings/{building_id}", f"/groups/{group_id}", f"/districts/{DISTRICT}"]

    assert {path: registry.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    assert {path: registry.get(path, district="440305").status_code for path in paths} == dict.fromkeys(paths, 404)


@pytest.mark.parametrize("name", LISTS)
def test_an_unknown_query_parameter_is_refused(registry: Registry, project_id: str, name: str):
    refused = registry.get(f"/projects/{project_id}/{name}?colour=blue")

    assert (refused.status_code, refused.json["code"]) == (422, "body-invalid")
    assert registry.get(f"/projects/{project_id}/{name}?cursor=nonsense").json["code"] == "cursor-invalid"
