"""Events of registry and signing about one unit and its owners, for tests of their readers.

The planted values must never be found in clear text.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from shared.events import codec, topics
from shared.events.contract import Event
from shared.events.registry import (
    ContactRecorded,
    KeyDeleted,
    KeyWrapped,
    ProjectOpened,
    RightHolder,
    SigningPeriod,
    ThresholdBasis,
    UnitRegistered,
)
from shared.events.signing import AgreementRescinded, AgreementSigned
from shared.messaging import sealing
from shared.messaging.ports import Message

NOON = datetime(2026, 5, 31, 4, tzinfo=UTC)
PRIVATE, PUBLIC = sealing.key_pair()


@dataclass(frozen=True)
class Owner:
    name: str = "欧阳植入"
    email: str | None = field(default_factory=lambda: f"planted-{uuid4().hex[:8]}@example.org")
    mobile: str | None = "+8613912345678"
    language: str = "zh-Hans"
    channels: tuple[str, ...] = ("mail", "sms")
    time_zone: str | None = None
    person_id: UUID = field(default_factory=uuid4)
    key: sealing.DataKey = field(default_factory=sealing.new_key, repr=False)

    @property
    def masked(self) -> str:
        return f"{self.name[0]}**"

    @property
    def planted(self) -> list[str]:
        return [item for item in (self.name, self.email, self.mobile and self.mobile.removeprefix("+86")) if item]


class Story:
    """The events of one district, numbered as their journals would."""

    def __init__(self, district: str) -> None:
        self.district, self.project_id, self._counted = district, uuid4(), Counter[tuple[str, str]]()

    def message(self, event: Event) -> Message:
        topic = topics.name(self.district, event.declared.topic)
        self._counted[topic, event.key] += 1
        headers = {"time": datetime.now(UTC).isoformat(), "epoch": "1"}
        sequence = self._counted[topic, event.key]
        return Message(uuid7(), topic, event.key, sequence, event.declared.type, codec.encode(event), headers)

    def project(self) -> Message:
        return self.message(
            ProjectOpened(
                project_id=self.project_id,
                district=self.district,
                name="澄水湾片区",
                bases=(ThresholdBasis(basis="units", percent=85, legal_ground="示例办法第十条"),),
                signing_period=SigningPeriod(starts_at=NOON, ends_at=NOON.replace(month=12)),
                series=("exchange", "cash"),
                auto_effect=False,
            )
        )

    def unit(self, unit_id: UUID, *owners: Owner) -> Message:
        return self.message(
            UnitRegistered(
                project_id=self.project_id,
                unit_id=unit_id,
                revision=self._counted[topics.name(self.district, "registry-unit"), str(unit_id)] + 1,
                unit_code="HF-4-206",
                compound="和丰苑",
                building="4",
                stairwell="",
                floor=2,
                door="206",
                area_hundredths_m2=8_123,
                use="residential",
                household_id=uuid4(),
                ownership="sole" if len(owners) == 1 else "joint",
                right_holders=tuple(
                    RightHolder(
                        person_id=owner.person_id,
                        masked_name=owner.masked,
                        share=None,
                        capable=True,
                        kind="natural",
                        overseas=False,
                    )
                    for owner in owners
                ),
            )
        )

    def contact(self, owner: Owner) -> Message:
        details = {name: getattr(owner, name) for name in ("name", "mobile", "email", "language", "channels")}
        if owner.time_zone:
            details["time_zone"] = owner.time_zone
        content = json.dumps(details, ensure_ascii=False).encode()
        event_type = ContactRecorded.declared.type
        sealed = sealing.seal(content, key=owner.key, person_id=owner.person_id, event_type=event_type)
        return self.message(ContactRecorded(person_id=owner.person_id, sealed=sealed))

    def key(self, owner: Owner) -> Message:
        wrapped = sealing.wrap(owner.key, person_id=owner.person_id, reader="notify", public_key=PUBLIC)
        return self.message(KeyWrapped(person_id=owner.person_id, key_id=owner.key.key_id, wrapped={"notify": wrapped}))

    def key_deleted(self, owner: Owner) -> Message:
        return self.message(KeyDeleted(person_id=owner.person_id))

    def signed(self, unit_id: UUID, *owners: Owner, agreement_id: UUID | None = None, number: int = 1) -> Message:
        return self.message(
            AgreementSigned(
                project_id=self.project_id,
                unit_id=unit_id,
                agreement_id=agreement_id or uuid4(),
                series="exchange",
                sequence_number=number,
                signed_at=NOON,
                area_hundredths_m2=8_123,
                right_holders=tuple(owner.person_id for owner in owners),
            )
        )

    def rescinded(self, unit_id: UUID, agreement_id: UUID) -> Message:
        return self.message(
            AgreementRescinded(
                project_id=self.project_id,
                unit_id=unit_id,
                agreement_id=agreement_id,
                series="exchange",
                sequence_number=1,
                reason="withdrawn",
                rescinded_at=NOON,
            )
        )
