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


def confirmed_jointly(here: District) -> Given:
    unit = here.register(*(a_holder(None) for _ in range(3)), ownership="joint")
    here.ready(unit)
    return of(unit, here, other=here.owners(unit)[2])


def reviewed(here: District) -> Given:
    unit = here.register()
    agreement_id = here.ready(unit)
    here.unlock(agreement_id)
    here.review(agreement_id)
    return of(unit, here, agreement_id)


def mandated_after_the_lock(here: District) -> Given:
    unit = here.register()
    agreement_id = here.ready(unit)
    return of(unit, here, agreement_id, m=here.mandate(unit, here.owners(unit)[0], AGENT, "agent", date(2026, 11, 28)))


def mandated_to_a_neighbour(here: District, **neighbour: object) -> Given:
    """Whose hand was capable, and no owner of anything, when the paper was recorded."""
    given = mandated(here)
    here.register(a_holder(person_id=AGENT, **neighbour))
    return given


def mandated_to_a_minor(here: District) -> Given:
    return mandated_to_a_neighbour(here, capable=False)


def mandated_to_a_company(here: District) -> Given:
    return mandated_to_a_neighbour(here, kind="organisation")


def beside_a_child(here: District) -> Given:
    child = a_holder(capable=False)
    here.register(child)
    return of(here.register(), here, agent=child.person_id)


def half_signed(here: District) -> Given:
    owners = [a_holder("1/2"), a_holder("1/2")]
    unit = here.register(*owners)
    agreement_id = here.ready(unit)
    here.sign(agreement_id, owners[1].person_id)
    return of(unit, here, agreement_id)


def frozen_beside_a_neighbour(here: District) -> Given:
    """Two units on the roll, one of them signed."""
    here.register()
    unit = here.register()
    here.freeze()
    return of(unit, here, here.signed(unit))


def announced(here: District) -> Given:
    """A roll that no units of ours have proved."""
    unit = here.register()
    here.hear(here.frozen())
    return of(unit, here)


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
_MANDATE = (
    "insert into mandates values (:d, gen_random_uuid(), :unit, :o, {hand}, '{kind}', '2099-01-01', 'x', now(), 'x')"
)
_RAISE = ", ".join(f"signed_{basis} = total_{basis}" for basis in get_args(Basis))
_TOTALS = "update projects set total_units = 1, total_households = 1, total_right_holders = 1, total_area = 6518"
_MATCHED_AGAIN = """insert into counted select :d, :p, 2, 'matched', null, signed_units, signed_households, signed_right_holders,
                    signed_area, now() from projects"""
