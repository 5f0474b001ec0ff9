"""The events that the player gives: cases of a small launch day, made of the catalogue's examples.

Invariant: every event is written by the product's codec and envelope, so what the player sends is what the product sends. Units, cases and
event ids are new in each run: a subscriber that keeps its ids between two runs is not wrong in the second one.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from services.reporting.projections.cases import FACETS_OF
from shared.events import catalogue, codec, examples, topics
from shared.events.contract import Event
from shared.events.registry import KeyDeleted, UnitRegistered
from shared.events.signing import (
    AgreementDrafted,
    AgreementLocked,
    AgreementRescinded,
    AgreementReviewed,
    AgreementSigned,
    CaseOpened,
    RightsConfirmed,
)
from shared.messaging.ports import Message

DISTRICT: Final = "440303"
OPENING: Final = (UnitRegistered, CaseOpened, RightsConfirmed, AgreementDrafted, AgreementReviewed, AgreementLocked)
SIGNING: Final = (*OPENING, AgreementSigned)
RESCISSION: Final = (*SIGNING, AgreementRescinded)
UNKNOWN: Final = "clearwater.signing.sandbox.invented.v1"  # no release publishes it
ADDED: Final = "added_by_the_sandbox"  # a field that no release publishes


@dataclass(frozen=True)
class Held:
    """What a subscriber should hold of a unit. `status`: of its agreement; `applied`: how many of the unit's events it has applied."""

    status: str | None
    applied: int


class Story:
    """Numbers its events as the journals do: those of one key in one topic 1, 2, 3 …"""

    def __init__(self) -> None:
        self._ids = {"project_id": uuid7()}
        self._last: dict[tuple[str, str], int] = defaultdict(int)
        self._signed = 0

    def case(self, *events: type[Event], unit: UUID | None = None) -> list[Message]:
        """These events of one unit, of a new one where none is named."""
        unit_id = unit or uuid7()
        return [self._message(self._event(event, unit_id)) for event in events]

    def unknown(self, unit: UUID) -> Message:
        """An event of a type that is published after the subscriber was written."""
        return self._message(self._event(CaseOpened, unit))._replace(type=UNKNOWN)

    def grown(self, event: type[Event], unit: UUID) -> Message:
        """An event with an optional field that a later release has added."""
        message = self._message(self._event(event, unit))
        data = {**json.loads(message.payload or b"{}"), ADDED: {"since": "a later release"}}
        return message._replace(payload=json.dumps(data, ensure_ascii=False).encode())

    def tombstone(self) -> Message:
        """An event without data."""
        return self._message(KeyDeleted(person_id=uuid7()))

    def _event(self, event: type[Event], unit_id: UUID) -> Event:
        payload = dict(examples.load(examples.of(event.declared.type)[-1])["payload"])
        ids: dict[str, Any] = {**self._ids, "unit_id": unit_id, "agreement_id": unit_id}
        if event is AgreementSigned:
            self._signed += 1
            ids["sequence_number"] = self._signed
        payload |= {
            name: str(value) if isinstance(value, UUID) else value for name, value in ids.items() if name in payload
        }
        return codec.decode(event, json.dumps(payload).encode())

    def _message(self, event: Event) -> Message:
        topic = topics.name(DISTRICT, event.declared.topic)
        self._last[topic, event.key] += 1
        headers = {"time": datetime.now(UTC).isoformat(), "epoch": "1"}
        sequence = self._last[topic, event.key]
        return Message(uuid7(), topic, event.key, sequence, event.declared.type, codec.encode(event), headers)


def unit_of(case: list[Message]) -> UUID:
    return UUID(case[0].key)


def held(messages: Iterable[Message]) -> dict[str, Held]:
    """By unit, what these events make of it, one after another."""
    found: dict[str, Held] = {}
    for message in messages:
        if message.payload is None:
            continue
        known = found.get(message.key, Held(None, 0))
        found[message.key] = Held(facets(message).get("agreement", known.status), known.applied + 1)
    return found


def facets(message: Message) -> dict[str, Any]:
    """As the product's own read model understands the event; empty for a type that it does not know."""
    event = catalogue.find(message.type) if message.type != UNKNOWN else None
    return dict(FACETS_OF[event][1]) if event in FACETS_OF else {}
