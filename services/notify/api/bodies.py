"""Bodies of requests and responses."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.notify.domain.wording import Channel
from services.notify.queries.channels import ChannelRow, FailureRow
from services.notify.queries.conservation import Balance
from services.notify.queries.messages import Lineage, Row
from shared.service import http
from shared.text import Line

State = Literal["held", "waiting", "trying", "sent", "failed", "unknown", "withheld", "superseded"]


class Asked(http.Page):
    """Filters of the message list."""

    unit_id: UUID | None = Field(default=None, description="Only messages about this unit.")
    project_id: UUID | None = Field(default=None, description="Only messages of this project.")
    state: list[State] = Field(default_factory=list, description="Only these states; all when none is named.")
    place: str = Field(
        default="", max_length=120, description="Words of a place (5-503), a masked name or a number; each must occur."
    )


class OfProject(http.Body):
    project_id: UUID | None = Field(default=None, description="Only this project.")


class Outcome(http.Body):
    """The outcome of an unknown message, as a person found it."""

    outcome: Literal["arrived", "not_arrived"]


class ResendFailed(http.Body):
    """All messages of this district that failed with one code. `dry_run` only counts them."""

    code: str = Field(pattern=r"^[a-z0-9-]{1,64}$", description="The code that they have failed with.")
    channel: Channel | None = Field(default=None, description="Only those of this channel.")
    dry_run: bool = Field(default=False, description="true: nothing is sent.")
    reason: Line | None = Field(default=None, description="Why; a dry run needs none.")

    @model_validator(mode="after")
    def reason_is_given(self) -> Self:
        if not self.dry_run and self.reason is None:
            message = "an act needs a reason"
            raise ValueError(message)
        return self


class NoBody(http.Body):
    """An empty object: `{}`."""


class ResentState(BaseModel):
    """The result of an order to resend failed messages."""

    resend_id: UUID | None = Field(description="Of the record of it; null where nothing was sent again.")
    code: str
    channel: Channel | None
    dry_run: bool
    messages: int = Field(description="How many are, or in a dry run would be, sent again.")


class ChannelState(BaseModel):
    """A channel of a district. While it is held, only probes are sent over it. A hold fails no message."""

    district: str
    channel: Channel
    held: bool
    code: str | None = Field(description="What it is held for; null where it is not held.")
    held_since: datetime | None
    next_probe_at: datetime | None
    waiting: int = Field(description="Messages not sent yet, those that wait for the morning too.")

    @classmethod
    def of(cls, row: ChannelRow) -> "ChannelState":
        return cls(
            district=row.district,
            channel=row.channel,
            held=row.held,
            code=row.code,
            held_since=row.began_at,
            next_probe_at=row.next_probe_at,
            waiting=row.waiting,
        )


class Channels(BaseModel):
    channels: list[ChannelState]


class Failure(BaseModel):
    """Messages that failed with one code."""

    district: str
    channel: Channel
    code: str
    messages: int
    since: datetime | None = Field(description="When the first of them failed.")

    @classmethod
    def of(cls, row: FailureRow) -> "Failure":
        return cls(**vars(row))


class Failures(BaseModel):
    failures: list[Failure]


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


class ActLink(BaseModel):
    """What a member of staff did to the message."""

    kind: Literal["retry", "resend", "arrived", "not_arrived"]
    reason: str | None = Field(description="Of an order to resend all messages of a code; null for the other kinds.")
    done_by: str = Field(description="Subject of the member of staff.")
    done_at: datetime


class NowLink(BaseModel):
    state: State
    code: str | None
    receipt: str | None
    settled_at: datetime | None
    next_try_at: datetime | None


class MessageLineage(BaseModel):
    """The lineage of a message, from the fact to the phone."""

    line: MessageLine
    fact: FactLink
    rule: str = Field(description="Event type → template, with the version of the matrix.")
    recipient: RecipientLink
    template: TemplateLink
    time: TimeLink
    channel: str | None
    tries: list[TryLink]
    acts: list[ActLink] = Field(description="Oldest first.")
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
            tries=[TryLink(**vars(attempt)) for attempt in found.tries],
            acts=[ActLink.model_validate(vars(act)) for act in found.acts],
            now=NowLink(**{name: getattr(row, name) for name in NowLink.model_fields}),
            text=row.text.body,
        )


class MessageState(BaseModel):
    """The state of a message after a command."""

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
