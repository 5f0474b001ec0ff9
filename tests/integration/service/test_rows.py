"""Does the database itself keep the districts apart, and does a start notice when it no longer does?"""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.service import database, rows
from tests.integration.service.conftest import OURS, THEIRS, Kit

_INSERT = text("insert into notes (note_id, district, words) values (gen_random_uuid(), :d, 'w')")
_COUNT = text("select count(*) from notes")


def test_a_foreign_row_is_neither_seen_nor_written(kit: Kit) -> None:
    for district in (OURS, THEIRS):
        with database.begin(kit.engine, district=district) as tx:
            tx.connection.execute(_INSERT, {"d": district})

    with database.reading(kit.engine, granted=[OURS]) as tx:
        assert tx.connection.execute(_COUNT).scalar_one() == 1
    with database.reading(kit.engine, granted=["*"]) as tx:
        assert tx.connection.execute(_COUNT).scalar_one() == 2
    with kit.engine.connect() as unbound:
        assert unbound.execute(_COUNT).scalar_one() == 0
    with kit.mechanism.connect() as mechanism:
        assert mechanism.execute(_COUNT).scalar_one() == 2
    with pytest.raises(DBAPIError, match="row-level security"), database.begin(kit.engine, district=OURS) as tx:
        tx.connection.execute(_INSERT, {"d": THEIRS})
    with pytest.raises(DBAPIError, match="read-only"), database.reading(kit.engine, granted=["*"]) as tx:
        tx.connection.execute(_INSERT, {"d": OURS})


def test_the_owner_too_is_forced(kit: Kit) -> None:
    with database.begin(kit.engine, district=OURS) as tx:
        tx.connection.execute(_INSERT, {"d": OURS})

    with kit.owner.connect() as owner:
        assert owner.execute(_COUNT).scalar_one() == 0


@pytest.mark.parametrize(
    "damage",
    [
        "drop policy bound_delete on notes",
        "drop policy granted_rows on row_probe",
        "create policy generous on notes for select to kit_app using (true)",
        "alter policy granted_rows on notes using (true)",
        "alter policy bound_update on notes to public",
        "alter table notes disable row level security",
        "alter table notes no force row level security",
        "create table forgotten (district text)",
        "create table of_nobody (name text); grant select on of_nobody to kit_app",
        "create materialized view copied as select 'x' as name; grant select on copied to kit_app",
        "drop policy every_row on row_probe",
        "drop table row_probe",
    ],
)
def test_a_start_notices_damage(kit: Kit, damage: str) -> None:
    rows.self_test(kit.engine, kit.mechanism)
    with kit.owner.begin() as owner:
        owner.execute(text(damage))

    with pytest.raises(rows.Unprotected):
        rows.self_test(kit.engine, kit.mechanism)


def test_a_mechanism_that_sees_nothing_does_not_start(kit: Kit) -> None:
    rows.mechanism_test(kit.mechanism)
    with pytest.raises(rows.Unprotected, match="mechanism"):
        rows.mechanism_test(kit.engine)


def test_a_role_that_owns_or_bypasses_is_refused(kit: Kit) -> None:
    with pytest.raises(rows.Unprotected, match="owns tables"):
        rows.self_test(kit.owner)


def test_a_grant_that_is_no_district_code_is_refused(kit: Kit) -> None:
    with (
        pytest.raises(ValueError, match="not a district code"),
        database.reading(kit.engine, granted=["440303,440305"]),
    ):
        pass
