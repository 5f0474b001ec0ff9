"""The message matrix: the recipients and the template of each fact.

    fact                 recipients                    template           at night
    agreement.signed     everybody who signed          signed-<series>    at once: they stand at the desk
    agreement.rescinded  every right-holder            rescinded          held until morning
    agreement.effective  every right-holder            effective          held until morning
    agreement.void       every right-holder            void               held until morning

Invariant: a rule reads only its fact. Planning adds the recipients and their contacts from other topics
(store/facts.py).
Held by tests/unit/notify/test_planning.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.events.contract import Event
from shared.events.signing import AgreementEffective, AgreementRescinded, AgreementSigned, AgreementVoid

MATRIX_VERSION = 1


@dataclass(frozen=True)
class Fact:
    """What a rule read from an event. `recipients` None: all right-holders of the unit."""

    event_type: str
    project_id: UUID
    unit_id: UUID
    agreement_id: UUID
    template: str
    happened_at: datetime
    number: int | None = None
    recipients: tuple[UUID, ...] | None = None
    urgent: bool = False
    supersedes: tuple[str, ...] = ()


def read(event: Event) -> Fact:
    """Raises KeyError for an event without a message."""
    return _RULES[type(event)](event)


def facts() -> tuple[type[Event], ...]:
    """All events that lead to messages."""
    return tuple(_RULES)


def _signed(event: AgreementSigned) -> Fact:
    return Fact(
        event.declared.type,
        event.project_id,
        event.unit_id,
        event.agreement_id,
        template=f"signed-{event.series}",
        happened_at=event.signed_at,
        number=event.sequence_number,
        recipients=event.right_holders,
        urgent=True,
    )


def _rescinded(event: AgreementRescinded) -> Fact:
    # A message about the number that was not sent yet is not sent any more.
    return _later(event, "rescinded", event.rescinded_at, supersedes=("signed-exchange", "signed-cash", "effective"))


def _effective(event: AgreementEffective) -> Fact:
    return _later(event, "effective", event.effective_at)


def _void(event: AgreementVoid) -> Fact:
    return _later(event, "void", event.void_at)


def _later(
    event: AgreementRescinded | AgreementEffective | AgreementVoid,
    template: str,
    at: datetime,
    *,
    supersedes: tuple[str, ...] = (),
) -> Fact:
    return Fact(
        event.declared.type,
        event.project_id,
        event.unit_id,
        event.agreement_id,
        template=template,
        happened_at=at,
        supersedes=supersedes,
    )


_RULES: Mapping[type[Event], Callable[..., Fact]] = {
    AgreementSigned: _signed,
    AgreementRescinded: _rescinded,
    AgreementEffective: _effective,
    AgreementVoid: _void,
}
