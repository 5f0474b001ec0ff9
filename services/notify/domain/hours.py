"""Quiet hours: when a message may disturb a person.

From 21:30 to 08:00 local time nothing is sent that can wait until morning. The answer to what a person is doing at
that very moment (the number just signed for) goes out at once, whatever the hour.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_PLACE = ZoneInfo("Asia/Shanghai")
_FROM, _UNTIL = time(21, 30), time(8, 0)


def may_disturb_from(at: datetime, *, urgent: bool) -> datetime:
    """The earliest instant, not before `at`, at which it may be sent."""
    local = at.astimezone(_PLACE)
    if urgent or _UNTIL <= local.time() < _FROM:
        return at
    morning = local.replace(hour=_UNTIL.hour, minute=_UNTIL.minute, second=0, microsecond=0)
    return (morning + timedelta(days=local.time() >= _FROM)).astimezone(at.tzinfo)
