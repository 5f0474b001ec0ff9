"""Does row level security separate the districts, and does a start find it damaged?"""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.service import database, row_security
from tests.integration.service.conftest import OURS, THEIRS, Kit
from tests.support.platform import Platform

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


def test_a_page_reads_one_snapshot(kit: Kit) -> None:
    with database.reading(kit.engine, granted=[OURS]) as page:
        assert page.connection.execute(_COUNT).scalar_one() == 0
        with database.begin(kit.engine, district=OURS) as tx:
            tx.connection.execute(_INSERT, {"d": OURS})
        assert page.connection.execute(_COUNT).scalar_one() == 0


def test_row_level_security_is_forced_for_the_owner_too(kit: Kit) -> None:
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
def test_a_start_finds_damaged_row_level_security(kit: Kit, damage: str) -> None:
    row_security.self_test(kit.engine, kit.mechanism)
    with kit.owner.begin() as owner:
        owner.execute(text(damage))

    with pytest.raises(row_security.Unprotected):
        row_security.self_test(kit.engine, kit.mechanism)


_AS_GRANTED = "district = any (string_to_array(current_setting('clearwater.granted', true), ','))"
_GRANTED = "coalesce(current_setting('clearwater.granted', true), '')"


@pytest.mark.parametrize(
    ("damage", "noticed"),
    [
        ("granted_rows on {} using (true)", "a district that is not granted"),
        (f"granted_rows on {{}} using ({_AS_GRANTED} or {_GRANTED} in ('', '*'))", "nothing is granted"),
        (f"granted_rows on {{}} using ({_AS_GRANTED})", "every grant"),
        ("bound_insert on {} with check (true)", "not bound: insert"),
        ("bound_update on {} with check (true)", "not bound: update row_probe set district = :absent"),
        ("bound_update on {} using (true) with check (true)", "not bound: update"),
        ("bound_delete on {} using (true)", "not bound: delete"),
    ],
)
def test_a_start_finds_the_same_damage_in_every_table(kit: Kit, damage: str, noticed: str) -> None:
    """The tables then equal the probe table: only an attempt to read and write shows the damage."""
    with kit.owner.begin() as owner:
        for table in ("row_probe", "notes", "idempotent_answers"):
            owner.execute(text("alter policy " + damage.format(table)))

    with pytest.raises(row_security.Unprotected, match=noticed):
        row_security.self_test(kit.engine)


def test_a_mechanism_without_grants_does_not_start(kit: Kit) -> None:
    row_security.mechanism_test(kit.mechanism)
    with pytest.raises(row_security.Unprotected, match="mechanism"):
        row_security.mechanism_test(kit.engine)


def test_a_role_that_owns_or_bypasses_is_refused(kit: Kit, platform: Platform) -> None:
    with pytest.raises(row_security.Unprotected, match="owns tables"):
        row_security.self_test(kit.owner)
    above = database.connect(platform.superuser_url(str(kit.engine.url.database)), application_name="kit")
    with pytest.raises(row_security.Unprotected, match="a superuser, bypasses"):
        row_security.self_test(above)
    above.dispose()


def test_a_grant_of_something_else_than_a_district_code_is_refused(kit: Kit) -> None:
    with (
        pytest.raises(ValueError, match="not a district code"),
        database.reading(kit.engine, granted=["440303,440305"]),
    ):
        pass
