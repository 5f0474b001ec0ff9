"""What must never happen, tried in SQL: refused to the app's role, and where a rule says so to the owner of the tables too."""

from collections.abc import Callable
from datetime import date
from typing import get_args
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.signing.commands.decide_project import DeclareEffect, declare_effect
from services.signing.commands.keep_mandates import RevokeMandate, revoke_mandate
from services.signing.commands.review_agreement import ReturnAgreement, return_agreement
from services.signing.commands.settle_rights import DisputeRights, SetAreaDispute, dispute_rights, set_area_dispute
from shared.events.terms import Basis
from shared.service import database as service_database
from tests.support.platform import Database
from tests.support.signing import DESK, District, a_holder

Given = dict[str, object]
AGENT = UUID(int=2)


def of(unit: UUID, here: District, agreement_id: UUID | None = None, **more: object) -> Given:
    owner = here.owners(unit)[0]
    place = {"d": here.district, "p": here.project_id, "agent": AGENT}
    return {**place, "unit": unit, "o": owner, "a": agreement_id, "m": None, **more}


def open_case(here: District) -> Given:
    return of(here.register(), here)


def drafted(here: District) -> Given:
    unit = here.register()
    return of(unit, here, here.drafted(unit))


def area_disputed(here: District) -> Given:
    unit = here.register()
    agreement_id = here.ready(unit)
    here.unlock(agreement_id)
    with here.transaction() as tx:
        set_area_dispute(tx, SetAreaDispute(unit, True, "balcony", DESK), here.clock)
    return of(unit, here, agreement_id)


def returned(here: District) -> Given:
    given = drafted(here)
    with here.transaction() as tx:
        return_agreement(tx, ReturnAgreement(given["a"], "papers_missing", "", DESK), here.clock)  # type: ignore[arg-type]
    return given


def locked(here: District) -> Given:
    unit = here.register()
    return of(unit, here, here.ready(unit))


def locked_jointly(here: District) -> Given:
    unit = here.register(a_holder(None), a_holder(None), ownership="joint")
    return of(unit, here, here.ready(unit))


def of_a_child(here: District) -> Given:
    unit = here.register(a_holder(capable=False))
    return of(unit, here, here.ready(unit))


def of_a_company(here: District) -> Given:
    unit = here.register(a_holder(kind="organisation"))
    return of(unit, here, here.ready(unit))


def mandated(here: District) -> Given:
    unit = here.register()
    mandate = here.mandate(unit, here.owners(unit)[0], AGENT, "agent", date(2026, 11, 28))
    return of(unit, here, here.ready(unit), m=mandate)


def mandated_next_door(here: District) -> Given:
    unit, other = here.register(), here.register()
    mandate = here.mandate(other, here.owners(other)[0], AGENT, "agent", date(2027, 1, 1))
    return of(unit, here, here.ready(unit), m=mandate)


def revoked(here: District) -> Given:
    given = mandated(here)
    with here.transaction() as tx:
        revoke_mandate(tx, RevokeMandate(given["unit"], given["m"], "withdrawn", DESK), here.clock)  # type: ignore[arg-type]
    return given


def disputed(here: District) -> Given:
    given = locked(here)
    with here.transaction() as tx:
        dispute_rights(tx, DisputeRights(given["unit"], "inheritance", DESK), here.clock)  # type: ignore[arg-type]
    return given


def signed(here: District) -> Given:
    unit = here.register()
    return of(unit, here, here.signed(unit))


def signed_jointly(here: District) -> Given:
    unit = here.register(a_holder(None), a_holder(None), ownership="joint")
    return of(unit, here, here.signed(unit))


def locked_beside_an_open_case(here: District) -> Given:
    here.register()
    return locked(here)


def locked_after_a_neighbour_signed(here: District) -> Given:
    here.signed(here.register())
    return locked(here)


def frozen(here: District) -> Given:
    unit = here.register()
    here.freeze()
    return of(unit, here, None)


def latched(here: District) -> Given:
    unit = here.register()
    here.freeze()
    return of(unit, here, here.signed(unit))


def effective(here: District) -> Given:
    given = latched(here)
    with here.transaction() as tx:
        declare_effect(tx, DeclareEffect(here.project_id, "罗府〔2026〕1号", DESK), here.clock)
    here.fan_out()
    return given


