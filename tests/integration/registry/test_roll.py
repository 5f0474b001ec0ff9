"""A frozen roll: can anything still change who belongs to it?"""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.registry.domain import sample
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook

NEW_UNIT = """
    insert into units (district, project_id, building_id, household_id, unit_code, stairwell, floor, door, use, structure,
        registered_area, ownership, registered_at)
    select district, project_id, building_id, household_id, 'new', stairwell, floor, 'new', use, structure, 50, ownership, now()
    from units limit 1"""


@pytest.fixture
def frozen(registry: Registry) -> str:
    made = sample.made(seed=1, units=20, district=DISTRICT)
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made))
    assert registry.post(f"/projects/{project_id}/roll").status_code == 201
    return project_id


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("delete from units", "permission denied"),
        ("update units set registered_area = registered_area + 1", "is frozen"),
        (
            "update units set household_id = (select household_id from households order by household_id limit 1)",
            "is frozen",
        ),
        (NEW_UNIT, "is frozen"),
        ("update rolls set units = 1", "permission denied"),
        ("delete from rolls", "permission denied"),
        ("update roll_lines set area_hundredths_m2 = 1", "permission denied"),
        ("delete from roll_lines", "permission denied"),
    ],
)
def test_the_database_enforces_a_frozen_roll(registry: Registry, frozen: str, change: str, refusal: str):
    with pytest.raises(DBAPIError, match=refusal), database.begin(registry.engine, district=DISTRICT) as tx:
        tx.connection.execute(text(change))


def test_no_unit_joins_or_leaves_a_frozen_roll_by_its_project(registry: Registry, frozen: str):
    other = registry.project(name="另一个片区")
    with pytest.raises(DBAPIError, match="permission denied"), database.begin(registry.engine, district=DISTRICT) as tx:
        tx.connection.execute(text("update units set project_id = :other"), {"other": other})


def test_a_frozen_roll_allows_corrections_that_change_no_membership(registry: Registry, frozen: str):
    with database.begin(registry.engine, district=DISTRICT) as tx:
        changed = tx.connection.execute(text("update units set surveyed_area = 50, revision = revision + 1"))
    assert changed.rowcount == 20


def test_a_roll_is_frozen_once_and_takes_no_import_after_it(registry: Registry, frozen: str):
    again = registry.post(f"/projects/{frozen}/roll")
    late = registry.upload(frozen, workbook(sample.made(seed=1, units=20, district=DISTRICT)))

    assert [(item.status_code, item.json["code"]) for item in (again, late)] == [(409, "roll-frozen")] * 2


def test_an_empty_roll_is_not_frozen(registry: Registry):
    refused = registry.post(f"/projects/{registry.project()}/roll")

    assert (refused.status_code, refused.json["code"]) == (409, "roll-empty")
