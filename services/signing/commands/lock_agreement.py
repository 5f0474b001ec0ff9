"""Locks the agreement that will be signed; unlocks it for a reason. In between, a household may pre-register."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.domain.agreement import Agreement
from services.signing.domain.moves import SIGNABLE
from services.signing.store import acts, agreements, cases, instants
from services.signing.store.acts import Act
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class LockAgreement:
    """`version`: the version on screen, if given."""

    agreement_id: UUID
    by: str
    version: int | None = None


@dataclass(frozen=True)
class UnlockAgreement:
    agreement_id: UUID
    reason: str
    note: str
    by: str
    version: int | None = None


@dataclass(frozen=True)
class PreRegister:
    agreement_id: UUID
    by: str
    version: int | None = None


def lock_agreement(tx: Transaction, command: LockAgreement, clock: Clock) -> Agreement:
    """Idempotent. Raises Refused: agreement-unknown, version-superseded, rights-not-confirmed,
    rights-disputed, agreement-not-reviewed.
    """
    case = cases.lock_of(tx, command.agreement_id)
    agreement = agreements.load(tx, command.agreement_id)
    agreement.expect_version(command.version)
    if agreement.state in SIGNABLE:
        return agreement
    case.expect_confirmed()
    at = instants.next_one(tx, clock, agreement.last_at)
    agreement.freeze(case.rights, rights_revision=case.rights_revision, at=at, by=command.by)
    agreements.save(tx, agreement)
    agreements.save_lock(tx, agreement)
    acts.record(tx, Act("locked", case.unit.unit_id, command.by, at, agreement.agreement_id))
    tx.record(*agreement.recorded)
    return agreement


def unlock_agreement(tx: Transaction, command: UnlockAgreement, clock: Clock) -> Agreement:
    """Existing signatures stay on record with the old lock but no longer count. Raises Refused: agreement-unknown,
    version-superseded, agreement-not-locked.
    """
    case = cases.lock_of(tx, command.agreement_id)
    agreement = agreements.load(tx, command.agreement_id)
    agreement.expect_version(command.version)
    at, void = instants.next_one(tx, clock, agreement.last_at), len(agreement.signatures)
    agreement.unfreeze(reason=command.reason, at=at)
    agreements.save(tx, agreement)
    facts: dict[str, object] = {"note": command.note, "signatures_void": void}
    act = Act("unlocked", case.unit.unit_id, command.by, at, agreement.agreement_id, command.reason, facts)
    acts.record(tx, act)
    tx.record(*agreement.recorded)
    return agreement


def pre_register_agreement(tx: Transaction, command: PreRegister, clock: Clock) -> Agreement:
    """Idempotent. Raises Refused: agreement-unknown, version-superseded, agreement-not-locked."""
    case = cases.lock_of(tx, command.agreement_id)
    agreement = agreements.load(tx, command.agreement_id)
    agreement.expect_version(command.version)
    at = instants.next_one(tx, clock, agreement.last_at)
    agreement.pre_register(at=at)
    if agreement.recorded:
        agreements.save(tx, agreement)
        acts.record(tx, Act("pre-registered", case.unit.unit_id, command.by, at, agreement.agreement_id))
        tx.record(*agreement.recorded)
    return agreement
