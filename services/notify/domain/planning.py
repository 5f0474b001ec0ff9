"""Decides whether a recipient gets a message about a fact, over which channel, and from when.

Invariant: one message per fact and recipient, over the first preferred channel that has an address. A decision not to
send is stored as a message too, withheld or superseded, so that it can be explained later.
Held by tests/unit/notify/test_planning.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from services.notify.domain.hours import may_disturb_from
from services.notify.domain.wording import Channel
from shared.events.day import SHANGHAI
from shared.events.terms import Language


@dataclass(frozen=True)
class Reach:
    """How a person can be reached, and where they live. Says which channels have an address; never holds the address."""

    language: Language
    channels: Sequence[Channel]
    zone: tzinfo = SHANGHAI


@dataclass(frozen=True)
class Plan:
    state: Literal["held", "waiting", "withheld", "superseded"]
    channel: Channel | None
    language: Language
    hold_until: datetime
    code: str | None = None


def decide(reach: Reach | None, *, superseded: bool, urgent: bool, at: datetime) -> Plan:
    """`reach` is None for a forgotten person. `superseded`: a later fact undid this one before the message was
    sent.
    """
    if reach is None:
        return Plan("withheld", None, "zh-Hans", at, code="person-forgotten")
    if not reach.channels:
        return Plan("withheld", None, reach.language, at, code="no-channel")
    hold_until = may_disturb_from(at, urgent=urgent, zone=reach.zone)
    if superseded:
        return Plan("superseded", reach.channels[0], reach.language, at)
    return Plan("held" if hold_until > at else "waiting", reach.channels[0], reach.language, hold_until)


def usable(preferred: Sequence[Channel], addresses: Mapping[Channel, str | None]) -> tuple[Channel, ...]:
    """Preferred channels that have an address, in the person's order."""
    return tuple(channel for channel in preferred if addresses.get(channel))
