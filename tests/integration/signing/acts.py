"""Everything that can be done to a project, in any order, on the real database: one Hypothesis rule per act.

Each act is foretold by the plain model (tests/support/ruler.py): a refusal must name one of the model's reasons and change no row and no
event, and what passes must leave the tables as the model has them. The machines of test_rules.py add what each rule forbids.
Left to others: many hands at the same time (test_numbers.py, test_rights.py), the idempotency key (test_http.py).
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import Engine

from services.signing.commands.close_day import CloseDay, close_day
from services.signing.commands.decide_project import ClosePeriod, DeclareEffect, close_period, declare_effect
from services.signing.commands.draft_agreement import EditTerms, edit_terms
from services.signing.commands.lock_agreement import PreRegister, pre_register
from services.signing.commands.review_agreement import ReviewAgreement, review_agreement
from services.signing.commands.settle_agreements import SettleAgreements, settle_agreements
from services.signing.commands.settle_rights import (
    ConfirmRights,
    DisputeRights,
    SetAreaDispute,
    confirm_rights,
    dispute_rights,
    set_area_dispute,
)
from shared.refusal import Refused
from tests.support.ruler import BASES, LIVE, OPEN, SIGNABLE, SIGNED, Agreement, Deed, House, Mandate, Ruler, day_of
from tests.support.signing import CASH, DESK, LAUNCH, PAPERS, District, SetClock, a_holder

DOCUMENT = "罗府〔2026〕1号"
HOUSE, HOLDER = st.integers(0, 3), st.integers(0, 2)
DEED = st.sampled_from(["sole", "child", "company", "thirds", "couple", "with a child", "broken", "neighbour"])
FORM = st.sampled_from(["cash", "exchange", "mixed"])
MOMENT = st.sampled_from(["a minute later", "before midnight", "midnight", "midnight", "before the end", "the end"])
DAYS = timedelta(days=1)
_districts = count(500_000)

_STORED = """
    select (select max(id) from events), (select sum(version) from agreements), (select sum(version) from cases),
           (select sum(version) from projects), (select sum(last_number) from series), (select count(*) from term_lines),
           (select count(*) from signatures), (select count(*) from numbers), (select count(*) from detachments),
           (select count(*) from locks), (select count(*) from acts), (select count(*) from mandates),
           (select count(*) from counted), (select count(*) from days), (select count(*) from tasks)
"""
_STANDS = """
    select cases.unit_id, rights_state, area_disputed, state, agreements.series, coalesce(number, 0) as number,
           (select count(*) from signatures where signatures.agreement_id = agreements.agreement_id
                and signatures.lock_count = agreements.lock_count) as signatures
    from cases left join agreements using (unit_id) left join numbers using (agreement_id) order by agreement_id
"""
_DECIDED = """
    select total_units is not null as matched, signed_units, signed_households, signed_right_holders, signed_area,
           reached_at is not null as latched, declared_at, closed_at
    from projects left join latches using (project_id) left join declarations using (project_id)
    left join closings using (project_id)
