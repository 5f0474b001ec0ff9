"""The case of one unit, identified by the unit: the registry's data, and whether its rights are settled.

    pending → reviewing → confirmed;  any ↔ disputed.  The same person may take up and confirm.

Invariant: rights are confirmed for one revision of the registry's data. A later change of rights makes them disputed, no matter who
has signed. A signed case stays signed and raises a task for a person.
Left to others: the agreement (agreement.py); several issues with owners and clocks.
Held by tests/unit/signing/test_case.py and tests/integration/signing/test_rights.py.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.signing.domain.rights import Rights
from shared.events.contract import Event
from shared.events.signing import CaseOpened, ConfirmedHolder, RightsConfirmed, RightsDisputed, RightsReviewing
from shared.refusal import Refused

RightsState = Literal["pending", "reviewing", "confirmed", "disputed"]
CHANGED_AFTER_SIGNING = "rights-changed-after-signing"
REGISTRATION_CHANGED = "registration_changed"


@dataclass(frozen=True)
class Unit:
    """The registry's data of a unit that signing needs. `area` is the registered gross area in 0.01 m²."""

    unit_id: UUID
    project_id: UUID
    revision: int
    unit_code: str
    compound: str
    building: str
    stairwell: str
    floor: int
    door: str
    area: int
    household_id: UUID


@dataclass
class Case:
    unit: Unit
    rights: Rights
    rights_state: RightsState = "pending"
    rights_revision: int = 1  # the registry's revision of the last change of rights
    area_disputed: bool = False
    version: int = 0
    tasks: list[str] = field(default_factory=list)  # raised by this decision
    recorded: list[Event] = field(default_factory=list)

    @classmethod
    def open(cls, unit: Unit, rights: Rights, *, at: datetime) -> "Case":
        case = cls(unit, rights, rights_revision=unit.revision)
        case.recorded.append(CaseOpened(project_id=unit.project_id, unit_id=unit.unit_id, opened_at=at))
        return case

    def take_up(self, *, at: datetime) -> None:
        """Starts the examination of the rights, also after a dispute. Raises Refused: rights-already-confirmed."""
        if self.rights_state == "confirmed":
            raise Refused("rights-already-confirmed")
        if self.rights_state != "reviewing":
            self.rights_state = "reviewing"
            place = {"project_id": self.unit.project_id, "unit_id": self.unit.unit_id}
            self.recorded.append(RightsReviewing(**place, reviewing_at=at))

    def confirm(self, *, at: datetime, read: int | None = None) -> None:
        """Idempotent. `read`: the revision that the user read.

        Raises Refused: rights-changed-since-read, shares-incomplete.
        """
        if read is not None and read < self.rights_revision:
            raise Refused("rights-changed-since-read", revision=self.unit.revision)
        if self.rights_state == "confirmed":
            return
        if flaw := self.rights.flaw():
            raise Refused("shares-incomplete", flaw=flaw)
        self.rights_state = "confirmed"
        self.recorded.append(
            RightsConfirmed(
                project_id=self.unit.project_id,
                unit_id=self.unit.unit_id,
                revision=self.unit.revision,
                ownership=self.rights.ownership,
                right_holders=tuple(
                    ConfirmedHolder(
                        person_id=holder.person_id, share=None if holder.share is None else str(holder.share)
                    )
                    for holder in self.rights.holders
                ),
                confirmed_at=at,
            )
        )

    def dispute(self, *, reason: str, at: datetime) -> None:
        if self.rights_state != "disputed":
            self.rights_state = "disputed"
            place = {"project_id": self.unit.project_id, "unit_id": self.unit.unit_id}
            self.recorded.append(RightsDisputed(**place, reason=reason, disputed_at=at))

    def apply_registration(self, unit: Unit, rights: Rights, *, signed: bool, at: datetime) -> bool:
        """Applies the registry's data. False when the revision is not newer than the stored one."""
        if unit.revision <= self.unit.revision:
            return False
        changed = self.rights.differs(rights)
        self.unit, self.rights = unit, rights
        if changed:
            self.rights_revision = unit.revision
        if changed and self.rights_state == "confirmed":
            self.dispute(reason=REGISTRATION_CHANGED, at=at)
            if signed:
                self.tasks.append(CHANGED_AFTER_SIGNING)
        return True

    def expect_confirmed(self) -> None:
        """Raises Refused: rights-not-confirmed, rights-disputed."""
        if self.rights_state == "disputed":
            raise Refused("rights-disputed")
        if self.rights_state != "confirmed":
            raise Refused("rights-not-confirmed", rights=self.rights_state)
