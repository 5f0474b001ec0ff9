"""A second implementation of the rules of docs/domain.md, in plain values: no database, no lock, no code of the service.

`against_…` returns the codes for which an act must be refused, or nothing when it must pass. The other methods carry out accepted acts.
Rates are recounted over the whole roll each time, so that they cannot drift.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from shared.events.registry import RightHolder
from shared.events.terms import CountingRule

OPEN, SIGNABLE = ("drafted", "reviewed"), ("locked", "pre_registered")
SIGNED = ("signed", "effective", "performed")
LIVE = (*OPEN, *SIGNABLE, *SIGNED)
BASES = ("units", "households", "right_holders", "area")
_PAPER_OF = {"agent": "power_of_attorney", "guardian": "guardianship", "representative": "seal_authority"}


def day_of(at: datetime) -> date:
    """In Shanghai, eight hours ahead of UTC."""
    return (at + timedelta(hours=8)).date()


class Deed(NamedTuple):
    ownership: str
    holders: tuple[RightHolder, ...]

    @property
    def whole(self) -> bool:
        shares = [None if holder.share is None else Fraction(holder.share) for holder in self.holders]
        if self.ownership == "joint":
            return len(shares) > 1 and set(shares) == {None}
        return (self.ownership == "shares" or len(shares) == 1) and sum(share or 0 for share in shares) == 1


class Mandate(NamedTuple):
    holder: UUID
    hand: UUID
    kind: str
    until: date


class Fact(NamedTuple):
    """`moved` is what it changes on each of BASES; `series` is empty for the roll's own fact."""

    on: date
    what: str
    series: str
    moved: tuple[int, ...]


@dataclass
class Agreement:
    series: str
    state: str = "drafted"
    deed: Deed | None = None
    changes: int = 0  # how often the rights had changed when it was locked
    signed: set[UUID] = field(default_factory=set)
    seen: int = 0  # how many of the house's mandates were on record at its last review
    number: int = 0
    signed_on: date | None = None


@dataclass
class House:
    deed: Deed
    household: UUID
    area: int
    rights: str = "pending"
    changes: int = 0
    area_disputed: bool = False
    mandates: list[Mandate] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)

    @property
    def last(self) -> Agreement | None:
        return self.agreements[-1] if self.agreements else None

    def state(self, *states: str) -> bool:
        return self.last is not None and self.last.state in states

    def papers(self) -> set[str]:
        kinds = {mandate.kind for mandate in self.mandates}
        kinds |= {"guardian" for holder in self.deed.holders if not holder.capable}
        kinds |= {"representative" for holder in self.deed.holders if holder.kind == "organisation"}
        return {"identity", "title_certificate", "account"} | {_PAPER_OF[kind] for kind in kinds}


