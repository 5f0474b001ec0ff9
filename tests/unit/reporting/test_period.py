"""Which day of its signing period is it, and how long does it last? Days are those of Shanghai."""

from datetime import datetime, timedelta

import pytest

from services.reporting.domain.period import period
from shared.events.day import SHANGHAI

_STARTS = datetime(2026, 11, 28, 8, tzinfo=SHANGHAI)
_ENDS = datetime(2026, 12, 28, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "phase", "day"),
    [
        (datetime(2026, 11, 27, 20, tzinfo=SHANGHAI), "before", 0),
        (datetime(2026, 11, 28, 7, 59, tzinfo=SHANGHAI), "before", 1),
        (_STARTS, "open", 1),
        (datetime(2026, 11, 29, 0, 1, tzinfo=SHANGHAI), "open", 2),
        (datetime(2026, 12, 27, 23, 59, tzinfo=SHANGHAI), "open", 30),
        (_ENDS, "over", 30),
        (datetime(2027, 1, 9, tzinfo=SHANGHAI), "over", 30),
    ],
)
def test_a_day_is_counted_from_the_first_and_the_instant_after_the_period_is_no_day_of_it(now, phase, day):
    found = period(_STARTS, _ENDS, now)

    assert (found.phase, found.day, found.days) == (phase, day, 30)


def test_the_clock_counts_down_to_the_start_and_then_to_the_end():
    before, during = _STARTS - timedelta(hours=11, minutes=33, seconds=24), _ENDS - timedelta(days=2, seconds=61)

    assert period(_STARTS, _ENDS, before).left(before) == (0, "11:33:24")
    assert period(_STARTS, _ENDS, during).left(during) == (2, "00:01:01")
    assert period(_STARTS, _ENDS, _ENDS - timedelta(hours=1)).left(_ENDS - timedelta(hours=1)) == (0, "01:00:00")
    assert period(_STARTS, _ENDS, _ENDS).left(_ENDS) == (0, "00:00:00")
    assert period(_STARTS, _ENDS, during).left(_ENDS + timedelta(seconds=1)) == (0, "00:00:00")


def test_a_closed_period_is_over_before_its_last_day():
    found = period(_STARTS, _ENDS, _STARTS + timedelta(days=1), closed=True)

    assert (found.phase, found.until) == ("over", None)
