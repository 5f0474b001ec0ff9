"""When each column of signing may change, as the service's role: declared below, and held against the grants and guards of the database.

A column without a line may not be granted for update. A line without a grant is out of date. A guard that a line names must exist.
"""

from typing import Any

import pytest
from sqlalchemy import Row, TextClause, text

from shared.service import database as service_database
from tests.support.platform import Database

# By the consumer of the registry, at the freeze at the latest.
_RULE = ("with the registry's event, until the roll is frozen", "rules_stay_frozen")
_FACT = ("with a newer revision of the registry", "case_keeps_its_facts")
_TOTAL = ("once, when the roll is copied", "roll_stays_frozen")
_COUNT = ("with the feed and the roll", "changed_count_is_whole")
_ANNOUNCED = ("with the registry's event, until the roll is copied", "roll_stays_frozen")
_TALLY = ("by the triggers of what it adds up", "tallies_follow_their_tables")
_LATEST = ("with the registry's event: the latest one wins", "")
_TERMS = ("while it is a draft", "agreement_moves")

# (table, column): when it may change, and the trigger of the table that refuses it at another time.
MAY_CHANGE: dict[tuple[str, str], tuple[str, str]] = {
    ("cases", "project_id"): ("not at all: the statement that saves a case names it", "case_keeps_its_project"),
    ("cases", "revision"): ("forward, with the registry's event", "goes_on"),
    **{
        ("cases", column): _FACT
        for column in (
            *("unit_code", "compound", "building", "stairwell", "floor", "door", "area", "household_id", "ownership"),
            "rights_revision",
        )
    },
    ("cases", "rights_state"): ("by the acts on rights; confirmed rights must be whole", "confirmed_rights_are_whole"),
    ("cases", "area_disputed"): ("by the act of a desk, either way", ""),
    ("cases", "version"): ("forward", "goes_on"),
    ("mandates", "revoked_at"): ("once", "revoked_stays_revoked"),
    ("tasks", "done_at"): ("once", "goes_on"),
    **{("agreements", column): _TERMS for column in ("form", "series", "rule_set_version")},
    ("agreements", "state"): ("by the table of moves", "agreement_moves"),
    ("agreements", "lock_count"): ("by one, with a lock", "agreement_moves"),
    ("agreements", "effective_at"): ("once, with the effect", "agreement_moves"),
    ("agreements", "moved_at"): ("forward", "goes_on"),
    ("agreements", "version"): ("forward", "goes_on"),
    ("projects", "name"): _LATEST,
    **{
        ("projects", column): _RULE
        for column in ("series", "starts_at", "ends_at", "automatic", "bases", "counting_rule")
    },
    **{("projects", f"total_{basis}"): _TOTAL for basis in ("units", "households", "right_holders", "area")},
    **{("projects", f"signed_{basis}"): _COUNT for basis in ("units", "households", "right_holders", "area")},
    ("projects", "version"): ("forward", "goes_on"),
    **{
        ("rolls", column): _ANNOUNCED
        for column in ("digest", "units", "households", "right_holders", "area", "matched_at")
    },
    ("rolls", "frozen_at"): ("with the registry's event of the same digest", ""),
    ("roll_units", "signed"): ("with the agreement of the unit", "roll_is_as_agreed"),
    ("roll_parties", "signed"): ("with the units of the party", "party_is_as_its_units"),
    ("series", "last_number"): ("by one, with its number", "series_is_as_numbered"),
    ("series", "last_at"): ("forward, with its number", "series_is_as_numbered"),
    **{
        ("tallies", f"{of}_{basis}"): _TALLY
        for of in ("roll", "fed")
        for basis in ("units", "households", "right_holders", "area")
    },
    **{("groups", column): _LATEST for column in ("name", "officers", "staff")},
    **{("assignments", column): _LATEST for column in ("group_id", "staff_id")},
    **{
        ("staff", column): ("when the person acts under another name, role or number", "")
        for column in ("name", "roles", "staff_number", "noted_at")
    },
}
# Rows that go: what replaces them, or proves that they may.
MAY_GO = {
    "case_holders": "replaced with the case's data; confirmed ones must stay (confirmed_holders_stay)",
    "term_lines": "replaced while the agreement is a draft",
    "roll_holders": "replaced until the freeze; the copied roll has its own rows",
}
KIT = {
    *("row_probe", "idempotent_answers", "event_keys", "inbox", "positions", "lags", "parked", "quarantined", "outbox"),
}
_UPDATABLE = text("""
    select relname::text as "table", attname::text as "column" from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and attnum > 0 and not attisdropped
      and has_column_privilege('signing_app', pg_class.oid, attnum, 'update')
""")
_WITH = text("""
    select relname::text from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and has_table_privilege('signing_app', oid, :privilege)
""")
_GUARDS = text(
    "select tgrelid::regclass::text, tgname::text from pg_trigger where not tgisinternal and tgenabled = 'O'"
)
_JUMPS = {
    "turning triggers off": "set local session_replication_role = 'replica'",
    "another role": "set local role signing_owner",
    "the role of the relay": "set local role signing_mechanism",
    "a trigger of its own": "alter table cases disable trigger all",
    "a rule": "create rule silent as on update to cases do instead nothing",
    "a table of its own": "create table mine (a int)",
    "a function of its own": "create function mine() returns int language sql as 'select 1'",
    "a file of the server": "copy cases to '/tmp/cases'",
}


def _rows(urls: Database, statement: TextClause, **values: object) -> list[Row[Any]]:
    engine = service_database.connect(urls.app, application_name="test", pool_size=1)
    try:
        with engine.connect() as connection:
            return list(connection.execute(statement, values).all())
    finally:
        engine.dispose()


def test_each_column_that_the_service_may_change_has_a_verdict_and_no_other_is_granted(urls: Database) -> None:
    granted = {tuple(row) for row in _rows(urls, _UPDATABLE) if row.table not in KIT}

    assert granted == set(MAY_CHANGE)


def test_each_verdict_has_the_guard_that_it_names(urls: Database) -> None:
    guards = {tuple(row) for row in _rows(urls, _GUARDS)}
    named = {(table, guard) for (table, _), (_, guard) in MAY_CHANGE.items() if guard}

    assert named - guards == set()


def test_rows_go_from_the_declared_tables_only_and_no_table_is_emptied(urls: Database) -> None:
    assert {name for (name,) in _rows(urls, _WITH, privilege="delete")} - KIT == set(MAY_GO)
    assert _rows(urls, _WITH, privilege="truncate") == []
    assert _rows(urls, _WITH, privilege="trigger") == []


@pytest.mark.parametrize("jump", _JUMPS)
def test_the_service_cannot_leave_its_role(urls: Database, jump: str) -> None:
    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        _rows(urls, text(_JUMPS[jump]))