def a_day_reported(here: District) -> Given:
    given = signed(here)
    carry_out(here.engine, here.district, _DAY.format(on="2026-11-26", restatement=0), given)
    return given


_DRAFT = """insert into agreements (district, agreement_id, unit_id, project_id, form, series, rule_set_version, drafted_at, state{})
            select district, gen_random_uuid(), unit_id, project_id, 'cash', 'cash', '3', now(), {} from cases where unit_id = :unit"""
_SUCCEED = "update agreements set state = 'superseded' where agreement_id = :a; " + _DRAFT.format(
    ", supersedes", "'drafted', :a"
)
_JOIN = """insert into locked_holders (district, agreement_id, lock_count, person_id, position, name, kind, capable)
           values (:d, :a, 1, gen_random_uuid(), 9, '李**', 'natural', true)"""
_SIGN = "insert into signatures values (:d, :a, 1, :o, {hand}, '{capacity}', {mandate}, '{at}', 'x')"
_SELF = _SIGN.format(hand=":o", capacity="self", mandate="null", at="{at}")
_BY_AGENT = _SIGN.format(hand=":agent", capacity="{capacity}", mandate=":m", at="{at}")
_FED = "insert into counted values (:d, :p, 1, 'signed', :a, 0, 0, 0, 0, '{at}')"
_NUMBER = """insert into series values (:d, :p, '{series}', 1, '{at}'); insert into numbers values (:d, :p, '{series}', 1, :a, '{at}')"""
_TO = "update agreements set state = '{}' where agreement_id = :a"
_CLOSE = "insert into closings values (:d, :p, {reached}, '{at}', 'x')"
_DAY = """insert into days (district, project_id, business_on, restatement, as_of, figures, bases, counting_rule, closed_at, closed_by)
          select district, project_id, '{on}', {restatement}, 0, '{{}}', '{{}}', counting_rule, '2026-11-27 02:00Z', 'x' from projects"""
_NINE, _AFTER, _BEFORE = "2026-11-28 02:00Z", "2027-01-01 02:00Z", "2026-11-27 02:00Z"

