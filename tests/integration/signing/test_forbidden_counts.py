"""Forbidden SQL on hands, papers, confirmed rights, counters, counts and districts: refused for every role."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from shared.service import database as service_database
from tests.integration.signing.given import (
    BY_AGENT,
    DAY,
    DRAFT,
    LOCK,
    MANDATE,
    MATCHED_AGAIN,
    NINE,
    NUMBER,
    RAISE,
    SELF,
    SIGN,
    TO,
    TOTALS,
    Given,
    announced,
    beside_a_child,
    confirmed_jointly,
    corrected,
    frozen,
    frozen_beside_a_neighbour,
    half_signed,
    incapable_elsewhere,
    latched,
    locked,
    mandated_after_the_lock,
    mandated_to_a_company,
    mandated_to_a_minor,
    of_a_child,
    open_case,
    refused,
    reviewed,
    signed,
)
from tests.support.platform import Database
from tests.support.signing import District

BREACHES: dict[str, tuple[Callable[[District], Given], str, str]] = {
    "a mandate to oneself": (open_case, MANDATE.format(hand=":o", kind="agent"), "may not be given a mandate"),
    "a mandate to a child": (beside_a_child, MANDATE.format(hand=":agent", kind="agent"), "may not be given a mandate"),
    "a guardian for whom nobody has to guard": (open_case, MANDATE.format(hand=":agent", kind="guardian"), "no such mandate"),
    "a child's own hand as its guardian": (
        of_a_child,
        MANDATE.format(hand=":agent", kind="guardian") + "; " + SIGN.format(
            hand=":o", capacity="guardian", mandate="(select mandate_id from mandates)", at=NINE),
        "may not sign",
    ),
    "a minor's hand for another": (
        mandated_to_a_minor, BY_AGENT.format(capacity="agent", at=NINE), "may not sign for another"
    ),
    "the own hand of one whom another unit calls incapable": (
        incapable_elsewhere, SELF.format(at=NINE), "may not sign for themselves"
    ),
    "a company's hand for another": (
        mandated_to_a_company, BY_AGENT.format(capacity="agent", at=NINE), "may not sign for another"
    ),
    "a paper that nobody has seen": (
        mandated_after_the_lock, BY_AGENT.format(capacity="agent", at=NINE), "nobody has seen"
    ),
    "a signature that nobody took": (
        locked, SELF.format(at=NINE).replace(", 'x')", ", null)"), "signatures_taken_by_check"
    ),
    "a hand before the other one": (half_signed, SELF.format(at="2026-11-28 01:00Z"), "goes back in time"),
    "a confirmed holder gone": (confirmed_jointly, "delete from case_holders where person_id = :o", "confirmed otherwise"),
    "all confirmed holders gone": (locked, "delete from case_holders", "not whole"),
    "a confirmed holder more": (
        confirmed_jointly,
        "insert into case_holders values (:d, :unit, :agent, 9, 'x', 'natural', true, null, null, null)",
        "confirmed otherwise",
    ),
    "a confirmed holder another": (
        confirmed_jointly,
        "update case_holders set person_id = gen_random_uuid() where person_id = :other",
        "confirmed otherwise|permission denied",
    ),
    "a confirmed child grown up": (of_a_child, "update case_holders set capable = true", "confirmed otherwise|permission denied"),
    "confirmed as something else": (
        locked,
        "update case_holders set capable = false; update cases set confirmed_as = 'x'",
        "confirmed otherwise|permission denied",
    ),
    "a lock on a stranger": (reviewed, LOCK.format(person="gen_random_uuid()", capable="capable"), "nobody has confirmed"),
    "a lock on another capability": (reviewed, LOCK.format(person="person_id", capable="false"), "nobody has confirmed"),
    "a case that unlearns": (locked, "update cases set revision = revision - 1", "goes back|check constraint"),
    "a version counted back": (locked, "update cases set version = version - 1", "goes back"),
    "a version of an agreement counted back": (locked, "update agreements set version = 1", "goes back"),
    "a version of a project counted back": (open_case, "update projects set version = 0", "goes back"),
    "an agreement back in time": (locked, "update agreements set moved_at = moved_at - interval '1s'", "goes back"),
    "an agreement without its time": (locked, "update agreements set moved_at = null", "goes back"),
    "a series counted back": (signed, "update series set last_number = 0, last_at = null", "goes back|says"),
    "a series counted on": (signed, "update series set last_number = last_number + 1", "the series says"),
    "a series counted far on": (signed, "update series set last_number = 9", "goes back"),
    "a series at another instant": (signed, "update series set last_at = last_at + interval '1h'", "the series says"),
    "a series that begins at nine": (open_case, "insert into series values (:d, :p, 'cash', 9, now())", "the series says"),
    "counts raised to the totals": (frozen, f"update projects set {RAISE}", "add up to"),
    "counts raised and latched": (
        frozen, f"update projects set {RAISE}; insert into latches values (:d, :p, now(), '[]')", "add up to"
    ),
    "counts raised by a fact": (
        frozen,
        f"update projects set {RAISE}; " + MATCHED_AGAIN,
        "add up to|has not happened",
    ),
    "counts lowered": (latched, "update projects set signed_units = 0", "add up to"),
    "a roll signed by a hand in the database": (
        frozen,
        f"update projects set {RAISE}; update roll_units set signed = true; update roll_parties set signed = units",
        "add up to|agreements do not",
    ),
    "a roll unsigned by a hand in the database": (latched, "update roll_units set signed = false", "add up to|agreements do not"),
    "a household signed for more": (
        frozen_beside_a_neighbour, "update roll_parties set signed = units", "add up to|not signed for so many"
    ),
    "signed past the roll": (
        frozen_beside_a_neighbour,
        "update agreements set state = 'rescinded'; insert into detachments values (:d, :a, 'other', 'x', now())",
        "agreements do not|does not tell",
    ),
    "tallies with other sums": (latched, "update tallies set roll_units = 0", "what they add up"),
    "tallies made up": (
        open_case, "insert into tallies (district, project_id, fed_units) values (:d, :p, 1)", "what they add up"
    ),
    "a number that the feed does not tell": (
        locked,
        f"{SELF.format(at=NINE)}; {NUMBER.format(series='cash', at=NINE)}; {TO.format('signed')}",
        "does not tell",
    ),
    "a signing that was none": (
        frozen_beside_a_neighbour,
        DRAFT.format("", "'drafted'").replace("unit_id = :unit", "unit_id <> :unit")
        + "; insert into counted select :d, :p, 3, 'signed', agreement_id, 0, 0, 0, 0, now() from agreements where state = 'drafted'",
        "has not happened",
    ),
    "an undoing that was none": (
        latched, "insert into counted values (:d, :p, 3, 'undone', :a, 0, 0, 0, 0, now())", "has not happened"
    ),
    "an effect that counts": (
        latched, "insert into counted values (:d, :p, 3, 'effective', :a, 1, 0, 0, 0, now())", "counted_effective_check"
    ),
    "a roll of totals only": (
        announced,
        "update rolls set matched_at = now(); " + TOTALS,
        "not whole",
    ),
    "totals without a roll": (
        open_case,
        TOTALS,
        "not whole",
    ),
    "a roll matched by nothing": (announced, "update rolls set matched_at = now()", "not whole"),
    "a day of facts to come": (
        signed, DAY.format(on="2026-11-26", restatement=0).replace("0, '{}'", "9, '{}'", 1), "not closed like this"
    ),
    **{
        f"other {column} after the freeze": (announced, f"update projects set {column} = {value}", "rules with it")
        for column, value in {
            "bases": "'[]'",
            "starts_at": "starts_at - interval '1 day'",
            "ends_at": "ends_at + interval '1 day'",
            "automatic": "not automatic",
            "series": "'{cash}'",
            "counting_rule": "'any_unit_signed'",
        }.items()
    },
    **{
        f"a unit moved to another project, {after.__name__}": (
            after, "update cases set project_id = gen_random_uuid(), revision = revision + 1", "gets another project"
        )
        for after in (open_case, frozen, signed)
    },
    **{
        f"another {column} without a revision": (open_case, f"update cases set {column} = {value}", "without a revision")
        for column, value in {
            **dict.fromkeys(("unit_code", "compound", "building", "stairwell", "door"), "'x'"),
            "floor": "floor + 1",
            "ownership": "'joint'",
        }.items()
    },
    "rights of the revision before": (
        corrected, "update cases set rights_revision = 1, revision = revision + 1", "cases goes back"
    ),
    **{
        f"another {column} of a row of {table}": (
            signed, f"update {table} set {column} = {value}", f"{table} goes back|permission denied"
        )
        for table, column, value in (
            ("cases", "unit_id", "gen_random_uuid()"),
            ("cases", "opened_at", "opened_at - interval '1s'"),
            ("projects", "project_id", "gen_random_uuid()"),
            ("series", "project_id", "gen_random_uuid()"),
            ("series", "series", "'exchange'"),
        )
    },
    "another household without a revision": (
        open_case, "update cases set household_id = gen_random_uuid()", "without a revision"
    ),
    "another area without a revision": (signed, "update cases set area = area + 1", "without a revision"),
    "rights as of another revision": (
        open_case, "update cases set revision = 3; update cases set rights_revision = 3", "without a revision"
    ),
    "a mandate before the review that did not see it": (
        locked, MANDATE.format(hand=":agent", kind="agent").replace("now()", "'2026-01-01'"), "before a review"
    ),
    "an agreement of another project": (
        open_case, DRAFT.format("", "'drafted'").replace("unit_id, project_id, 'cash'", "unit_id, gen_random_uuid(), 'cash'"),
        "of another project",
    ),
}  # fmt: skip


@pytest.mark.parametrize("breach", BREACHES)
def test_no_role_may_change_a_hand_a_confirmation_or_a_count_against_the_rules(
    district: District, urls: Database, breach: str
) -> None:
    after, statements, complaint = BREACHES[breach]
    given = after(district)

    for address in (urls.app, urls.owner):
        refused(district, address, given, statements, complaint)


# Every foreign key of the tables that have a district, as the database has it.
_KEYS = """
    select conrelid::regclass::text as child, confrelid::regclass::text as parent, (
               select array_agg(attname::text order by place) from unnest(conkey) with ordinality as named (attnum, place)
               join pg_attribute using (attnum) where attrelid = conrelid) as columns
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace
"""
# Keys inside one unit, day or event: another key of the same row includes the district.
_WITHIN = {("agreements", "agreements"), ("days", "days"), ("unsent", "events")}


def test_every_foreign_key_includes_the_district(district: District) -> None:
    keys = [row for row in district.rows(_KEYS) if (row.child, row.parent) not in _WITHIN]

    assert len(keys) > 20
    assert [row for row in keys if row.columns[0] != "district"] == []


_HUNG = {
    "case_holders": ":e, unit_id, gen_random_uuid(), 1, 'x', 'natural', true, null, null, null from cases",
    "roll_holders": ":e, unit_id, gen_random_uuid(), null from cases",
    "tasks": ":e, gen_random_uuid(), unit_id, 'x', now(), null from cases",
    "acts": ":e, gen_random_uuid(), unit_id, null, 'x', '', '{}', 'x', now() from cases",
    "assignments": ":e, unit_id, gen_random_uuid(), null from cases",
    "groups": ":e, gen_random_uuid(), project_id, 'x', '{}' from projects",
    "rolls": ":e, project_id, 'x', 1, 1, 1, 1, now(), null from projects",
    "series": ":e, project_id, 'cash', 0, null from projects",
    "roll_units": ":e, project_id, gen_random_uuid(), gen_random_uuid(), 1, false from rolls",
    "roll_parties": ":e, project_id, 'household', gen_random_uuid(), 1, 1, 0 from rolls",
    "counted": ":e, project_id, 1, 'matched', null, 0, 0, 0, 0, now() from projects",
    "closings": ":e, project_id, false, now(), 'x' from projects",
}


@pytest.mark.parametrize("table", _HUNG)
def test_a_row_of_one_district_on_a_unit_or_project_of_another_is_refused(
    district: District, urls: Database, table: str
) -> None:
    unit = district.register()
    district.receive(district.frozen())
    statement = f"insert into {table} select {_HUNG[table]}"

    for address in (urls.app, urls.owner):
        engine = service_database.connect(address, application_name="test", pool_size=1)
        try:
            with pytest.raises(
                DBAPIError, match=r"foreign key|of another district|duplicate key|does not close|no more"
            ):
                carry_out_over_both(engine, statement, {"unit": unit, "e": "440305"})
        finally:
            engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        """insert into cases select (jsonb_populate_record(
           cases, jsonb_build_object('district', cast(:e as text), 'unit_id', gen_random_uuid()))).* from cases""",
        "insert into rolls select :e, project_id, 'x', 1, 1, 1, 1, now(), null from projects",
    ],
    ids=["case", "roll"],
)
def test_the_first_row_of_one_district_on_a_project_of_another_is_refused(
    district: District, urls: Database, statement: str
) -> None:
    district.register()

    for address in (urls.app, urls.owner):
        engine = service_database.connect(address, application_name="test", pool_size=1)
        try:
            with pytest.raises(DBAPIError, match="this project is of another district"):
                carry_out_over_both(engine, statement, {"e": "440305"})
        finally:
            engine.dispose()


def carry_out_over_both(engine: Engine, statement: str, given: Given) -> None:
    """Writes to the other district while both are granted, as the role may."""
    with service_database.begin(engine, district="440305") as tx:
        tx.connection.execute(text("select set_config('clearwater.granted', '*', true)"))
        tx.connection.execute(text(statement), given)
        tx.connection.execute(text("set constraints all immediate"))
