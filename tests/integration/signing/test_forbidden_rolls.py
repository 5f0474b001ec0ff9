"""Forbidden SQL on the roll, on what is counted of it and on what is decided by it: refused for every role."""

from collections.abc import Callable
from typing import get_args

import pytest

from shared.events.terms import Basis
from tests.integration.signing.given import (
    AFTER,
    CLOSE,
    DAY,
    NINE,
    NUMBER,
    SELF,
    TEN,
    TO,
    Given,
    announced,
    carry_out,
    frozen,
    frozen_beside_a_neighbour,
    latched,
    of,
    open_case,
    refused,
    signed,
)
from tests.support.platform import Database
from tests.support.signing import District

AREA = 6_518  # of a unit of these tests
ONE = {"units": 1, "households": 1, "right_holders": 1, "area": AREA}
HOUSEHOLD = "(select household_id from cases where unit_id = :unit)"
LATCH = "insert into latches values (:d, :p, now(), '[]')"


def locked_on_the_roll(district: District) -> Given:
    unit = district.register()
    district.freeze()
    return of(unit, district, district.ready(unit))


def of_no_area(district: District) -> Given:
    """The project counts by area, and its roll has none."""
    district.open_project(("area", 95))
    unit = district.register(area_hundredths_m2=0)
    district.freeze()
    return of(unit, district)


def reached_on_one_basis_of_two(district: District) -> Given:
    district.open_project(("units", 50), ("area", 95))
    district.register()
    unit = district.register()
    district.freeze()
    return of(unit, district, district.signed(unit))


def counts(changes: dict[str, int], *, fact: str, number: int, agreement: str, at: str) -> str:
    """A fact of the feed, and the counts of the project with it."""
    names, values = zip(*changes.items(), strict=True)
    raised = ", ".join(f"signed_{basis} = signed_{basis} + {value}" for basis, value in changes.items())
    return f"""insert into counted (district, project_id, feed_number, fact, agreement_id, happened_at, {", ".join(names)})
               values (:d, :p, {number}, '{fact}', {agreement}, {at}, {", ".join(map(str, values))});
               update projects set {raised}"""


def signing(changes: dict[str, int], *, series: str = "1, '{at}'", fed_at: str = NINE) -> str:
    """The unit on the roll is signed, which is the second fact of the feed."""
    number = NUMBER.format(series="cash", at=NINE).replace(f"1, '{NINE}'); ", f"{series.format(at=NINE)}); ", 1)
    fact = counts(changes, fact="signed", number=2, agreement=":a", at=f"'{fed_at}'")
    return "; ".join((SELF.format(at=NINE), number, TO.format("signed"), fact))


def undoing(state: str, *, more: str = "", changes: dict[str, int] | None = None, line: bool = True) -> str:
    """The only signing of the roll is undone, which is the third fact of the feed."""
    fewer = {basis: -value for basis, value in ONE.items()} if changes is None else changes
    steps = [
        f"update agreements set state = '{state}'{more} where agreement_id = :a",
        "insert into detachments values (:d, :a, 'other', 'x', now())",
        counts(fewer, fact="undone", number=3, agreement=":a", at="now()"),
    ]
    return "; ".join([*steps, *(["update roll_units set signed = false", "update roll_parties set signed = 0"] * line)])


LINE = "update roll_units set signed = true where unit_id = :unit"
PARTIES = """update roll_parties set signed = signed + 1
              where (kind, party_id) in (select kind, party_id from roll_members where unit_id = :unit)"""
MATCHED_AGAIN = "insert into counted select :d, :p, 2, 'matched', null, {}, matched_at from rolls"
DECLARED = "insert into declarations values (:d, :p, 'x', now(), 'x', false)"


def copied(*, area: int = AREA, has_signed: bool = False, household: str = "1, 1, 0", holder: str = "1, 1, 0") -> str:
    """The roll as it is copied from the units when they have matched it. A party without figures is left out."""
    parties = {f"'household', {HOUSEHOLD}": household, "'right_holder', :o": holder}
    return "; ".join(
        (
            f"insert into roll_units values (:d, :p, :unit, {HOUSEHOLD}, {area}, {has_signed})",
            *(f"insert into roll_parties values (:d, :p, {it}, {signed})" for it, signed in parties.items() if signed),
            *(f"insert into roll_members values (:d, :p, :unit, {it})" for it, signed in parties.items() if signed),
        )
    )


