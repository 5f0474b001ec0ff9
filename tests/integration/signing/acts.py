"""All acts on a project, in any order, on the real database: one Hypothesis rule per act.

The plain model predicts each act, and world.py compares the tables with it. The machines of test_rules.py add what each rule forbids.
Not here: concurrent acts (test_numbers.py, test_rights.py), the idempotency key (test_http.py).
"""

from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from services.signing.commands.close_day import CloseDay, close_day
from services.signing.commands.decide_project import ClosePeriod, DeclareEffect, close_period, declare_effect
from services.signing.commands.draft_agreement import EditTerms, SupersedeAgreement, edit_terms, supersede_agreement
from services.signing.commands.lock_agreement import PreRegister, pre_register_agreement
from services.signing.commands.perform_agreement import PerformAgreement, perform_agreement
from services.signing.commands.review_agreement import (
    ReturnAgreement,
    ReviewAgreement,
    return_agreement,
    review_agreement,
)
from services.signing.commands.settle_agreements import SettleAgreements, settle_agreements
from services.signing.commands.settle_rights import (
    ConfirmRights,
    DisputeRights,
    SetAreaDispute,
    TakeUpRights,
    confirm_rights,
    dispute_rights,
    set_area_dispute,
    take_up_rights,
)
from tests.integration.signing.world import DAYS, World
from tests.support.ruler import LIVE, OPEN, SIGNABLE, Agreement, Deed, House, Mandate, day_of
from tests.support.signing import CASH, DESK, PAPERS, a_holder

DOCUMENT = "罗府〔2026〕1号"
HOUSE, HOLDER = st.integers(0, 3), st.integers(0, 2)
OWNER = st.none() | st.none() | HOUSE
DEED = st.sampled_from(["sole", "child", "company", "thirds", "couple", "with a child", "broken", "neighbour"])
FORM = st.sampled_from(["cash", "exchange", "mixed"])
MOMENT = st.sampled_from(["a minute later", "before midnight", "midnight", "midnight", "before the end", "the end"])


