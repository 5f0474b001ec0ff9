"""Quiet hours: when a message may disturb a person.

From 21:30 to 08:00, in the person's own time zone, only urgent messages are sent. A message is urgent when it answers what the
person is doing at that moment: the number of the agreement just signed. Left to others: which zone a person has (store/zones.py).
Held by tests/unit/notify/test_hours.py.
"""

from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from shared.events.day import SHANGHAI

_FROM, _UNTIL = time(21, 30), time(8, 0)
_AT_THE_DESK: Final = timedelta(hours=2)


def may_disturb_from(at: datetime, *, urgent: bool, zone: tzinfo = SHANGHAI) -> datetime:
    """The earliest instant, not before `at`, at which the message may be sent to a person in `zone`."""
    local = at.astimezone(zone)
    if urgent or _UNTIL <= local.time() < _FROM:
        return at
    day = local.date() + timedelta(days=local.time() >= _FROM)
    return datetime.combine(day, _UNTIL, tzinfo=zone).astimezone(at.tzinfo)


def answers_the_moment(*, urgent: bool, planned_at: datetime, at: datetime) -> bool:
    """False for an urgent message that was delayed for hours: nobody waits at the desk any more, so it waits for the morning."""
    return urgent and at - planned_at < _AT_THE_DESK