@dataclass
class Ruler:
    begins: datetime
    ends: datetime
    least: dict[str, int]
    automatic: bool = False
    rule: CountingRule = "all_units_signed"
    houses: dict[UUID, House] = field(default_factory=dict)
    roll: dict[UUID, tuple[UUID, int, frozenset[UUID]]] = field(default_factory=dict)
    last_number: dict[str, int] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    latched: tuple[int, ...] | None = None
    declared_on: date | None = None
    closed_on: date | None = None

    # Rates: integers over the whole frozen roll.

    def count(self, units: Iterable[UUID]) -> tuple[int, int, int, int]:
        """A household and a person count once, and when all their units on the roll are among these; by rule a person when any is."""
        units = set(units) & set(self.roll)
        others = set(self.roll) - units
        homes = {self.roll[unit][0] for unit in units} - {self.roll[unit][0] for unit in others}
        people = frozenset().union(*(self.roll[unit][2] for unit in units))
        if self.rule == "all_units_signed":
            people -= frozenset().union(*(self.roll[unit][2] for unit in others))
        return len(units), len(homes), len(people), sum(self.roll[unit][1] for unit in units)

    def signed(self) -> tuple[int, ...]:
        return self.count(unit for unit, house in self.houses.items() if house.state(*SIGNED))

    def total(self) -> tuple[int, ...]:
        return self.count(self.roll)

    def _evaluate(self, at: datetime) -> None:
        now = dict(zip(BASES, zip(self.signed(), self.total(), strict=True), strict=True))
        enough = all(now[name][0] * 100 >= now[name][1] * least for name, least in self.least.items())
        if self.roll and enough and self.latched is None and self.closed_on is None:
            self.latched = self.signed()
            self.declared_on = day_of(at) if self.automatic else None

    # Why not.

    def against_confirming(self, house: House) -> set[str]:
        return set() if house.rights == "confirmed" or house.deed.whole else {"shares-incomplete"}

    def against_reviewing(self, house: House, papers: Iterable[str]) -> set[str]:
        complete = house.rights == "confirmed" and not house.area_disputed and house.papers() <= set(papers)
        return _named({"review-incomplete": not complete, "agreement-not-open": not house.state(*OPEN)})

    def against_locking(self, house: House) -> set[str]:
        if house.state(*SIGNABLE):
            return set()
        return self._of_rights(house) | _named({"agreement-not-reviewed": not house.state("reviewed")})

    def against_signing(  # noqa: PLR0913 - for whom, by whose hand, as what, on which papers, when
        self, house: House, holder: RightHolder, hand: UUID, capacity: str, at: datetime, *, papers: bool
    ) -> set[str]:
        """`papers`: whether the desk names the originals with the signature."""
        it = house.last or Agreement("")
        if holder.person_id in it.signed and it.state in (*SIGNABLE, *SIGNED):
            return set()
        named = {
            "period-not-open": at < self.begins,
            "period-over": self.latched is None and (at >= self.ends or self.closed_on is not None),
            "agreement-not-locked": it.state not in SIGNABLE,
            "rights-changed-since-lock": it.changes != house.changes,
            "not-a-right-holder": it.deed is None or holder not in it.deed.holders,
        }
        return (
            self._of_rights(house)
            | _named(named)
            | _by_hand(house, holder, hand, capacity, day_of(at), papers=papers, capable=self.may_act(hand))
        )

    def against_mandating(self, holder: RightHolder, hand: UUID, kind: str) -> set[str]:
        fits = {"organisation": ("representative", "agent")}.get(
            holder.kind, ("agent",) if holder.capable else ("guardian",)
        )
        unfit = set() if kind in fits else {"guardian-required", "representative-required", "hand-not-entitled"}
        another = {"hand-not-another": hand == holder.person_id, "hand-not-capable": not self.may_act(hand)}
        return unfit | _named(another)

    def may_act(self, hand: UUID) -> bool:
        """Whether the hand may sign for others: every registration of it must be a capable natural person."""
        known = [item for house in self.houses.values() for item in house.deed.holders if item.person_id == hand]
        return all(document.capable and document.kind == "natural" for document in known)

    def against_rescinding(self, house: House) -> set[str]:
        undone = house.state("signed") and self.lapsed
        return _named({"agreement-not-signed": not house.state("signed", "effective") or undone})

    def against_performing(self, house: House) -> set[str]:
        effective = house.state("effective", "performed") or (house.state("signed") and self.declared_on is not None)
        return _named({"agreement-not-effective": not effective})

    def against_declaring(self) -> set[str]:
        """What was declared by the project's own rule has another document number."""
        by_rule = self.automatic and self.declared_on is not None
        return _named({"threshold-not-reached": self.latched is None, "effect-already-declared": by_rule})

    def against_closing(self, at: datetime) -> set[str]:
        if self.closed_on:
            return set()
        return _named({"period-still-open": at < self.ends, "roll-not-frozen": not self.roll})

    def against_closing_day(self, on: date, at: datetime) -> set[str]:
        lapsing = self.lapsed and any(house.state("signed") for house in self.houses.values())
        return _named({"day-not-over": day_of(at) <= on, "project-settling": lapsing})

    def _of_rights(self, house: House) -> set[str]:
        bad = {
            "rights-disputed": house.rights == "disputed",
            "rights-not-confirmed": house.rights in ("pending", "reviewing"),
        }
        return _named(bad)

    @property
    def lapsed(self) -> bool:
        return self.closed_on is not None and self.latched is None

    # What follows.

    def change_rights(self, house: House, deed: Deed) -> None:
        self.settle([house])
        house.deed, house.changes = deed, house.changes + 1
        house.rights = "disputed" if house.rights == "confirmed" else house.rights

    def lock(self, house: House) -> None:
        if (it := house.last) and it.state == "reviewed":
            it.state, it.deed, it.changes, it.signed = "locked", house.deed, house.changes, set()

    def sign(self, house: House, holder: RightHolder, at: datetime) -> None:
        it = house.last
        if it is None or it.deed is None or holder.person_id in it.signed:
            return
        it.signed.add(holder.person_id)
        if it.signed == {item.person_id for item in it.deed.holders}:
            it.number = self.last_number[it.series] = self.last_number.get(it.series, 0) + 1
            it.signed_on = day_of(at)
            self._turn(house, "signed", it.signed_on, state="signed")
            self._evaluate(at)
            self.settle([house])

    def rescind(self, house: House, at: datetime) -> None:
        self.settle([house])
        self._turn(house, "undone", day_of(at), state="rescinded")

    def supersede(self, house: House, series: str) -> None:
        if house.last:
            house.last.state = "superseded"
        house.agreements.append(Agreement(series))

    def perform(self, house: House) -> None:
        self.settle([house])
        if house.last:
            house.last.state = "performed"

    def settle(self, houses: Iterable[House]) -> None:
        """Applies the decision of the project to the unit, before the next act on it."""
        for house in houses:
            if house.state("signed") and self.declared_on and house.last and house.last.signed_on:
                self._turn(house, "effective", max(self.declared_on, house.last.signed_on), state="effective")
            elif house.state("signed") and self.lapsed and self.closed_on:
                self._turn(house, "undone", self.closed_on, state="void")

    def freeze(self) -> None:
        """Freezes the roll with the present owners; later sales do not change it."""
        self.roll = {
            unit: (house.household, house.area, frozenset(holder.person_id for holder in house.deed.holders))
            for unit, house in self.houses.items()
        }

    def match(self, at: datetime) -> None:
        self.facts.append(Fact(day_of(at), "matched", "", self.signed()))
        self._evaluate(at)

    def figures(self, on: date) -> dict[str, tuple[int, int, int]]:
        """Per series what was signed, undone and took effect on that day, as far as is known now."""
        known = {fact.series for fact in self.facts if fact.series and fact.on <= on}
        return {
            series: tuple(self.facts_of(on, series, what) for what in ("signed", "undone", "effective"))  # type: ignore[misc]
            for series in known
        }

    def facts_of(self, on: date, series: str, what: str) -> int:
        return sum((fact.on, fact.series, fact.what) == (on, series, what) for fact in self.facts)

    def by_end_of(self, on: date) -> tuple[int, ...]:
        return _sum([fact.moved for fact in self.facts if fact.on <= on])

    def changed_on(self, on: date) -> tuple[int, ...]:
        return _sum([fact.moved for fact in self.facts if fact.on == on])

    def _turn(self, house: House, what: str, on: date, *, state: str) -> None:
        if house.last:
            before, house.last.state = self.signed(), state
            moved = tuple(after - was for after, was in zip(self.signed(), before, strict=True))
            self.facts.append(Fact(on, what, house.last.series, moved))


