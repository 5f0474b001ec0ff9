"""Forbidden SQL beside what is allowed: the hand, the paper, the lock, the right or the fact of another one. Refused for every role."""

from collections.abc import Callable
from datetime import date

import pytest

from tests.integration.signing.given import (
    AFTER,
    AGENT,
    BY_AGENT,
    CLOSE,
    FED,
    LOCK,
    MANDATE,
    NINE,
    NUMBER,
    SELF,
    SIGN,
    TEN,
    TO,
    Given,
    latched,
    locked,
    locked_after_a_neighbour_signed,
    of,
    of_a_child,
    of_a_company,
    open_case,
    refused,
    reviewed,
    revoked,
)
from tests.support.platform import Database
from tests.support.signing import District, a_holder

ENDS = "2026-12-13 01:00Z"  # the first instant after the period
UNTIL = date(2027, 1, 1)


def locked_again(district: District) -> Given:
    given = locked(district)
    district.unlock(given["a"])  # type: ignore[arg-type]
    district.review(given["a"])  # type: ignore[arg-type]
    district.lock(given["a"])  # type: ignore[arg-type]
    return given


def locked_and_on_the_roll(district: District) -> Given:
    unit = district.register()
    district.freeze()
    return of(unit, district, district.ready(unit))


def beside_a_latched_project(district: District) -> Given:
    other = District(district.engine, district.district, district.clock)
    other.open_project()
    latched(other)
    return locked_and_on_the_roll(district)


def of_two(district: District) -> Given:
    """`other` is the second owner; the agent has a paper of theirs."""
    owners = [a_holder("1/2"), a_holder("1/2")]
    unit = district.register(*owners)
    paper = district.mandate(unit, owners[1].person_id, AGENT, "agent", UNTIL)
    return of(unit, district, district.ready(unit), m=paper, other=owners[1].person_id)


def of_a_child_beside_its_mother(district: District) -> Given:
    unit = district.register(a_holder("1/2", capable=False), a_holder("1/2"))
    return of(unit, district, district.ready(unit))


def mandated_on_another_unit_of_the_owner(district: District) -> Given:
    owner = a_holder()
    other = district.register(owner)
    paper = district.mandate(other, owner.person_id, AGENT, "agent", UNTIL)
    unit = district.register(owner)
    return of(unit, district, district.ready(unit), m=paper)


def mandated_anew(district: District) -> Given:
    """The first paper is revoked, and the second one names the same two persons."""
    given = revoked(district)
    district.mandate(given["unit"], given["o"], AGENT, "agent", UNTIL)  # type: ignore[arg-type]
    return given


def come_of_age(district: District) -> Given:
    child = a_holder(capable=False)
    unit = district.register(child)
    paper = district.mandate(unit, child.person_id, AGENT, "guardian", UNTIL)
    district.correct(unit, right_holders=(child.model_copy(update={"capable": True}),))
    return of(unit, district, district.ready(unit), m=paper)


def no_longer_capable(district: District) -> Given:
    owner = a_holder()
    unit = district.register(owner)
    paper = district.mandate(unit, owner.person_id, AGENT, "agent", UNTIL)
    district.correct(unit, right_holders=(owner.model_copy(update={"capable": False}),))
    return of(unit, district, district.ready(unit), m=paper)


def beside_a_company(district: District) -> Given:
    company = a_holder(kind="organisation")
    district.register(company)
    return of(district.register(), district, agent=company.person_id)


def locked_beside_a_draft(district: District) -> Given:
    district.drafted(district.register())
    return locked(district)


def locked_after_an_exchange(district: District) -> Given:
    district.signed(district.register(), form="exchange")
    return locked(district)


def numbered_second(at: str, *, counted_by_the_series: bool = True) -> str:
    """The unit is signed with the second number of its series, and the feed does not tell it."""
    return "; ".join(
        (
            SELF.format(at=NINE).replace(f"'{NINE}'", at),
            *([f"update series set last_number = 2, last_at = {at}"] * counted_by_the_series),
            f"insert into numbers values (:d, :p, 'cash', 2, :a, {at})",
            TO.format("signed"),
        )
    )


_LATER = "(select max(signed_at) + interval '1h' from numbers)"
TELLING = """insert into counted select district, project_id, 2, 'signed', agreement_id, 0, 0, 0, 0, signed_at
              from numbers where agreement_id = :a"""
FIRST = f"{NUMBER.format(series='cash', at=NINE)}; {FED.format(at=NINE)}; {TO.format('signed')}"
BOTH = SELF.format(at=NINE) + "; " + SELF.format(at=TEN).replace(":o", ":other")


def confirmed(ownership: str, *shares: str) -> str:
    """The rights are confirmed by hand, with these shares."""
    rows = (
        f"insert into case_holders values (:d, :unit, gen_random_uuid(), {place}, 'x', 'natural', true, {share}, null)"
        for place, share in enumerate(shares)
    )
    rights = f"update cases set ownership = '{ownership}', rights_state = 'confirmed', revision = revision + 1"
    return "; ".join(("delete from case_holders", *rows, rights))


