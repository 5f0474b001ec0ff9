"""What requests bring and answers carry."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.notify.queries.conservation import Balance
from services.notify.queries.messages import Lineage, Row
from shared.service import http

State = Literal["held", "waiting", "trying", "sent", "failed", "unknown", "withheld", "superseded"]


class Asked(http.Page):
    """Narrows a list."""

    unit_id: UUID | None = Field(default=None, description="Only messages about this unit.")
    project_id: UUID | None = Field(default=None, description="Only messages of this project.")
    state: list[State] = Field(default_factory=list, description="Only these states; all when none is named.")


class OfProject(http.Body):
    project_id: UUID | None = Field(default=None, description="Only this project.")


class Outcome(http.Body):
    """What a person found out about an unknown message."""

    outcome: Literal["arrived", "not_arrived"]


class NoBody(http.Body):
    """Nothing to say: `{}`."""


class MessageLine(BaseModel):
    district: str
    message_key: str
    unit_id: UUID
    unit: str = Field(description="As people there call it.")
    recipient: str = Field(description="Masked name.")
    template: str
    title: str
    channel: str | None = Field(description="null for one that was decided not to be sent.")
    state: State
    code: str | None
    planned_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, row: Row) -> "MessageLine":
        return cls(
            **{name: getattr(row, name) for name in cls.model_fields if name in Row.__dataclass_fields__},
            unit=row.particulars["unit"],
            recipient=row.particulars["name"],
            title=row.text.title,
        )


class FactLink(BaseModel):
    event_id: UUID
    event_type: str
    happened_at: datetime
    told_at: datetime
    agreement_id: UUID
    number: int | None


class RecipientLink(BaseModel):
    person_id: UUID
    name: str = Field(description="Masked.")
    language: str


class TemplateLink(BaseModel):
    name: str
    version: int


class TimeLink(BaseModel):
    planned_at: datetime
    hold_until: datetime
    urgent: bool = Field(description="true: not subject to quiet hours.")


class TryLink(BaseModel):
    number: int
    began_at: datetime
    ended_at: datetime | None
    outcome: str | None
    code: str | None


class NowLink(BaseModel):
    state: State
    code: str | None
    receipt: str | None
    settled_at: datetime | None
    next_try_at: datetime | None


class MessageLineage(BaseModel):
    """Link by link from the fact to the phone."""

    line: MessageLine
    fact: FactLink
    rule: str = Field(description="Event type → template, with the version of the matrix.")
    recipient: RecipientLink
    template: TemplateLink
    time: TimeLink
    channel: str | None
    tries: list[TryLink]
    now: NowLink
    text: str = Field(description="What was or will be read, with the masked name.")

    @classmethod
    def of(cls, found: Lineage, *, matrix_version: int) -> "MessageLineage":
        row, fact = found.row, found.fact
        return cls(
            line=MessageLine.of(row),
            fact=FactLink(
                event_id=row.event_id,
                **{name: getattr(fact, name) for name in FactLink.model_fields if name != "event_id"},
            ),
            rule=f"{fact.event_type} → {row.template}, matrix v{matrix_version}",
            recipient=RecipientLink(person_id=row.person_id, name=row.particulars["name"], language=row.language),
            template=TemplateLink(name=row.template, version=row.template_version),
            time=TimeLink(planned_at=row.planned_at, hold_until=row.hold_until, urgent=fact.urgent),
            channel=row.channel,
            tries=[TryLink(**vars(each)) for each in found.tries],
            now=NowLink(**{name: getattr(row, name) for name in NowLink.model_fields}),
            text=row.text.body,
        )


class MessageState(BaseModel):
    """What a command left behind."""

    message_key: str
    state: State
    tries: int


class Conservation(BaseModel):
    """planned = sent + held + withheld + superseded + failed + unknown + waiting; `missing` is 0 when it holds."""

    district: str
    planned: int
    sent: int
    held: int
    withheld: int
    superseded: int
    failed: int
    unknown: int
    waiting: int
    incomplete: int = Field(description="Recipients whose contact or key has not arrived yet; not planned.")
    missing: int

    @classmethod
    def of(cls, balance: Balance) -> "Conservation":
        return cls(**vars(balance), missing=balance.missing)


class ConservationByDistrict(BaseModel):
    districts: list[Conservation]
