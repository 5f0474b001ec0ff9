"""Quiet hours: when a message may disturb a person.

From 21:30 to 08:00 nothing is sent that can wait until morning. The hours are those of the person's own time zone,
not those of the project's place. The answer to what a person is doing at that very moment (the number just signed
for) goes out at once, whatever the hour. Left to others: which zone a person has (store/zones.py).
"""

from datetime import datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

_FROM, _UNTIL = time(21, 30), time(8, 0)
_AT_THE_DESK: Final = timedelta(hours=2)


def may_disturb_from(at: datetime, *, urgent: bool, zone: tzinfo = SHANGHAI) -> datetime:
    """The earliest instant, not before `at`, at which it may be sent to somebody who lives in `zone`."""
    local = at.astimezone(zone)
    if urgent or _UNTIL <= local.time() < _FROM:
        return at
    day = local.date() + timedelta(days=local.time() >= _FROM)
    return datetime.combine(day, _UNTIL, tzinfo=zone).astimezone(at.tzinfo)


def answers_the_moment(*, urgent: bool, planned_at: datetime, at: datetime) -> bool:
    """An urgent message that could not leave for hours answers nobody at the desk any more: it waits for the morning too."""
    return urgent and at - planned_at < _AT_THE_DESK
