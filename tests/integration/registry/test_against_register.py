"""A workbook leaves registered units out: they stay, no two units share a code, and each floor stays inside its building."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.registry.domain import sample
from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS_SHEET
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry
from tests.support.clerk import Clerk, citizen
from tests.support.spreadsheet import Value

HIGH_UP = {"floor": "17至18", "stairwell": "2单元"}


@pytest.fixture
def project_id(registry: Registry) -> str:
    """With a unit high up in the second stairwell of the first building, one in its basement, and one in another building."""
    clerk = Clerk()
    clerk.building()
    clerk.unit(**HIGH_UP)
    clerk.unit(floor=-1)
    clerk.unit(building="2栋", house_code=None)
    opened = registry.project(sample.Sample("", [], [], clerk.groups))
    assert registry.imported(opened, clerk.file())["state"] == "committed"
    return opened


def later() -> Clerk:
    """With units of its own."""
    return Clerk(units=100)


def named(registry: Registry, project_id: str, clerk: Clerk) -> set[tuple[str, str, str]]:
    report = registry.imported(project_id, clerk.file(), commit=False)
    return {(line["sheet"], line["cell"], line["code"]) for line in report["listed"]}


def test_a_house_code_belongs_to_one_unit(registry: Registry, project_id: str):
    first, second = registry.get(f"/projects/{project_id}/units").json["items"][:2]
    clerk = later()
    clerk.unit(house_code=first["house_code"])
    assert named(registry, project_id, clerk) == {(HOLDERS_SHEET, "G2", "house-code-twice")}

    correction = {"reason": "按房产证更正", "house_code": first["house_code"]}
    refused = registry.patch(f"/units/{second['unit_id']}", correction)
    assert refused.status_code == 422, refused.text
    assert refused.json["facts"]["faults"] == [{"field": "/house_code", "code": "house-code-twice"}]
    with pytest.raises(IntegrityError), database.begin(registry.engine, district=DISTRICT) as tx:
        tx.connection.execute(text("update units set house_code = :house_code, revision = revision + 1"), correction)


def test_two_units_of_one_workbook_may_exchange_their_house_codes(registry: Registry, project_id: str):
    codes = [unit["house_code"] for unit in registry.get(f"/projects/{project_id}/units").json["items"]]
    clerk = Clerk()
    clerk.building()
    clerk.unit(**HIGH_UP, house_code=codes[1])
    clerk.unit(floor=-1, house_code=codes[0])
    report = registry.imported(project_id, clerk.file())

    assert (report["state"], report["changes"]["changed"]) == ("committed", 2), report["listed"]


def test_a_building_code_belongs_to_one_building(registry: Registry, project_id: str):
    clerk = later()
    code = clerk.buildings.rows[2]["building_code"]
    clerk.buildings.rows = {2: {**clerk.buildings.rows[2], "building": "7栋"}}
    clerk.unit(building="7栋")
    assert named(registry, project_id, clerk) == {(BUILDINGS_SHEET, "C2", "building-code-twice")}

    with pytest.raises(IntegrityError), database.begin(registry.engine, district=DISTRICT) as tx:
        tx.connection.execute(text("update buildings set building_code = :code"), {"code": code})


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("floors_above", 17, ("E2", "floor-outside")),
        ("floors_below", 0, ("F2", "floor-outside")),
        ("stairwells", 1, ("D2", "stairwell-outside")),
        ("building_code", "4403030010010000777", ("C2", "house-code-building")),
    ],
)
def test_a_building_does_not_shrink_under_units_that_stay(
    registry: Registry, project_id: str, column: str, value: Value, fault: tuple[str, str]
):
    clerk = later()
    clerk.unit(house_code=None)
    clerk.buildings.rows[2] = {**clerk.buildings.rows[2], column: value}

    assert named(registry, project_id, clerk) == {(BUILDINGS_SHEET, *fault)}


@pytest.mark.parametrize(
    ("registered", "written", "code"),
    [
        ("买买提·艾力", "买买提\u2022艾力", None),
        ("买买提\u30fb艾力", "买买提·艾力", None),
        ("买买提·艾力", "买买提.艾力", "person-name-registered-signs"),
        ("Ada Example", "Ada EXAMPLE", "person-name-registered-capitals"),
        ("金安", "\uf90a安", "person-name-registered-variant"),
        ("金安", "金柏", "person-name-differs"),
    ],
)
def test_a_name_unlike_the_registered_one_says_why(registry: Registry, registered: str, written: str, code: str | None):
    """In a workbook, at a correction, of a tenant."""
    first, again = Clerk(), later()
    first.unit("单独所有", {"name": registered, "document_number": citizen("19600101")})
    again.unit("单独所有", {"name": written, "document_number": citizen("19600101")})
    opened = registry.project(sample.Sample("", [], [], first.groups))
    assert registry.imported(opened, first.file())["state"] == "committed"

    assert named(registry, opened, again) == ({(HOLDERS_SHEET, "O2", code)} if code else set())
    (unit,) = registry.get(f"/projects/{opened}/units").json["items"]
    person = {"name": written, "document_type": "citizen_id", "document_number": citizen("19600101")}
    changed = registry.patch(
        f"/units/{unit['unit_id']}", {"reason": "按房产证更正", "right_holders": [{"person": person}]}
    )
    let = registry.post(f"/units/{unit['unit_id']}/tenants", person)
    assert (changed.status_code, let.status_code) == ((422, 422) if code else (200, 201)), (changed.text, let.text)
    for answer in (changed, let) if code else ():
        assert [fault["code"] for fault in answer.json["facts"]["faults"]] == [code]