_LOCK = """update agreements set state = 'locked', lock_count = 2 where agreement_id = :a;
           insert into locks select district, agreement_id, 2, holders, ownership, rights_revision, rule_set_version, digest, now(), 'x'
           from locks;
           insert into locked_holders (district, agreement_id, lock_count, person_id, position, name, kind, capable, parts, whole)
           select district, agreement_id, 2, {person}, position, name, kind, {capable}, parts, whole from locked_holders
           where lock_count = 1"""
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
    "a mandate to oneself": (open_case, _MANDATE.format(hand=":o", kind="agent"), "may not be given a mandate"),
    "a mandate to a child": (beside_a_child, _MANDATE.format(hand=":agent", kind="agent"), "may not be given a mandate"),
    "a guardian for whom nobody has to guard": (open_case, _MANDATE.format(hand=":agent", kind="guardian"), "no such mandate"),
    "a child's own hand as its guardian": (
        of_a_child,
        _MANDATE.format(hand=":agent", kind="guardian") + "; " + _SIGN.format(
            hand=":o", capacity="guardian", mandate="(select mandate_id from mandates)", at=_NINE),
        "may not sign",
    ),
    "a minor's hand for another": (
        mandated_to_a_minor, _BY_AGENT.format(capacity="agent", at=_NINE), "may not sign for another"
    ),
    "a company's hand for another": (
        mandated_to_a_company, _BY_AGENT.format(capacity="agent", at=_NINE), "may not sign for another"
    ),
    "a paper that nobody has seen": (
        mandated_after_the_lock, _BY_AGENT.format(capacity="agent", at=_NINE), "nobody has seen"
    ),
    "a signature that nobody took": (
        locked, _SELF.format(at=_NINE).replace(", 'x')", ", null)"), "signatures_taken_by_check"
    ),
    "a hand before the other one": (half_signed, _SELF.format(at="2026-11-28 01:00Z"), "goes back in time"),
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
        "confirmed otherwise",
    ),
    "a confirmed child grown up": (of_a_child, "update case_holders set capable = true", "confirmed otherwise"),
    "confirmed as something else": (
        locked, "update case_holders set capable = false; update cases set confirmed_as = 'x'", "confirmed otherwise"
    ),
    "a lock on a stranger": (reviewed, _LOCK.format(person="gen_random_uuid()", capable="capable"), "nobody has confirmed"),
    "a lock on another capability": (reviewed, _LOCK.format(person="person_id", capable="false"), "nobody has confirmed"),
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
    "counts raised to the totals": (frozen, f"update projects set {_RAISE}", "add up to"),
    "counts raised and latched": (
        frozen, f"update projects set {_RAISE}; insert into latches values (:d, :p, now(), '[]')", "add up to"
    ),
    "counts raised by a fact": (
        frozen,
        f"update projects set {_RAISE}; " + _MATCHED_AGAIN,
        "add up to|has not happened",
    ),
    "counts lowered": (latched, "update projects set signed_units = 0", "add up to"),
    "a roll signed by a hand in the database": (
        frozen,
        f"update projects set {_RAISE}; update roll_units set signed = true; update roll_parties set signed = units",
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
    "tallies told otherwise": (latched, "update tallies set roll_units = 0", "what they add up"),
    "tallies made up": (
        open_case, "insert into tallies (district, project_id, fed_units) values (:d, :p, 1)", "what they add up"
    ),
    "a number that the feed does not tell": (
        locked,
        f"{_SELF.format(at=_NINE)}; {_NUMBER.format(series='cash', at=_NINE)}; {_TO.format('signed')}",
        "does not tell",
    ),
    "a signing that was none": (
        frozen_beside_a_neighbour,
        _DRAFT.format("", "'drafted'").replace("unit_id = :unit", "unit_id <> :unit")
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
        "update rolls set matched_at = now(); " + _TOTALS,
        "not whole",
    ),
    "totals without a roll": (
        open_case,
        _TOTALS,
        "not whole",
    ),
    "a roll matched by nothing": (announced, "update rolls set matched_at = now()", "not whole"),
    "a day of facts to come": (
        signed, _DAY.format(on="2026-11-26", restatement=0).replace("0, '{}'", "9, '{}'", 1), "not closed like this"
    ),
    "an agreement of another project": (
        open_case, _DRAFT.format("", "'drafted'").replace("unit_id, project_id, 'cash'", "unit_id, gen_random_uuid(), 'cash'"),
        "of another project",
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


# Every foreign key of the tables that have a district, as the database has it.
_KEYS = """
    select conrelid::regclass::text as child, confrelid::regclass::text as parent, (
               select array_agg(attname::text order by place) from unnest(conkey) with ordinality as named (attnum, place)
               join pg_attribute using (attnum) where attrelid = conrelid) as columns
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace
"""
# Of one unit, of one day, of one event: another key of the same row has the district.
_WITHIN = {("agreements", "agreements"), ("days", "days"), ("unsent", "events")}


def test_every_row_and_what_it_hangs_on_are_of_one_district(here: District) -> None:
    keys = [row for row in here.rows(_KEYS) if (row.child, row.parent) not in _WITHIN]

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
    here: District, urls: Database, table: str
) -> None:
    unit = here.register()
    here.hear(here.frozen())
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


def carry_out_over_both(engine: Engine, statement: str, given: Given) -> None:
    """As whoever holds the role may: both districts are seen, and the other one is written."""
    with service_database.begin(engine, district="440305") as tx:
        tx.connection.execute(text("select set_config('clearwater.granted', '*', true)"))
        tx.connection.execute(text(statement), given)
        tx.connection.execute(text("set constraints all immediate"))
