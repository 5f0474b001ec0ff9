"""Builders for tests of signing: a district with a project, its units as the registry tells them, and a desk that carries out commands."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from services.signing.commands.draft_agreement import DraftAgreement, draft_agreement
from services.signing.commands.keep_mandates import RecordMandate, record_mandate
from services.signing.commands.lock_agreement import LockAgreement, UnlockAgreement, lock_agreement, unlock_agreement
from services.signing.commands.rescind_agreement import RescindAgreement, rescind_agreement
from services.signing.commands.review_agreement import ReviewAgreement, review_agreement
from services.signing.commands.settle_rights import ConfirmRights, confirm_rights
from services.signing.commands.sign_agreement import SignAgreement, sign_agreement
from services.signing.consumers import reactions
from services.signing.domain.agreement import Agreement
from services.signing.domain.terms import TermLine
from services.signing.workers.fan_out import FanOut
from shared.events import roll
from shared.events.contract import Event
from shared.events.registry import (
    ProjectOpened,
    RightHolder,
    RollFrozen,
    SigningPeriod,
    ThresholdBasis,
    UnitRegistered,
)
from shared.messaging.ports import Message
from shared.service import database
from shared.service.clock import Clock
from shared.service.database import Transaction
from shared.service.steady import BOUND

DESK = "test-desk"
PAPERS = frozenset({"identity", "title_certificate", "account", "power_of_attorney", "guardianship", "seal_authority"})
LAUNCH = datetime(2026, 11, 28, 1, tzinfo=UTC)  # nine in the morning in Shanghai
CASH = (TermLine("relocation_fee", "once", 260_720), TermLine("resettlement_fee", "monthly", 325_900))


class SetClock:
    """A business clock at the pace of real time. A test may set it, as if time had passed.

    To simulate a faulty clock, a test calls `jump`: the check of the machine's clock (shared/service/steady.py) then
    reports a deviation, until the clock jumps back.
    """

    def __init__(self, at: datetime = LAUNCH) -> None:
        self._jumped = timedelta()
        self.set(at)

    def set(self, at: datetime) -> None:
        self._ahead = at - datetime.now(UTC)

    def jump(self, by: timedelta) -> None:
        self._ahead, self._jumped = self._ahead + by, self._jumped + by

    def strayed(self) -> timedelta:
        return self._jumped if abs(self._jumped) > BOUND else timedelta()

    def real(self) -> datetime:
        return datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead


def a_holder(share: str | None = "1", **changed: Any) -> RightHolder:
    facts: dict[str, Any] = {
        "person_id": uuid4(),
        "masked_name": "陈**",
        "capable": True,
        "kind": "natural",
        "overseas": False,
    }
    return RightHolder(**{**facts, "share": share, **changed})


@dataclass
class District:
    """One district of one test, with a project in it. Everything goes through the consumer's reactions and the commands."""

    engine: Engine
    district: str
    clock: Clock = field(default_factory=SetClock)
    project_id: UUID = field(default_factory=uuid4)
    units: dict[UUID, UnitRegistered] = field(default_factory=dict)
    received: list[Event] = field(default_factory=list)
    _sequence: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with database.begin(self.engine, district=self.district) as tx:
            yield tx

    def receive(self, *events: Event) -> None:
        """Passes events of the registry to the consumer's reactions."""
        self.received += events
        messages = [self._message(event) for event in events]
        with self.transaction() as tx:
            reactions(self.clock)[messages[0].type](tx, messages)

    def open_project(
        self,
        *bases: tuple[str, int],
        automatic: bool = False,
        starts_at: datetime = LAUNCH,
        days: float = 15,
        counting_rule: str = "all_units_signed",
    ) -> UUID:
        self.receive(
            ProjectOpened(
                project_id=self.project_id,
                district=self.district,
                name="澄水湾片区",
                bases=tuple(
                    ThresholdBasis(basis=name, percent=least, legal_ground="方案第九条") for name, least in bases
                )
                or (ThresholdBasis(basis="units", percent=95, legal_ground="方案第九条"),),
                signing_period=SigningPeriod(starts_at=starts_at, ends_at=starts_at + timedelta(days=days)),
                series=("exchange", "cash"),
                auto_effect=automatic,
                counting_rule=counting_rule,
            )
        )
        return self.project_id

    def register(self, *holders: RightHolder, **changed: Any) -> UUID:
        """A unit; one sole owner when nobody is named. Returns its id."""
        owners = holders or (a_holder(),)
        number = len(self.units) + 1
        facts: dict[str, Any] = {
            "project_id": self.project_id,
            "unit_id": uuid4(),
            "revision": 1,
            "unit_code": f"HF-04-{number:04}",
            "compound": "和丰苑",
            "building": "4栋",
            "stairwell": "",
            "floor": 2,
            "door": f"{number}",
            "area_hundredths_m2": 6_518,
            "use": "residential",
            "household_id": uuid4(),
            "ownership": "shares" if len(owners) > 1 else "sole",
        }
        unit = UnitRegistered(**{**facts, **changed, "right_holders": owners})
        self.units[unit.unit_id] = unit
        self.receive(unit)
        return unit.unit_id

    def correct(self, unit_id: UUID, **changed: Any) -> None:
        known = self.units[unit_id]
        late = any(isinstance(event, RollFrozen) for event in self.received)
        changes = {"after_freeze": late, "revision": known.revision + 1, **changed}
        self.units[unit_id] = known.model_copy(update=changes)
        self.receive(self.units[unit_id])

    def frozen(self) -> RollFrozen:
        lines = roll.current(self.units.values())
        facts = {"totals": roll.totals(lines), "digest": roll.digest(lines), "frozen_at": LAUNCH - timedelta(days=1)}
        return RollFrozen(project_id=self.project_id, **facts)

    def freeze(self) -> None:
        self.receive(self.frozen())
        self.fan_out()

    def fan_out(self, *, batch: int = 200) -> int:
        """Runs the fan-out until nothing is due. Returns the number of items."""
        worker, done = FanOut(self.engine, self.clock, batch=batch), 0
        while step := worker.run_once():
            done += step
        return done

    def drafted(self, unit_id: UUID, *, form: str = "cash", lines: Sequence[TermLine] = CASH) -> UUID:
        with self.transaction() as tx:
            command = DraftAgreement(unit_id, form, "3", tuple(lines), DESK)  # type: ignore[arg-type]  # the test names it
            return draft_agreement(tx, command, self.clock).agreement_id

    def ready(self, unit_id: UUID, *, form: str = "cash") -> UUID:
        """Confirmed, drafted, reviewed, locked. Returns the agreement."""
        with self.transaction() as tx:
            confirm_rights(tx, ConfirmRights(unit_id, DESK), self.clock)
        agreement_id = self.drafted(unit_id, form=form)
        self.review(agreement_id)
        self.lock(agreement_id)
        return agreement_id

    def review(self, agreement_id: UUID) -> None:
        with self.transaction() as tx:
            review_agreement(tx, ReviewAgreement(agreement_id, PAPERS, DESK), self.clock)

    def lock(self, agreement_id: UUID) -> None:
        with self.transaction() as tx:
            lock_agreement(tx, LockAgreement(agreement_id, DESK), self.clock)

    def unlock(self, agreement_id: UUID) -> None:
        with self.transaction() as tx:
            unlock_agreement(tx, UnlockAgreement(agreement_id, "amount_wrong", "", DESK), self.clock)

    def owners(self, unit_id: UUID) -> list[UUID]:
        return [holder.person_id for holder in self.units[unit_id].right_holders]

    def sign(
        self,
        agreement_id: UUID,
        right_holder: UUID,
        *,
        hand: UUID | None = None,
        capacity: str = "self",
        papers: frozenset[str] = frozenset(),
    ) -> Agreement:
        command = SignAgreement(agreement_id, right_holder, hand or right_holder, capacity, DESK, papers=papers)  # type: ignore[arg-type]
        with self.transaction() as tx:
            return sign_agreement(tx, command, self.clock)

    def signed(self, unit_id: UUID, *, form: str = "cash") -> UUID:
        """From registered to signed by all its owners. Returns the agreement."""
        agreement_id = self.ready(unit_id, form=form)
        for owner in self.owners(unit_id):
            self.sign(agreement_id, owner)
        return agreement_id

    def rescind(self, agreement_id: UUID) -> Agreement:
        with self.transaction() as tx:
            return rescind_agreement(tx, RescindAgreement(agreement_id, "owner_withdrew", "", DESK), self.clock)

    def mandate(self, unit_id: UUID, right_holder: UUID, hand: UUID, kind: str, valid_until: date) -> UUID:
        command = RecordMandate(unit_id, right_holder, hand, kind, valid_until, "公证书 2026-118", DESK)  # type: ignore[arg-type]
        with self.transaction() as tx:
            return record_mandate(tx, command, self.clock).mandate_id

    def rows(self, statement: str, **values: object) -> list[Any]:
        with self.transaction() as tx:
            return list(tx.connection.execute(text(statement), values))

    def events_of(self, key: UUID) -> list[tuple[str, dict[str, Any]]]:
        """Short type and payload of the journal's events of a unit or a project, in order."""
        rows = self.rows("select type, payload from events where key = :key order by sequence", key=str(key))
        return [
            (row.type.removeprefix("clearwater.signing.").removesuffix(".v1"), json.loads(bytes(row.payload)))
            for row in rows
        ]

    def types(self, key: UUID) -> list[str]:
        return [name for name, _ in self.events_of(key)]

    def _message(self, event: Event) -> Message:
        declared = event.declared
        headers = {"epoch": "1", "time": datetime.now(UTC).isoformat()}
        payload = event.model_dump_json().encode()
        topic = f"clearwater.{self.district}.{declared.topic}"
        return Message(uuid4(), topic, event.key, next(self._sequence), declared.type, payload, headers)
