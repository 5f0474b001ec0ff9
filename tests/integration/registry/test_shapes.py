"""Shapes of units: merged over two doors, on two storeys, below ground, shops."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.registry.domain import sample
from shared.events import codec
from shared.events.registry import UnitRegistered
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook


def shaped() -> sample.Sample:
    """The first unit includes a neighbour's door, the second has two storeys, the last is a shop in the basement."""
    made = sample.made(seed=1, units=20, district=DISTRICT)
    for building in made.buildings:
        building["floors_below"] = 1
    merged, duplex, shop = (lines_of(made, place) for place in (0, 1, 19))
    for line in merged:
        line["door"] = "101、199"
    for line in duplex:
        line["floor"] = "1至2"
    for line in shop:
        line.update(floor=-1, door="B101", use="商铺")
    return made


def lines_of(made: sample.Sample, place: int) -> list[dict]:
    code = list(dict.fromkeys(line["unit_code"] for line in made.holders))[place]
    return [line for line in made.holders if line["unit_code"] == code]


def test_every_shape_is_registered_and_published(registry: Registry):
    made = shaped()
    project_id = registry.project(made)
    report = registry.imported(project_id, workbook(made))
    assert report["state"] == "committed", report["listed"]

    units = {unit["unit_code"]: unit for unit in registry.get(f"/projects/{project_id}/units?limit=200").json["items"]}
    merged, duplex, shop = (units[lines_of(made, place)[0]["unit_code"]] for place in (0, 1, 19))
    assert (merged["door"], merged["top_floor"]) == ("101、199", None)
    assert (duplex["floor"], duplex["top_floor"]) == (1, 2)
    assert (shop["floor"], shop["use"]) == (-1, "commercial")
    with registry.mechanism.connect() as connection:
        payloads = connection.execute(
            text("select payload from events where type = :type"), {"type": UnitRegistered.declared.type}
        ).scalars()
        of_unit = {str(item.unit_id): item for item in (codec.decode(UnitRegistered, bytes(one)) for one in payloads)}
    assert (of_unit[duplex["unit_id"]].floor, of_unit[duplex["unit_id"]].top_floor) == (1, 2)
    assert registry.imported(project_id, workbook(made), commit=False)["changes"]["unchanged"] == 20


def test_a_door_of_a_merged_unit_is_refused_against_the_register_too(registry: Registry):
    made = shaped()
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made))
    for line in made.holders:
        line["unit_code"] = line["unit_code"][:-4] + "9" + line["unit_code"][-3:]
        line.pop("house_code", None)
    late = sample.Sample(made.name, made.buildings, lines_of(made, 0), made.groups)
    report = registry.imported(project_id, workbook(late), commit=False)

    assert [item["code"] for item in report["listed"]] == ["door-twice"]


def test_the_database_enforces_one_unit_per_door(registry: Registry):
    made = shaped()
    registry.imported(registry.project(made), workbook(made))

    with pytest.raises(IntegrityError), database.begin(registry.engine, district=DISTRICT) as tx:
        tx.connection.execute(
            text(
                "update units set (stairwell, door, revision) = ('1单元', '199、B7', revision + 1) where door = 'B101'"
            )
        )
