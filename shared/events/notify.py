"""What notify tells the world: each message to an owner from plan to receipt, and which data keys it has dropped.

Invariant: a message is named by cause, recipient, template and channel, so a replay plans nothing twice. No text,
number or address of a message travels; the recipient is an id.
"""

from uuid import UUID

from pydantic import Field

from shared.events.contract import Event, declare
from shared.events.terms import Channel, Code, Instant, Language, Text

_MESSAGE = "the message: the same for the same cause, recipient, template and channel"
_UNIT = "the unit that the message is about"


@declare("clearwater.notify.message.planned.v1", topic="notify-message")
class MessagePlanned(Event):
    """A message to an owner will be sent, at once or when quiet hours are over."""

    message_key: Text = Field(description=_MESSAGE)
    unit_id: UUID = Field(description=_UNIT)
    cause_event_id: UUID = Field(description="ce_id of the event that made it due")
    person_id: UUID = Field(description="the recipient")
    template: Code = Field(description="code of the template")
    channel: Channel = Field(description="how it is sent")
    language: Language = Field(description="the language it is written in")
    planned_at: Instant = Field(description="when it was planned, RFC 3339 in UTC")
    hold_until: Instant | None = Field(description="not sent before this instant, RFC 3339 in UTC; null: at once")


@declare("clearwater.notify.message.sent.v1", topic="notify-message")
class MessageSent(Event):
    """The gateway has taken the message and given a receipt."""

    message_key: Text = Field(description=_MESSAGE)
    unit_id: UUID = Field(description=_UNIT)
    channel: Channel = Field(description="how it was sent")
    receipt: Text = Field(description="the gateway's own name for the message")
    sent_at: Instant = Field(description="when the gateway took it, RFC 3339 in UTC")


@declare("clearwater.notify.message.failed.v1", topic="notify-message")
class MessageFailed(Event):
    """The gateway has refused the message for good. It is not tried again."""

    message_key: Text = Field(description=_MESSAGE)
    unit_id: UUID = Field(description=_UNIT)
    channel: Channel = Field(description="how it was tried")
    code: Code = Field(description="code of the refusal")
    failed_at: Instant = Field(description="when it was refused, RFC 3339 in UTC")


@declare("clearwater.notify.message.unknown.v1", topic="notify-message")
class MessageUnknown(Event):
    """The gateway was asked and its answer was lost. Not sent again by itself: the owner may already have it."""

    message_key: Text = Field(description=_MESSAGE)
    unit_id: UUID = Field(description=_UNIT)
    channel: Channel = Field(description="how it was tried")
    asked_since: Instant = Field(description="when the gateway was asked, RFC 3339 in UTC")


@declare("clearwater.notify.key.dropped.v1", topic="notify-key")
class KeyDropped(Event):
    """A reader no longer has the data key of a person: what was sealed with it is unreadable there."""

    person_id: UUID = Field(description="the person")
    key_id: UUID = Field(description="the data key that was dropped")
    reader: Code = Field(description="the service that has dropped it")
    dropped_at: Instant = Field(description="when it was dropped, RFC 3339 in UTC")