# What is refused whoever asks: (after this, that, for this reason).
BREACHES: dict[str, tuple[Callable[[District], Given], str, str]] = {
    "shares below one": (locked, "update case_holders set parts = 1, whole = 3", "not whole"),
    "joint owner alone": (locked, "update cases set ownership = 'joint'", "not whole"),
    "lines of a locked paper": (locked, "update term_lines set amount_fen = 0", "not a draft"),
    "lines taken away": (locked, "delete from term_lines", "not a draft"),
    "form of a locked paper": (locked, "update agreements set form = 'exchange', series = 'exchange'", "not a draft"),
    "rule set of a locked paper": (locked, "update agreements set rule_set_version = '9'", "not a draft"),
    "rule set of a signed paper": (signed, "update agreements set rule_set_version = '9'", "not a draft"),
    "queue of another form": (locked, "update agreements set series = 'exchange'", "check constraint"),
    "holder after the lock": (locked_jointly, _JOIN, "not whole"),
    "holder after the signing": (signed_jointly, _JOIN, "not whole"),
    "begins signed": (open_case, _DRAFT.format("", "'rescinded'"), "begins as a draft"),
    "begins locked": (open_case, _DRAFT.format(", lock_count", "'locked', 1"), "begins as a draft"),
    "two alive": (drafted, _DRAFT.format("", "'drafted'"), "one_live_agreement"),
    "back from returned": (returned, _TO.format("drafted"), "does not go from"),
    "rescinded unsigned": (locked, _TO.format("rescinded"), "does not go from"),
    "performed unsigned": (locked, _TO.format("performed"), "does not go from"),
    "returned from the lock": (locked, _TO.format("returned"), "does not go from"),
    "superseded by none": (locked, _TO.format("superseded"), "superseded by none"),
    "superseded by itself": (drafted, "update agreements set supersedes = agreement_id", "check constraint|permission"),
    "a successor on another unit": (
        locked_beside_an_open_case,
        _DRAFT.format(", supersedes", "'drafted', :a").replace("unit_id = :unit", "unit_id <> :unit"),
        "foreign key",
    ),
    "two successors": (
        locked,
        f"{_SUCCEED}; update agreements set state = 'returned' where supersedes = :a; {_SUCCEED.split('; ')[1]}",
        "agreements_supersedes_key",
    ),
    "review on pending rights": (drafted, _TO.format("reviewed"), "not settled"),
    "review of a disputed area": (area_disputed, _TO.format("reviewed"), "not settled"),
    "lock counted back": (locked, "update agreements set lock_count = 0, state = 'drafted'", "was not locked"),
    "signed on a lock that is none": (locked, "update agreements set lock_count = 9, state = 'signed'", "was not locked"),
    "unlocked without a reason": (locked, _TO.format("drafted"), "without saying why"),
    "a reason left out": (
        locked,
        "insert into acts (district, act_id, unit_id, kind, by, at) values (:d, gen_random_uuid(), :unit, 'unlocked', 'x', now())",
        "acts_check",
    ),
    "signed by nobody": (locked, _TO.format("signed"), "lacks a signature or a number"),
    "signed on rights in dispute": (disputed, _TO.format("signed"), "not settled"),
    "a signature on rights in dispute": (disputed, _SELF.format(at=_NINE), "not to be signed now"),
    "a signature before the period": (locked, _SELF.format(at=_BEFORE), "not to be signed now"),
    "a signature after the period": (locked, _SELF.format(at=_AFTER), "not to be signed now"),
    "a signature on a draft": (area_disputed, _SELF.format(at=_NINE), "not to be signed now"),
    "a stranger's signature": (
        locked, _SIGN.format(hand=":agent", capacity="self", mandate="null", at=_NINE).replace(":o", ":agent"), "foreign key"
    ),
    "a child's own hand": (of_a_child, _SELF.format(at=_NINE), "this hand may not sign"),
    "a company's own hand": (of_a_company, _SELF.format(at=_NINE), "this hand may not sign"),
    "another's hand as one's own": (
        locked, _SIGN.format(hand=":agent", capacity="self", mandate="null", at=_NINE), "check constraint"
    ),
    "one's own hand by a paper": (
        mandated, _SIGN.format(hand=":o", capacity="self", mandate=":m", at=_NINE), "check constraint"
    ),
    "an agent without a paper": (
        locked, _SIGN.format(hand=":agent", capacity="agent", mandate="null", at=_NINE), "check constraint"
    ),
    "a paper that shows nothing": (
        locked,
        "insert into mandates values (:d, gen_random_uuid(), :unit, :o, :agent, 'agent', '2099-01-01', '', now(), 'x')",
        "check constraint",
    ),
    "an agent of the neighbour": (
        mandated_next_door, _BY_AGENT.format(capacity="agent", at=_NINE), "this hand may not sign"
    ),
    "an agent as guardian": (mandated, _BY_AGENT.format(capacity="guardian", at=_NINE), "this hand may not sign"),
    "a paper that has ended": (
        mandated, _BY_AGENT.format(capacity="agent", at="2026-11-28 16:00Z"), "this hand may not sign"
    ),
    "a paper that was revoked": (revoked, _BY_AGENT.format(capacity="agent", at=_NINE), "this hand may not sign"),
    "a paper that is good again": (revoked, "update mandates set revoked_at = null", "revoked already"),
    "a number before the signing": (locked, _NUMBER.format(series="cash", at=_NINE), "its number says otherwise"),
    "a number of another series": (locked, _NUMBER.format(series="exchange", at=_NINE), "numbers_agreement_id"),
    "a number of another instant": (
        locked,
        f"{_SELF.format(at=_NINE)}; {_NUMBER.format(series='cash', at='2026-11-28 03:00Z')}; {_TO.format('signed')}",
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
    "undone with its number": (signed, _TO.format("rescinded"), "its number says otherwise"),
    "a live one's number let go": (
        signed, "insert into detachments values (:d, :a, 'other', 'x', now())", "its number says otherwise"
    ),
    "in force without a declaration": (
        latched, "update agreements set state = 'effective', effective_at = now()", "decided otherwise"
    ),
    "another instant of effect": (effective, "update agreements set effective_at = now()", "put into force"),
    "void without a closing": (
        signed,
        f"insert into detachments values (:d, :a, 'other', 'x', now()); {_TO.format('void')}",
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
        latched, f"insert into declarations values (:d, :p, 'x', '{_BEFORE}', 'x', false)", "before its threshold"
    ),
    "declared twice": (effective, "insert into declarations values (:d, :p, 'x', now(), 'x', false)", "duplicate key"),
    "declared by no document": (
        latched, "insert into declarations values (:d, :p, '', now(), 'x', false)", "declarations_document_number_check"
    ),
    "closed early": (frozen, _CLOSE.format(reached="false", at=_NINE), "does not close like this"),
    "closed without a roll": (signed, _CLOSE.format(reached="false", at=_AFTER), "does not close like this"),
    "closed with a threshold that is none": (frozen, _CLOSE.format(reached="true", at=_AFTER), "does not close like this"),
    "closed without the threshold it has": (latched, _CLOSE.format(reached="false", at=_AFTER), "does not close like this"),
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
    "a report of today": (signed, _DAY.format(on="2026-11-27", restatement=0), "days_check"),
    "a restatement of nothing": (signed, _DAY.format(on="2026-11-26", restatement=1), "foreign key"),
    "a restatement too far": (a_day_reported, _DAY.format(on="2026-11-26", restatement=2), "foreign key"),
    "a row of another district": (
        signed, "insert into groups values ('440305', gen_random_uuid(), :p, 'x', '{}')", "row-level security"
    ),
}  # fmt: skip
# What the app has no grant for; its owner may, as whoever writes the next migration.
NOT_GRANTED = {
    "an agreement of another unit": (signed, "update agreements set unit_id = gen_random_uuid()"),
    "another area on the roll": (frozen, "update roll_units set area = 1"),
    "another ruler for one": (frozen, "update roll_parties set counts_from = units"),
    "a paper edited": (mandated, "update mandates set valid_until = '2099-01-01'"),
}
ONLY_ADDED_TO = (
    *("numbers", "detachments", "signatures", "locks", "locked_holders", "acts"),
    *("latches", "declarations", "closings", "counted", "days"),
)


def carry_out(engine: Engine, district: str, statements: str, given: Given) -> None:
    with service_database.begin(engine, district=district) as tx:
        for statement in statements.split(";"):
            tx.connection.execute(text(statement), given)


def refused(here: District, address: str, given: Given, statements: str, complaint: str) -> None:
    engine = service_database.connect(address, application_name="test", pool_size=1)
    try:
        with pytest.raises(DBAPIError, match=complaint):
            carry_out(engine, here.district, statements, given)
    finally:
        engine.dispose()


@pytest.mark.parametrize("breach", BREACHES)
def test_what_must_never_happen_is_refused_whoever_asks(here: District, urls: Database, breach: str) -> None:
    after, statements, complaint = BREACHES[breach]
    given = after(here)

    for address in (urls.app, urls.owner):
        refused(here, address, given, statements, complaint)


@pytest.mark.parametrize("breach", NOT_GRANTED)
def test_what_is_no_act_of_the_service_is_not_granted_to_it(here: District, urls: Database, breach: str) -> None:
    after, statement = NOT_GRANTED[breach]
    given = after(here)

    refused(here, urls.app, given, statement, "permission denied")


@pytest.mark.parametrize("table", ONLY_ADDED_TO)
@pytest.mark.parametrize("statement", ["update {} set district = district", "delete from {}", "truncate {} cascade"])
def test_a_record_is_only_added_to(here: District, urls: Database, table: str, statement: str) -> None:
    refused(here, urls.app, {}, statement.format(table), "permission denied")
    refused(here, urls.owner, {}, statement.format(table), "only added to")


def test_the_same_papers_are_good_where_nothing_is_wrong(here: District) -> None:
    """The other side of each refusal above: what the rules allow passes in SQL too."""
    given = mandated(here)
    last_moment = "2026-11-28 15:59:59.999999Z"  # of the paper's last day in Shanghai
    signing = tuple(each.format(capacity="agent", series="cash", at=last_moment) for each in (_BY_AGENT, _NUMBER, _FED))
    reports = (_DAY.format(on="2026-11-26", restatement=number) for number in range(2))
    carry_out(here.engine, here.district, "; ".join((*signing, _TO.format("signed"), *reports)), given)

    assert here.rows("select state from agreements") == [("signed",)]
    assert here.rows("select restatement from days order by 1") == [(0,), (1,)]