class Acts(World):
    prepared: ClassVar[bool] = True  # frozen, and every household ready to sign
    signed: ClassVar[int] = 2  # of those prepared

    def prepare(self) -> None:
        for deed in ("sole", "thirds", "child", "neighbour"):
            self.register(deed)
        if self.prepared:
            self.freeze(3 if self.sold else None)
            for number, form in enumerate(("cash", "exchange", "mixed", "cash")):
                self.bring_to_the_lock(number, form)
            for number in range(self.signed):
                self.sign_by_all(number)

    # The registry's side.

    def register(self, name: str) -> None:
        deed, area, household = self.deed(name), 4_000 + 1_000 * len(self.model.houses), uuid4()
        facts = {"ownership": deed.ownership, "area_hundredths_m2": area, "household_id": household}
        unit = self.district.register(*deed.holders, **facts)
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
            "neighbour": lambda: Deed("sole", self.district.units[self.units[0]].right_holders[:1]),
        }
        if name == "neighbour" and self.model.houses[self.units[0]].deed.ownership != "sole":
            return made["sole"]()
        return made[name]()

    @rule(which=HOUSE, name=DEED)
    def change_the_right_holders(self, which, name) -> None:
        unit, house, deed = *self.house(which), self.deed(name)
        if deed != house.deed:
            self.district.correct(unit, ownership=deed.ownership, right_holders=deed.holders)
            self.model.change_rights(house, deed)

    @rule(which=HOUSE, floor=st.integers(1, 9))
    def correct_what_is_no_right(self, which, floor) -> None:
        unit, house = self.house(which)
        self.district.correct(unit, floor=floor)
        self.model.settle([house])

    @rule(sold=st.none() | HOUSE, to=DEED)
    def freeze(self, sold=None, to="sole") -> None:
        """`sold`: the unit that is sold afterwards. Its event arrives before our units match the roll."""
        if not self.model.roll:
            self.district.receive(self.district.frozen())
            self.model.freeze()
            if sold is not None:
                self.change_the_right_holders(sold, to)
            self.district.fan_out()
            self.model.match(self.district.clock.at)

    # The desk's side.

    @rule(which=HOUSE)
    def confirm(self, which) -> None:
        unit, house = self.house(which)
        if self.attempt(self.model.against_confirming(house), confirm_rights, ConfirmRights(unit, DESK)):
            self.model.settle([house])
            house.rights = "confirmed"

    @rule(which=HOUSE)
    def take_up(self, which) -> None:
        unit, house = self.house(which)
        against = {"rights-already-confirmed"} if house.rights == "confirmed" else set()
        if self.attempt(against, take_up_rights, TakeUpRights(unit, DESK)):
            self.model.settle([house])
            house.rights = "reviewing"

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
            self.agreements[unit] = self.district.drafted(unit, form=form)

        if self.attempt_it({"live-agreement-exists"} if house.state(*LIVE) else set(), drafted):
            house.agreements.append(Agreement("cash" if form == "cash" else "exchange"))

    @rule(which=HOUSE, form=FORM)
    def edit(self, which, form) -> None:
        _, house = self.house(which)
        if agreement_id := self.agreement(which):
            version = self.district.rows("select version from agreements where agreement_id = :a", a=agreement_id)[
                0
            ].version
            command = EditTerms(agreement_id, version, form, "4", CASH[:1], DESK)
            if self.attempt(set() if house.state(*OPEN) else {"agreement-not-open"}, edit_terms, command):
                house.last.state, house.last.series = "drafted", "cash" if form == "cash" else "exchange"

    @rule(which=HOUSE)
    def give_back(self, which) -> None:
        _, house = self.house(which)
        if agreement_id := self.agreement(which):
            against = set() if house.state(*OPEN) else {"agreement-not-open"}
            if self.attempt(against, return_agreement, ReturnAgreement(agreement_id, "papers_missing", "", DESK)):
                house.last.state = "returned"

    @rule(which=HOUSE, without=st.none() | st.sampled_from(sorted(PAPERS)))
    def review(self, which, without) -> None:
        _, house = self.house(which)
        if agreement_id := self.agreement(which):
            papers = PAPERS - {without}
            command = ReviewAgreement(agreement_id, papers, DESK)
            if self.attempt(self.model.against_reviewing(house, papers), review_agreement, command):
                house.last.state, house.last.seen = "reviewed", len(house.mandates)

    @rule(which=HOUSE)
    def lock(self, which) -> None:
        _, house = self.house(which)
        agreement_id = self.agreement(which)
        if agreement_id and self.attempt_it(self.model.against_locking(house), self.district.lock, agreement_id):
            self.model.lock(house)

    @rule(which=HOUSE)
    def unlock(self, which) -> None:
        _, house = self.house(which)
        against, agreement_id = set() if house.state(*SIGNABLE) else {"agreement-not-locked"}, self.agreement(which)
        if agreement_id and self.attempt_it(against, self.district.unlock, agreement_id):
            house.last.state = "drafted"

    @rule(which=HOUSE, form=FORM)
    def supersede(self, which, form) -> None:
        unit, house = self.house(which)
        if agreement_id := self.agreement(which):
            against = set() if house.state(*SIGNABLE) else {"agreement-not-locked"}
            command = SupersedeAgreement(agreement_id, form, "4", CASH[:1], "rule_set_superseded", "", DESK)
            if self.attempt(against, supersede_agreement, command):
                [successor] = self.district.rows(
                    "select agreement_id from agreements where supersedes = :a", a=agreement_id
                )
                self.agreements[unit] = successor.agreement_id
                self.model.supersede(house, "cash" if form == "cash" else "exchange")

    @rule(which=HOUSE)
    def pre_register(self, which) -> None:
        _, house = self.house(which)
        if agreement_id := self.agreement(which):
            against = set() if house.state(*SIGNABLE) else {"agreement-not-locked"}
            if self.attempt(against, pre_register_agreement, PreRegister(agreement_id, DESK)):
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
        owner=OWNER,
    )
    def record_a_mandate(self, which, holder, kind, days, owner=None) -> None:
        """`owner`: the unit that the hand owns, if any."""
        unit, house = self.house(which)
        who, until = self.holder(house, holder), day_of(self.district.clock.at) + days * DAYS
        hand = self.hand(who, kind, owner)
        against = self.model.against_mandating(who, hand, kind)
        if self.attempt_it(against, self.district.mandate, unit, who.person_id, hand, kind, until):
            house.mandates.append(Mandate(who.person_id, hand, kind, until))

    @rule(
        which=HOUSE,
        holder=HOLDER,
        capacity=st.sampled_from(["self", "self", "agent", "guardian", "representative"]),
        papers=st.booleans(),
        owner=OWNER,
    )
    def sign(self, which, holder, capacity, papers, owner=None) -> None:
        """Also signs a signed agreement again, as a second window would. `papers`: the desk sees the originals with the signature."""
        _, house = self.house(which)
        who, clock = self.holder(house, holder), self.district.clock
        hand = who.person_id if capacity == "self" else self.hand(who, capacity, owner)
        if agreement_id := self.agreement(which):
            against, at = self.model.against_signing(house, who, hand, capacity, clock.at, papers=papers), clock.at
            how = {"hand": hand, "capacity": capacity, "papers": PAPERS if papers else frozenset()}
            if self.attempt_it(against, self.district.sign, agreement_id, who.person_id, **how):
                self.model.sign(house, who, at)

    @rule(which=HOUSE)
    def sign_by_all(self, which) -> None:
        for number, who in enumerate(self.house(which)[1].deed.holders):
            kind = "representative" if who.kind == "organisation" else "self" if who.capable else "guardian"
            if kind != "self":
                self.record_a_mandate(which, number, kind, 0)
            self.sign(which, number, kind, kind != "self")

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
        if agreement_id and self.attempt_it(self.model.against_rescinding(house), self.district.rescind, agreement_id):
            self.model.rescind(house, self.district.clock.at)

    @rule(which=HOUSE)
    def perform(self, which) -> None:
        _, house = self.house(which)
        if agreement_id := self.agreement(which):
            command = PerformAgreement(agreement_id, "交房单 0411", DESK)
            if self.attempt(self.model.against_performing(house), perform_agreement, command):
                self.model.perform(house)

    # The command's side.

    @rule()
    def declare(self) -> None:
        command = DeclareEffect(self.district.project_id, DOCUMENT, DESK)
        if self.attempt(self.model.against_declaring(), declare_effect, command):
            self.model.declared_on = self.model.declared_on or day_of(self.district.clock.at)

    @rule()
    def complete_and_declare(self) -> None:
        self.sign_all_that_is_ready()
        self.declare()

    @rule()
    def close_the_period(self) -> None:
        command, at = ClosePeriod(self.district.project_id, DESK), self.district.clock.at
        if self.attempt(self.model.against_closing(at), close_period, command):
            self.model.closed_on = self.model.closed_on or day_of(at)

    @rule()
    def fan_out(self) -> None:
        with self.district.transaction() as tx:
            settle_agreements(tx, SettleAgreements(self.district.project_id))
        self.model.settle(self.model.houses.values())

    @rule(ago=st.integers(0, 2))
    def close_a_day(self, ago) -> None:
        at = self.district.clock.at
        on = day_of(at) - ago * DAYS
        if self.attempt(
            self.model.against_closing_day(on, at), close_day, CloseDay(self.district.project_id, on, DESK)
        ):
            self.day_closed(on)

    def day_closed(self, on: object) -> None:
        """For the machine that looks at the figures."""

    @rule(to=MOMENT)
    def let_time_pass(self, to) -> None:
        clock, ends = self.district.clock, self.model.ends
        midnight = (clock.at + timedelta(hours=8)).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            hours=8
        )
        instants = {
            "a minute later": clock.at + timedelta(minutes=1),
            "before midnight": midnight + DAYS - timedelta(seconds=1),
        }
        instants |= {"midnight": midnight + DAYS, "before the end": ends - timedelta(seconds=1), "the end": ends}
        clock.set(max(clock.at, instants[to]))