"""


class StillClock(SetClock):
    """Goes on by a millisecond each time it is asked, so that a run is the same whenever it is repeated."""

    def set(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


class Acts(RuleBasedStateMachine):
    engine: ClassVar[Engine]
    bases: ClassVar[tuple[tuple[str, int], ...]] = (("units", 75), ("right_holders", 60))
    automatic: ClassVar[bool] = False
    prepared: ClassVar[bool] = True  # frozen, and every household ready to sign
    signed: ClassVar[int] = 2  # of those prepared

    def __init__(self) -> None:
        super().__init__()
        self.agreements: dict[UUID, UUID] = {}
        self.here = District(self.engine, str(next(_districts)), StillClock(LAUNCH))
        self.here.open_project(*self.bases, automatic=self.automatic)
        self.model = Ruler(LAUNCH, LAUNCH + 15 * DAYS, dict(self.bases), automatic=self.automatic)
        for deed in ("sole", "thirds", "child", "neighbour"):
            self.register(deed)
        if self.prepared:
            self.freeze()
            for number, form in enumerate(("cash", "exchange", "mixed", "cash")):
                self.bring_to_the_lock(number, form)
            for number in range(self.signed):
                self.sign_by_all(number)

    # The registry's side.

    def register(self, name: str) -> None:
        deed, area, household = self.deed(name), 4_000 + 1_000 * len(self.model.houses), uuid4()
        facts = {"ownership": deed.ownership, "area_hundredths_m2": area, "household_id": household}
        unit = self.here.register(*deed.holders, **facts)
        self.model.houses[unit] = House(deed, household, area)

    def deed(self, name: str) -> Deed:
        half = a_holder("1/2")
        made = {
            "sole": lambda: Deed("sole", (a_holder(),)),
            "child": lambda: Deed("sole", (a_holder(capable=False),)),
            "company": lambda: Deed("sole", (a_holder(kind="organisation"),)),
            "thirds": lambda: Deed("shares", tuple(a_holder("1/3") for _ in range(3))),
            "couple": lambda: Deed("joint", (a_holder(None), a_holder(None))),
            "with a child": lambda: Deed("shares", (half, a_holder("1/2", capable=False))),
            "broken": lambda: Deed("shares", (half, a_holder("1/3"))),
            # The owner of the first unit, so that one right-holder has two.
            "neighbour": lambda: Deed("sole", self.here.units[self.units[0]].right_holders[:1]),
        }
        if name == "neighbour" and self.model.houses[self.units[0]].deed.ownership != "sole":
            return made["sole"]()
        return made[name]()

    @rule(which=HOUSE, name=DEED)
    def change_the_right_holders(self, which, name) -> None:
        unit, house, deed = *self.house(which), self.deed(name)
        if deed != house.deed:
            self.here.correct(unit, ownership=deed.ownership, right_holders=deed.holders)
            self.model.change_rights(house, deed)

    @rule(which=HOUSE, floor=st.integers(1, 9))
    def correct_what_is_no_right(self, which, floor) -> None:
        unit, house = self.house(which)
        self.here.correct(unit, floor=floor)
        self.model.settle([house])

    @rule()
    def freeze(self) -> None:
        if not self.model.roll:
            self.here.freeze()
            self.model.freeze(self.here.clock.at)

    # The desk's side.

    @rule(which=HOUSE)
    def confirm(self, which) -> None:
        unit, house = self.house(which)
        if self.attempt(self.model.against_confirming(house), confirm_rights, ConfirmRights(unit, DESK)):
            self.model.settle([house])
            house.rights = "confirmed"

    @rule(which=HOUSE)
    def dispute(self, which) -> None:
        unit, house = self.house(which)
        self.attempt(set(), dispute_rights, DisputeRights(unit, "inheritance", DESK))
        self.model.settle([house])
        house.rights = "disputed"

    @rule(which=HOUSE, disputed=st.booleans())
    def dispute_the_area(self, which, disputed) -> None:
        unit, house = self.house(which)
        self.attempt(set(), set_area_dispute, SetAreaDispute(unit, disputed, "balcony", DESK))
        house.area_disputed = disputed

    @rule(which=HOUSE, form=FORM)
    def draft(self, which, form) -> None:
        unit, house = self.house(which)

        def drafted() -> None:
            self.agreements[unit] = self.here.drafted(unit, form=form)

        if self.attempt_it({"live-agreement-exists"} if house.state(*LIVE) else set(), drafted):
            house.agreements.append(Agreement("cash" if form == "cash" else "exchange"))

    @rule(which=HOUSE, form=FORM)
    def edit(self, which, form) -> None:
        _, house = self.house(which)
        if agreement_id := self.agreement(which):
            version = self.here.rows("select version from agreements where agreement_id = :a", a=agreement_id)[
                0
            ].version
            command = EditTerms(agreement_id, version, form, "4", CASH[:1], DESK)
            if self.attempt(set() if house.state(*OPEN) else {"agreement-not-open"}, edit_terms, command):
                house.last.state, house.last.series = "drafted", "cash" if form == "cash" else "exchange"

    @rule(which=HOUSE, without=st.none() | st.sampled_from(sorted(PAPERS)))
    def review(self, which, without) -> None:
        _, house = self.house(which)
        if agreement_id := self.agreement(which):
            papers = PAPERS - {without}
            command = ReviewAgreement(agreement_id, papers, DESK)
            if self.attempt(self.model.against_reviewing(house, papers), review_agreement, command):
                house.last.state = "reviewed"

    @rule(which=HOUSE)
    def lock(self, which) -> None:
        _, house = self.house(which)
        agreement_id = self.agreement(which)
        if agreement_id and self.attempt_it(self.model.against_locking(house), self.here.lock, agreement_id):
            self.model.lock(house)

    @rule(which=HOUSE)
    def unlock(self, which) -> None:
        _, house = self.house(which)
        against, agreement_id = set() if house.state(*SIGNABLE) else {"agreement-not-locked"}, self.agreement(which)
        if agreement_id and self.attempt_it(against, self.here.unlock, agreement_id):
            house.last.state = "drafted"

    @rule(which=HOUSE)
    def pre_register(self, which) -> None:
        _, house = self.house(which)
        if agreement_id := self.agreement(which):
            against = set() if house.state(*SIGNABLE) else {"agreement-not-locked"}
            if self.attempt(against, pre_register, PreRegister(agreement_id, DESK)):
                house.last.state = "pre_registered"

    @rule(which=HOUSE, form=FORM)
    def bring_to_the_lock(self, which, form) -> None:
        self.confirm(which)
        self.draft(which, form)
        self.review(which, None)
        self.lock(which)

    @rule(
        which=HOUSE,
        holder=HOLDER,
        kind=st.sampled_from(["agent", "guardian", "representative"]),
        days=st.integers(-1, 1),
    )
    def record_a_mandate(self, which, holder, kind, days) -> None:
        unit, house = self.house(which)
        who, until = self.holder(house, holder), day_of(self.here.clock.at) + days * DAYS
        fits = {"organisation": ("representative", "agent")}.get(who.kind, ("agent",) if who.capable else ("guardian",))
        against = set() if kind in fits else {"guardian-required", "representative-required", "hand-not-entitled"}
        if self.attempt_it(against, self.here.mandate, unit, who.person_id, self.hand(who, kind), kind, until):
            house.mandates.append(Mandate(who.person_id, self.hand(who, kind), kind, until))

    @rule(which=HOUSE, holder=HOLDER, capacity=st.sampled_from(["self", "self", "agent", "guardian", "representative"]))
    def sign(self, which, holder, capacity) -> None:
        """Also what is signed already, as from a second window."""
        _, house = self.house(which)
        who, clock = self.holder(house, holder), self.here.clock
        hand = who.person_id if capacity == "self" else self.hand(who, capacity)
        if agreement_id := self.agreement(which):
            against, at = self.model.against_signing(house, who, hand, capacity, clock.at), clock.at
            if self.attempt_it(against, self.here.sign, agreement_id, who.person_id, hand=hand, capacity=capacity):
                self.model.sign(house, who, at)

    @rule(which=HOUSE)
    def sign_by_all(self, which) -> None:
        for number, who in enumerate(self.house(which)[1].deed.holders):
            kind = "representative" if who.kind == "organisation" else "self" if who.capable else "guardian"
            if kind != "self":
                self.record_a_mandate(which, number, kind, 0)
            self.sign(which, number, kind)

    @rule(which=HOUSE, form=FORM)
    def take_from_the_file_to_the_number(self, which, form) -> None:
        self.bring_to_the_lock(which, form)
        self.sign_by_all(which)

    @rule()
    def sign_all_that_is_ready(self) -> None:
        for which in range(len(self.units)):
            self.sign_by_all(which)

    @rule(which=HOUSE)
    def rescind(self, which) -> None:
        _, house = self.house(which)
        agreement_id = self.agreement(which)
        if agreement_id and self.attempt_it(self.model.against_rescinding(house), self.here.rescind, agreement_id):
            self.model.rescind(house, self.here.clock.at)

    # The command's side.

    @rule()
    def declare(self) -> None:
        command = DeclareEffect(self.here.project_id, DOCUMENT, DESK)
        if self.attempt(self.model.against_declaring(), declare_effect, command):
            self.model.declared_on = self.model.declared_on or day_of(self.here.clock.at)

    @rule()
    def complete_and_declare(self) -> None:
        self.sign_all_that_is_ready()
        self.declare()

    @rule()
    def close_the_period(self) -> None:
        command, at = ClosePeriod(self.here.project_id, DESK), self.here.clock.at
        if self.attempt(self.model.against_closing(at), close_period, command):
            self.model.closed_on = self.model.closed_on or day_of(at)

    @rule()
    def fan_out(self) -> None:
        with self.here.transaction() as tx:
            settle_agreements(tx, SettleAgreements(self.here.project_id))
        self.model.settle(self.model.houses.values())

    @rule(ago=st.integers(0, 2))
    def close_a_day(self, ago) -> None:
        at = self.here.clock.at
        on = day_of(at) - ago * DAYS
        if self.attempt(self.model.against_closing_day(on, at), close_day, CloseDay(self.here.project_id, on, DESK)):
            self.day_closed(on)

    def day_closed(self, on: object) -> None:
        """For the machine that looks at the figures."""

    @rule(to=MOMENT)
    def let_time_pass(self, to) -> None:
        clock, ends = self.here.clock, self.model.ends
        midnight = (clock.at + timedelta(hours=8)).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            hours=8
        )
        instants = {
            "a minute later": clock.at + timedelta(minutes=1),
            "before midnight": midnight + DAYS - timedelta(seconds=1),
        }
        instants |= {"midnight": midnight + DAYS, "before the end": ends - timedelta(seconds=1), "the end": ends}
        clock.set(max(clock.at, instants[to]))

    # What was foretold.

    @invariant()
    def the_tables_are_as_foretold(self) -> None:
        stands = {row.unit_id: tuple(row)[1:] for row in self.here.rows(_STANDS)}  # of several agreements the last one
        assert stands == {unit: _foretold(house) for unit, house in self.model.houses.items()}
        decided = self.here.rows(_DECIDED)[0]
        assert (decided.matched, decided.latched) == (bool(self.model.roll), self.model.latched is not None)
        assert decided[1:5] == self.model.signed()
        assert decided.declared_at is None or day_of(decided.declared_at) == self.model.declared_on
        assert decided.closed_at is None or day_of(decided.closed_at) == self.model.closed_on

    def attempt(self, against: set[str], command: Callable[..., object], what: object) -> bool:
        def carry_out() -> None:
            with self.here.transaction() as tx:
                command(tx, what, self.here.clock)

        return self.attempt_it(against, carry_out)

    def attempt_it(self, against: set[str], act: Callable[..., object], *given: object, **named: object) -> bool:
        before = self.here.rows(_STORED) if against else None
        code = _refusal(lambda: act(*given, **named))
        assert (code in against) if code else not against, (
            f"{code or 'carried out'}, where {against or 'no refusal'} was due"
        )
        assert not code or self.here.rows(_STORED) == before, f"refused for {code}, and something changed"
        return not code

    # What the machines look at.

    @property
    def units(self) -> list[UUID]:
        return list(self.here.units)

    def house(self, which: int) -> tuple[UUID, House]:
        return self.units[which], self.model.houses[self.units[which]]

    def holder(self, house: House, which: int) -> Any:
        return house.deed.holders[which % len(house.deed.holders)]

    def hand(self, who: Any, kind: str) -> UUID:
        """One person per right-holder and kind, so that a later signature finds an earlier paper."""
        return UUID(int=who.person_id.int ^ {"agent": 1, "guardian": 2, "representative": 3}[kind])

    def agreement(self, which: int) -> UUID | None:
        """The last one of the unit."""
        return self.agreements.get(self.units[which])

    def told(self, *names: str) -> list[dict[str, Any]]:
        """The payloads of the journal's events of these types (all without any), each with its `type`, in the order of commits."""
        said = []
        for row in self.here.rows("select type, payload from events order by id"):
            name = row.type.removeprefix("clearwater.signing.").removesuffix(".v1")
            if not names or name in names:
                said.append({"type": name, **json.loads(bytes(row.payload))})
        return said


def _refusal(act: Callable[[], object]) -> str:
    try:
        act()
    except Refused as refused:
        return refused.code
    return ""


def _foretold(house: House) -> tuple[object, ...]:
    if (it := house.last) is None:
        return house.rights, house.area_disputed, None, None, 0, 0
    signatures = len(it.signed) if it.state in (*SIGNABLE, *SIGNED, "rescinded", "void") or it.deed else 0
    return house.rights, house.area_disputed, it.state, it.series, it.number, signatures


__all__ = ["BASES", "DAYS", "Acts"]