# Refused for every role: (state, statements, message).
BREACHES: dict[str, tuple[Callable[[District], Given], str, str]] = {
    "a signature on a lock that was taken back": (locked_again, SELF.format(at=NINE), "not to be signed now"),
    "a signature at the end of the period": (locked, SELF.format(at=ENDS), "not to be signed now"),
    "a signature from before the closing": (
        locked_and_on_the_roll, f"{CLOSE.format(reached='false', at=AFTER)}; {SELF.format(at=NINE)}", "not to be signed now"
    ),
    "a signature by the threshold of another project": (
        beside_a_latched_project, SELF.format(at=AFTER), "not to be signed now"
    ),
    "a paper of the other owner": (of_two, BY_AGENT.format(capacity="agent", at=NINE), "may not sign agreement"),
    "a paper of another agent": (
        of_two,
        SIGN.format(hand="gen_random_uuid()", capacity="agent", mandate=":m", at=NINE).replace(":o", ":other"),
        "may not sign agreement",
    ),
    "a paper of another unit": (
        mandated_on_another_unit_of_the_owner, BY_AGENT.format(capacity="agent", at=NINE), "may not sign agreement"
    ),
    "a revoked paper beside a good one": (
        mandated_anew, BY_AGENT.format(capacity="agent", at=NINE), "may not sign agreement"
    ),
    "a child's own hand beside its mother's": (
        of_a_child_beside_its_mother, SELF.format(at=NINE), "may not sign agreement"
    ),
    "a guardian of one who has come of age": (
        come_of_age, BY_AGENT.format(capacity="guardian", at=NINE), "may not sign agreement"
    ),
    "an agent of one who is no longer capable": (
        no_longer_capable, BY_AGENT.format(capacity="agent", at=NINE), "may not sign agreement"
    ),
    "two hands at one instant": (of_two, BOTH.replace(TEN, NINE), "goes back in time"),
    "signed by one owner of two": (of_two, f"{SELF.format(at=NINE)}; {FIRST}", "lacks a signature or a number"),
    "numbered by the hand before the last": (
        of_two, f"{BOTH}; {FIRST}", "lacks a signature or a number"
    ),
    "a mandate to a company": (beside_a_company, MANDATE.format(hand=":agent", kind="agent"), "may not be given a mandate"),
    "a guardian for a company": (of_a_company, MANDATE.format(hand=":agent", kind="guardian"), "no such mandate"),
    "an agent for a child": (of_a_child, MANDATE.format(hand=":agent", kind="agent"), "no such mandate"),
    "a representative for a person": (open_case, MANDATE.format(hand=":agent", kind="representative"), "no such mandate"),
    "a mandate of a stranger": (
        open_case, MANDATE.format(hand="gen_random_uuid()", kind="agent").replace(":o", ":agent"), "no such mandate"
    ),
    "a mandate at the instant of the review that did not see it": (
        locked,
        MANDATE.format(hand=":agent", kind="agent").replace("now()", "(select max(at) from acts where kind = 'reviewed')"),
        "before a review",
    ),
    "a lock on another revision of the rights": (
        reviewed,
        LOCK.format(person="person_id", capable="capable").replace("ownership, rights_revision,", "ownership, rights_revision + 1,"),
        "nobody has confirmed",
    ),
    "lines of a locked paper beside a draft": (
        locked_beside_a_draft, "delete from term_lines where agreement_id = :a", "not a draft"
    ),
    "two numbers of one instant": (
        locked_after_a_neighbour_signed, numbered_second("(select max(signed_at) from numbers)"), "number 2 does not follow"
    ),
    "a series that goes on from another one": (
        locked_after_an_exchange,
        "insert into series values (:d, :p, 'cash', 2, '2027-01-01'); insert into numbers values (:d, :p, 'cash', 2, :a, '2027-01-01')",
        "number 2 does not follow",
    ),
    "a number that its series has not counted": (
        locked_after_a_neighbour_signed,
        f"{numbered_second(_LATER, counted_by_the_series=False)}; {TELLING}",
        "the series says 1 and its last number is 2",
    ),
    "a number that the feed tells of a neighbour only": (
        locked_after_a_neighbour_signed,
        numbered_second(_LATER),
        "does not tell that agreement .* was signed",
    ),
    "a joint owner alone": (open_case, confirmed("joint", "null, null"), "not whole"),
    "joint owners with shares": (open_case, confirmed("joint", "1, 2", "1, 2"), "not whole"),
    "two sole owners": (open_case, confirmed("sole", "null, null", "null, null"), "not whole"),
    "a sole owner of a half": (open_case, confirmed("sole", "1, 2"), "not whole"),
    "shares of nobody": (open_case, confirmed("shares"), "not whole"),
    "an owner without a share": (open_case, confirmed("shares", "1, 1", "null, null"), "not whole"),
    "shares over different wholes": (open_case, confirmed("shares", "1, 2", "3, 4"), "not whole"),
    "shares above one": (open_case, confirmed("shares", "2, 3", "2, 3"), "not whole"),
}  # fmt: skip


@pytest.mark.parametrize("breach", BREACHES)
def test_no_role_may_sign_by_what_belongs_to_another(district: District, urls: Database, breach: str) -> None:
    after, statements, complaint = BREACHES[breach]
    given = after(district)

    for address in (urls.app, urls.owner):
        refused(district, address, given, statements, complaint)
