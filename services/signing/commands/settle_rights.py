"""Takes up, confirms or disputes the rights of a case. An earlier declaration of effect is applied first."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.commands.settle_agreements import settle_first
from services.signing.domain.case import Case
from services.signing.store import acts, cases, instants
from services.signing.store.acts import Act
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class TakeUpRights:
    unit_id: UUID
    by: str


@dataclass(frozen=True)
class ConfirmRights:
    """`revision`: the revision that the user read, if given."""

    unit_id: UUID
    by: str
    revision: int | None = None


@dataclass(frozen=True)
class DisputeRights:
    unit_id: UUID
    reason: str
    by: str
    note: str = ""


@dataclass(frozen=True)
class SetAreaDispute:
    """A disputed area blocks the review, nothing else."""

    unit_id: UUID
    disputed: bool
    reason: str
    by: str
    note: str = ""


def take_up_rights(tx: Transaction, command: TakeUpRights, clock: Clock) -> Case:
    """Idempotent. Raises Refused: case-unknown, rights-already-confirmed."""
    case = cases.lock(tx, command.unit_id)
    settled = settle_first(tx, [command.unit_id])
    at = instants.next_one(tx, clock)
    case.take_up(at=at)
    if case.recorded:
        cases.save(tx, case, at=at)
        acts.record(tx, Act("rights-taken-up", command.unit_id, command.by, at, facts={"revision": case.unit.revision}))
    tx.record(*settled, *case.recorded)
    return case


def confirm_rights(tx: Transaction, command: ConfirmRights, clock: Clock) -> Case:
    """Raises Refused: case-unknown, rights-changed-since-read, shares-incomplete."""
    case = cases.lock(tx, command.unit_id)
    settled = settle_first(tx, [command.unit_id])
    at = instants.next_one(tx, clock)
    case.confirm(at=at, read=command.revision)
    cases.save(tx, case, at=at)
    acts.record(tx, Act("rights-confirmed", command.unit_id, command.by, at, facts={"revision": case.unit.revision}))
    tx.record(*settled, *case.recorded)
    return case


def dispute_rights(tx: Transaction, command: DisputeRights, clock: Clock) -> Case:
    """Raises Refused: case-unknown."""
    case = cases.lock(tx, command.unit_id)
    settled = settle_first(tx, [command.unit_id])
    at = instants.next_one(tx, clock)
    case.dispute(reason=command.reason, at=at)
    cases.save(tx, case, at=at)
    facts: dict[str, object] = {"note": command.note}
    acts.record(tx, Act("rights-disputed", command.unit_id, command.by, at, reason=command.reason, facts=facts))
    tx.record(*settled, *case.recorded)
    return case


def set_area_dispute(tx: Transaction, command: SetAreaDispute, clock: Clock) -> Case:
    """Raises Refused: case-unknown."""
    case = cases.lock(tx, command.unit_id)
    at = instants.next_one(tx, clock)
    case.area_disputed = command.disputed
    cases.save(tx, case, at=at)
    kind = "area-disputed" if command.disputed else "area-settled"
    facts: dict[str, object] = {"note": command.note}
    acts.record(tx, Act(kind, command.unit_id, command.by, at, reason=command.reason, facts=facts))
    return case
