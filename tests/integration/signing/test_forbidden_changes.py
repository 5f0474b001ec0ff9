"""Forbidden changes in SQL: refused for the app role, and for some rules also for the owner of the tables."""

from collections.abc import Callable
from typing import get_args

import pytest

from shared.events.terms import Basis
from tests.integration.signing.given import (
    AFTER,
    BEFORE,
    BY_AGENT,
    CLOSE,
    DAY,
    DRAFT,
    FED,
    JOIN,
    NINE,
    NUMBER,
    SELF,
    SIGN,
    SUCCEED,
    TEN,
    TO,
    Given,
    a_day_reported,
    area_disputed,
    carry_out,
    disputed,
    drafted,
    effective,
    frozen,
    latched,
    locked,
    locked_after_a_neighbour_signed,
    locked_beside_an_open_case,
    locked_jointly,
    mandated,
    mandated_next_door,
    of_a_child,
    of_a_company,
    open_case,
    refused,
    returned,
    revoked,
    signed,
    signed_jointly,
)
from tests.support.platform import Database
from tests.support.signing import District

# Refused for every role: (state, statement, message).
BREACHES: dict[str, tuple[Callable[[District], Given], str, str]] = {
    "shares below one": (locked, "update case_holders set parts = 1, whole = 3", "not whole|permission denied"),
    "joint owner alone": (locked, "update cases set ownership = 'joint', revision = revision + 1", "not whole"),
    "lines of a locked paper": (locked, "update term_lines set amount_fen = 0", "not a draft|permission denied"),
    "lines taken away": (locked, "delete from term_lines", "not a draft"),
    "form of a locked paper": (locked, "update agreements set form = 'exchange', series = 'exchange'", "not a draft"),
    "rule set of a locked paper": (locked, "update agreements set rule_set_version = '9'", "not a draft"),
    "rule set of a signed paper": (signed, "update agreements set rule_set_version = '9'", "not a draft"),
    "queue of another form": (locked, "update agreements set series = 'exchange'", "check constraint"),
    "holder after the lock": (locked_jointly, JOIN, "not whole"),
    "holder after the signing": (signed_jointly, JOIN, "not whole"),
    "begins signed": (open_case, DRAFT.format("", "'rescinded'"), "begins as a draft"),
    "begins locked": (open_case, DRAFT.format(", lock_count", "'locked', 1"), "begins as a draft"),
    "two alive": (drafted, DRAFT.format("", "'drafted'"), "one_live_agreement"),
    "back from returned": (returned, TO.format("drafted"), "does not go from"),
    "rescinded unsigned": (locked, TO.format("rescinded"), "does not go from"),
    "performed unsigned": (locked, TO.format("performed"), "does not go from"),
    "returned from the lock": (locked, TO.format("returned"), "does not go from"),
    "superseded by none": (locked, TO.format("superseded"), "superseded by none"),
    "superseded by itself": (drafted, "update agreements set supersedes = agreement_id", "check constraint|permission"),
    "a successor on another unit": (
        locked_beside_an_open_case,
        DRAFT.format(", supersedes", "'drafted', :a").replace("unit_id = :unit", "unit_id <> :unit"),
        "foreign key",
    ),
    "two successors": (
        locked,
        f"{SUCCEED}; update agreements set state = 'returned' where supersedes = :a; {SUCCEED.split('; ')[1]}",
        "agreements_supersedes_key",
    ),
    "review on pending rights": (drafted, TO.format("reviewed"), "not settled"),
    "review of a disputed area": (area_disputed, TO.format("reviewed"), "not settled"),
    "lock counted back": (locked, "update agreements set lock_count = 0, state = 'drafted'", "was not locked"),
    "signed on a lock that is none": (locked, "update agreements set lock_count = 9, state = 'signed'", "was not locked"),
    "unlocked without a reason": (locked, TO.format("drafted"), "without saying why"),
    "a reason left out": (
        locked,
        "insert into acts (district, act_id, unit_id, kind, by, at) values (:d, gen_random_uuid(), :unit, 'unlocked', 'x', now())",
        "acts_check",
    ),
    "signed by nobody": (locked, TO.format("signed"), "lacks a signature or a number"),
    "signed on rights in dispute": (disputed, TO.format("signed"), "not settled"),
    "a signature on rights in dispute": (disputed, SELF.format(at=NINE), "not to be signed now"),
    "a signature before the period": (locked, SELF.format(at=BEFORE), "not to be signed now"),
    "a signature after the period": (locked, SELF.format(at=AFTER), "not to be signed now"),
    "a signature on a draft": (area_disputed, SELF.format(at=NINE), "not to be signed now"),
    "a stranger's signature": (
        locked, SIGN.format(hand=":agent", capacity="self", mandate="null", at=NINE).replace(":o", ":agent"), "foreign key"
    ),
    "a child's own hand": (of_a_child, SELF.format(at=NINE), "this hand may not sign"),
    "a company's own hand": (of_a_company, SELF.format(at=NINE), "this hand may not sign"),
    "another's hand as one's own": (
        locked, SIGN.format(hand=":agent", capacity="self", mandate="null", at=NINE), "check constraint"
    ),
    "one's own hand by a paper": (
        mandated, SIGN.format(hand=":o", capacity="self", mandate=":m", at=NINE), "check constraint"
    ),
    "an agent without a paper": (
        locked, SIGN.format(hand=":agent", capacity="agent", mandate="null", at=NINE), "check constraint"
    ),
    "a paper that shows nothing": (
        locked,
        "insert into mandates values (:d, gen_random_uuid(), :unit, :o, :agent, 'agent', '2099-01-01', '', now(), 'x')",
        "check constraint",
    ),
    "an agent of the neighbour": (
        mandated_next_door, BY_AGENT.format(capacity="agent", at=NINE), "this hand may not sign"
    ),
    "an agent as guardian": (mandated, BY_AGENT.format(capacity="guardian", at=NINE), "this hand may not sign"),
    "a paper that has ended": (
        mandated, BY_AGENT.format(capacity="agent", at="2026-11-28 16:00Z"), "this hand may not sign"
    ),
    "a paper that was revoked": (revoked, BY_AGENT.format(capacity="agent", at=NINE), "this hand may not sign"),
    "a paper that is good again": (revoked, "update mandates set revoked_at = null", "revoked already"),
    "a number before the signing": (locked, NUMBER.format(series="cash", at=NINE), "its number says otherwise"),
    "a number of another series": (locked, NUMBER.format(series="exchange", at=NINE), "numbers_agreement_id"),
    "a number of another instant": (
        locked,
        "; ".join((SELF.format(at=NINE), NUMBER.format(series="cash", at=TEN), FED.format(at=TEN), TO.format("signed"))),
        "lacks a signature or a number",
    ),
    "a second number": (signed, "insert into numbers values (:d, :p, 'cash', 2, :a, '2027-01-01')", "numbers_agreement_id_key"),
    "a number let go for no reason": (
        signed, "insert into detachments values (:d, :a, '', 'x', now())", "detachments_reason_check"
    ),
    "a number back in time": (
        locked_after_a_neighbour_signed,
        "insert into numbers values (:d, :p, 'cash', 2, :a, '2026-11-28 01:00Z')",
        "does not follow",
    ),
    "undone with its number": (signed, TO.format("rescinded"), "its number says otherwise"),
    "a live one's number let go": (
        signed, "insert into detachments values (:d, :a, 'other', 'x', now())", "its number says otherwise"
    ),
    "in force without a declaration": (
        latched, "update agreements set state = 'effective', effective_at = now()", "decided otherwise"
    ),
    "another instant of effect": (effective, "update agreements set effective_at = now()", "put into force"),
    "void without a closing": (
        signed,
        f"insert into detachments values (:d, :a, 'other', 'x', now()); {TO.format('void')}",
        "decided otherwise",
    ),
    "a latch too early": (
        frozen, "insert into latches values (:d, :p, now(), '[]')", "not reached its threshold"
    ),
    "a latch without a roll": (
        signed, "insert into latches values (:d, :p, now(), '[]')", "not reached its threshold"
    ),
    "declared without a latch": (
        signed, "insert into declarations values (:d, :p, 'x', now(), 'x', false)", "foreign key"
    ),
    "declared before the latch": (
        latched, f"insert into declarations values (:d, :p, 'x', '{BEFORE}', 'x', false)", "before its threshold"
    ),
    "declared twice": (effective, "insert into declarations values (:d, :p, 'x', now(), 'x', false)", "duplicate key"),
    "declared by no document": (
        latched, "insert into declarations values (:d, :p, '', now(), 'x', false)", "declarations_document_number_check"
    ),
    "closed early": (frozen, CLOSE.format(reached="false", at=NINE), "does not close like this"),
    "closed without a roll": (signed, CLOSE.format(reached="false", at=AFTER), "does not close like this"),
    "closed with a threshold that is none": (frozen, CLOSE.format(reached="true", at=AFTER), "does not close like this"),
    "closed without the threshold it has": (latched, CLOSE.format(reached="false", at=AFTER), "does not close like this"),
    **{
        f"more {basis} signed than there are": (
            frozen, f"update projects set signed_{basis} = total_{basis} + 1", "check constraint"
        )
        for basis in get_args(Basis)
    },
    "a period without a day": (open_case, "update projects set ends_at = starts_at", "check constraint"),
    "a household by its first unit": (
        open_case,
        "insert into rolls values (:d, :p, 'x', 2, 1, 1, 1, now()); insert into roll_parties values (:d, :p, 'household', :unit, 2, 1)",
        "check constraint",
    ),
    "a fact of nobody": (
        signed, "insert into counted values (:d, :p, 2, 'undone', null, 0, 0, 0, 0, now())", "check constraint"
    ),
    "another total": (frozen, "update projects set total_units = 5", "counted already"),
    "another ruler": (frozen, "update projects set counting_rule = 'any_unit_signed'", "counted already"),
    "another roll": (frozen, "update rolls set digest = 'x'", "counted already"),
    "a unit too many": (frozen, "insert into roll_units values (:d, :p, gen_random_uuid(), gen_random_uuid(), 1)", "no more"),
    "a report of today": (signed, DAY.format(on="2026-11-27", restatement=0), "days_check"),
    "a restatement of nothing": (signed, DAY.format(on="2026-11-26", restatement=1), "foreign key"),
    "a restatement too far": (a_day_reported, DAY.format(on="2026-11-26", restatement=2), "foreign key"),
    "a row of another district": (
        signed, "insert into groups values ('440305', gen_random_uuid(), :p, 'x', '{}')", "row-level security"
    ),
}  # fmt: skip
# Statements without a grant for the app role. The owner may run them, in a migration.
NOT_GRANTED = {
    "an agreement of another unit": (signed, "update agreements set unit_id = gen_random_uuid()"),
    "another area on the roll": (frozen, "update roll_units set area = 1"),
    "another ruler for one": (frozen, "update roll_parties set counts_from = units"),
    "a table in the place of another": (locked, "create temp table mandates (like mandates)"),
    "a schema before another": (locked, "create schema signing_app"),
    "a paper edited": (mandated, "update mandates set valid_until = '2099-01-01'"),
}
ONLY_ADDED_TO = (
    *("numbers", "detachments", "signatures", "locks", "locked_holders", "acts"),
    *("latches", "declarations", "closings", "counted", "days"),
)


