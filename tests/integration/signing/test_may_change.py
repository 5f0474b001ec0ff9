"""When each column of signing may change, as the service's role: declared below, and held against the grants and guards of the database.

A column without a line may not be granted for update. A line without a grant is out of date. A guard that a line names must exist.
"""

import pytest

from tests.support import may_change
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


def test_each_column_that_the_service_may_change_has_a_verdict_and_no_other_is_granted(urls: Database) -> None:
    assert may_change.updatable(urls) == set(MAY_CHANGE)


def test_each_verdict_has_the_guard_that_it_names(urls: Database) -> None:
    named = {(table, guard) for (table, _), (_, guard) in MAY_CHANGE.items() if guard}

    assert named - may_change.guards(urls) == set()


def test_rows_go_from_the_declared_tables_only_and_no_table_is_emptied(urls: Database) -> None:
    assert may_change.tables_with(urls, "delete") == set(MAY_GO)


@pytest.mark.parametrize("jump", may_change.JUMPS)
def test_the_service_cannot_leave_its_role(urls: Database, jump: str) -> None:
    may_change.assert_is_refused(urls, may_change.JUMPS[jump].format(service="signing", table="cases"))