def matched(**more: int) -> str:
    totals = ", ".join(f"total_{basis} = {value + more.get(basis, 0)}" for basis, value in ONE.items())
    return f"update rolls set matched_at = now(); update projects set {totals}"


# Refused for every role: (state, statements, message).
BREACHES: dict[str, tuple[Callable[[District], Given], str, str]] = {
    "a series that has not counted its number": (
        locked_on_the_roll, f"{signing(ONE, series='0, null')}; {LINE}; {PARTIES}", "the series says 0 and its last number is 1"
    ),
    "a signing that the feed has at another instant": (
        locked_on_the_roll, f"{signing(ONE, fed_at=TEN)}; {LINE}; {PARTIES}", "tells what has not happened"
    ),
    "an undoing that the feed has at another instant": (
        latched, undoing("rescinded").replace("'undone', :a, now()", "'undone', :a, now() + interval '1h'"), "tells what has not happened"
    ),
    "an effect that the feed has at another instant": (
        latched,
        f"{DECLARED}; update agreements set state = 'effective', effective_at = now(); "
        + counts(dict.fromkeys(ONE, 0), fact="effective", number=3, agreement=":a", at="now() + interval '1h'"),
        "tells what has not happened",
    ),
    "a match that the feed has at another instant": (
        frozen, MATCHED_AGAIN.format("0, 0, 0, 0").replace("matched_at", "now()"), "tells what has not happened"
    ),
    "a signing that the roll leaves out": (
        locked_on_the_roll, signing(dict.fromkeys(ONE, 0)), "the roll says of unit"
    ),
    "a signing that leaves its parties out": (
        locked_on_the_roll, f"{signing({**ONE, 'households': 0, 'right_holders': 0})}; {LINE}", "its parties did not"
    ),
    "closed as unreached, and the counts reach the threshold": (
        locked_on_the_roll,
        f"{signing(ONE)}; {LINE}; {PARTIES}; {CLOSE.format(reached='false', at=AFTER)}",
        "does not close like this",
    ),
    **{
        f"a signing that counts no {basis}": (
            locked_on_the_roll, f"{signing({**ONE, basis: 0})}; {LINE}; {PARTIES}", "add up to"
        )
        for basis in get_args(Basis)
    },
    **{
        f"a fact of more {basis}": (
            frozen, MATCHED_AGAIN.format(", ".join(str(int(basis == name)) for name in ONE)), "add up to"
        )
        for basis in ONE
    },
    **{
        f"fewer {basis} signed than there are": (latched, f"update projects set signed_{basis} = 0", "add up to")
        for basis in ONE
    },
    "the unit of a neighbour in the place of the one that signed": (
        frozen_beside_a_neighbour, "update roll_units set signed = not signed", "the roll says of unit"
    ),
    **{
        f"another {kind} in the place of the one that signed": (
            frozen_beside_a_neighbour,
            f"update roll_parties set signed = units - signed where kind = '{kind}'",
            "has not signed for so many units",
        )
        for kind in ("household", "right_holder")
    },
    "a party too many": (
        frozen, "insert into roll_parties values (:d, :p, 'household', gen_random_uuid(), 1, 1, 0)", "takes no more"
    ),
    "a unit of a party too many": (
        frozen_beside_a_neighbour,
        """insert into roll_members select :d, :p, :unit, kind, party_id from roll_parties as other where not exists (
           select from roll_members where unit_id = :unit and (kind, party_id) = (other.kind, other.party_id))""",
        "takes no more",
    ),
    **{
        f"a roll with more {basis} than was announced": (announced, f"{copied()}; {matched(**{basis: 1})}", "is not whole")
        for basis in ONE
    },
    "a roll with a unit of another area": (announced, f"{copied(area=1)}; {matched()}", "is not whole"),
    "a roll without its household": (
        announced, f"{copied(household='')}; {matched()}", "is not whole"
    ),
    "a roll without its right holder": (announced, f"{copied(holder='')}; {matched()}", "is not whole"),
    "totals of a roll that has not matched": (
        announced, f"{copied()}; {matched().partition('; ')[2]}", "is not whole"
    ),
    "a roll with a party of more units than it has": (
        announced, f"{copied(household='2, 2, 0')}; {matched()}", "says who has signed"
    ),
    "a roll with a unit that has not signed": (
        announced,
        f"{copied(has_signed=True, household='1, 1, 1', holder='1, 1, 1')}; {matched()}; "
        + counts(ONE, fact="matched", number=1, agreement="null", at="now()"),
        "says who has signed",
    ),
    "a roll with a household that has not signed": (
        announced,
        f"{copied(household='1, 1, 1')}; {matched()}; "
        + counts({**dict.fromkeys(ONE, 0), "households": 1}, fact="matched", number=1, agreement="null", at="now()"),
        "says who has signed",
    ),
    **{
        f"another {column} of a copied roll": (frozen, f"update rolls set {column} = {value}", "counted already")
        for column, value in {**{basis: f"{basis} + 1" for basis in ONE}, "digest": "'x'", "matched_at": "now()"}.items()
    },
    **{
        f"another total of {basis}": (frozen, f"update projects set total_{basis} = total_{basis} + 1", "counted already")
        for basis in ONE
    },
    "a project that begins with totals": (
        open_case,
        """insert into projects select (jsonb_populate_record(projects, jsonb_build_object('project_id', gen_random_uuid(),
           'total_units', 1, 'total_households', 1, 'total_right_holders', 1, 'total_area', 1))).* from projects""",
        "is not whole",
    ),
    "an undoing that the feed does not tell": (
        signed,
        f"{TO.format('rescinded')}; insert into detachments values (:d, :a, 'other', 'x', now())",
        "does not tell that agreement .* was undone",
    ),
    "an undoing that the roll leaves out": (
        latched, undoing("rescinded", changes=dict.fromkeys(ONE, 0), line=False), "the roll says of unit"
    ),
    "an effect that the feed does not tell": (
        latched,
        f"{DECLARED}; update agreements set state = 'effective', effective_at = now()",
        "does not tell that agreement .* was effective",
    ),
    "in force without its instant": (latched, f"{DECLARED}; {TO.format('effective')}", "decided otherwise"),
    "rescinded with an effect that nobody declared": (
        latched, undoing("rescinded", more=", effective_at = now()"), "decided otherwise"
    ),
    "void in a project that reached its threshold": (
        latched, f"{CLOSE.format(reached='true', at=AFTER)}; {undoing('void')}", "decided otherwise"
    ),
    "a latch on a total of nothing": (of_no_area, LATCH, "not reached its threshold"),
    "a latch on one basis of two": (reached_on_one_basis_of_two, LATCH, "not reached its threshold"),
    "a report of fewer facts than the one before": (
        signed,
        DAY.format(on="2026-11-26", restatement=0).replace("0, '{}'", "1, '{}'")
        + "; "
        + DAY.format(on="2026-11-26", restatement=1),
        "not closed like this",
    ),
    "a report closed before the one before": (
        signed,
        f"{DAY.format(on='2026-11-26', restatement=0)}; "
        + DAY.format(on="2026-11-26", restatement=1).replace("2026-11-27 02:00Z", "2026-11-27 01:00Z"),
        "not closed like this",
    ),
    "a task done twice": (
        open_case,
        "insert into tasks values (:d, gen_random_uuid(), :unit, 'x', now(), now()); update tasks set done_at = null",
        "tasks goes back",
    ),
}  # fmt: skip


@pytest.mark.parametrize("breach", BREACHES)
def test_no_role_may_change_a_roll_a_count_or_a_decision_against_the_rules(
    district: District, urls: Database, breach: str
) -> None:
    after, statements, complaint = BREACHES[breach]
    given = after(district)

    for address in (urls.app, urls.owner):
        refused(district, address, given, statements, complaint)


def test_the_same_roll_counts_when_it_is_whole(district: District) -> None:
    """The counterpart of the refusals above: SQL that obeys the rules is accepted."""
    matching = counts(dict.fromkeys(ONE, 0), fact="matched", number=1, agreement="null", at="now()")
    given = announced(district)
    carry_out(district.engine, district.district, f"{copied()}; {matched()}; {matching}", given)
    given["a"] = district.ready(given["unit"])  # type: ignore[arg-type]
    carry_out(district.engine, district.district, f"{signing(ONE)}; {LINE}; {PARTIES}; {LATCH}", given)
    carry_out(district.engine, district.district, undoing("rescinded"), given)

    names = ", ".join(f"signed_{basis}" for basis in ONE)
    assert district.rows(f"select {names}, total_area from projects") == [(0, 0, 0, 0, AREA)]
    assert district.rows("select count(*) from latches") == [(1,)]