@pytest.mark.parametrize("breach", BREACHES)
def test_no_role_may_change_a_case_or_a_signing_against_the_rules(
    district: District, urls: Database, breach: str
) -> None:
    after, statements, complaint = BREACHES[breach]
    given = after(district)

    for address in (urls.app, urls.owner):
        refused(district, address, given, statements, complaint)


@pytest.mark.parametrize("breach", NOT_GRANTED)
def test_the_service_has_no_grant_for_other_statements(district: District, urls: Database, breach: str) -> None:
    after, statement = NOT_GRANTED[breach]
    given = after(district)

    refused(district, urls.app, given, statement, "permission denied")


@pytest.mark.parametrize("table", ONLY_ADDED_TO)
@pytest.mark.parametrize("statement", ["update {} set district = district", "delete from {}", "truncate {} cascade"])
def test_a_record_is_append_only(district: District, urls: Database, table: str, statement: str) -> None:
    refused(district, urls.app, {}, statement.format(table), "permission denied")
    refused(district, urls.owner, {}, statement.format(table), "only added to")


def test_the_same_statements_pass_without_a_breach(district: District) -> None:
    """The counterpart of the refusals above: SQL that obeys the rules is accepted."""
    given = mandated(district)
    last_moment = "2026-11-28 15:59:59.999999Z"  # of the paper's last day in Shanghai
    signing = tuple(item.format(capacity="agent", series="cash", at=last_moment) for item in (BY_AGENT, NUMBER, FED))
    reports = (DAY.format(on="2026-11-26", restatement=number) for number in range(2))
    carry_out(district.engine, district.district, "; ".join((*signing, TO.format("signed"), *reports)), given)

    assert district.rows("select state from agreements") == [("signed",)]
    assert district.rows("select restatement from days order by 1") == [(0,), (1,)]