def _by_hand(  # noqa: PLR0913 - as above
    house: House, holder: RightHolder, hand: UUID, capacity: str, on: date, *, papers: bool, capable: bool
) -> set[str]:
    if holder.kind == "organisation":
        unfit = None if capacity in ("representative", "agent") else "representative-required"
    elif holder.capable:
        unfit = None if capacity in ("self", "agent") else "hand-not-entitled"
    else:
        unfit = None if capacity == "guardian" else "guardian-required"
    if unfit or capacity == "self":
        return {unfit} if unfit else _named({"hand-not-entitled": hand != holder.person_id})
    ours = {
        number: mandate
        for number, mandate in enumerate(house.mandates)
        if mandate[:3] == (holder.person_id, hand, capacity)
    }
    good = [number for number, mandate in ours.items() if mandate.until >= on]
    seen = papers or (house.last is not None and any(number < house.last.seen for number in good))
    return _named(
        {
            "hand-not-entitled": not ours,
            "hand-not-another": hand == holder.person_id,
            "mandate-expired": bool(ours) and not good,
            "hand-not-capable": not capable,
            "papers-missing": bool(good) and not seen,
        }
    )


def _named(codes: dict[str, bool]) -> set[str]:
    return {code for code, holds in codes.items() if holds}


def _sum(changes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*changes, strict=True))) if changes else (0,) * len(BASES)
