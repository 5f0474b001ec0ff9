"""Do quiet hours follow the person's own time zone?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.hours import answers_the_moment, may_disturb_from
from services.notify.store import zones

ZONES = (
    "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Europe/London", "America/New_York",
    "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Niue", "Africa/Casablanca",
)  # fmt: skip
MORNING = datetime(2026, 6, 1, 0, tzinfo=UTC)


def shanghai(hour, minute=0):
    return datetime(2026, 5, 31, (hour - 8) % 24, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (shanghai(21, 29), shanghai(21, 29)),
        (shanghai(21, 30), MORNING),
        (datetime(2026, 5, 31, 18, tzinfo=UTC), MORNING),
        (datetime(2026, 5, 31, 23, 59, tzinfo=UTC), MORNING),
        (MORNING, MORNING),
    ],
)
def test_quiet_hours(at, until):
    assert may_disturb_from(at, urgent=False) == until
    assert may_disturb_from(at, urgent=True) == at


@pytest.mark.parametrize(
    ("zone", "at", "until"),
    [
        ("Europe/London", "2026-12-12T00:00+00:00", "2026-12-12T08:00+00:00"),
        ("Europe/London", "2026-07-01T22:00+00:00", "2026-07-02T07:00+00:00"),  # summer time
        ("America/New_York", "2026-11-01T03:00+00:00", "2026-11-01T13:00+00:00"),  # the night with one extra hour
        ("America/New_York", "2026-03-08T04:00+00:00", "2026-03-08T12:00+00:00"),  # the night with one hour less
        ("Asia/Kolkata", "2026-06-01T15:59+00:00", "2026-06-01T15:59+00:00"),  # 21:29
        ("Asia/Kolkata", "2026-06-01T16:00+00:00", "2026-06-02T02:30+00:00"),  # 21:30
        ("Asia/Kathmandu", "2026-06-01T02:14+00:00", "2026-06-01T02:15+00:00"),  # one minute before eight
    ],
)
def test_a_message_waits_for_the_persons_own_morning(zone, at, until):
    at, until = datetime.fromisoformat(at), datetime.fromisoformat(until)

    assert may_disturb_from(at, urgent=False, zone=ZoneInfo(zone)) == until


@given(st.integers(0, 2 * 365 * 24 * 60), st.sampled_from(ZONES))
def test_a_message_arrives_in_the_daytime_and_by_the_next_morning(minute, name):
    at, zone = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute), ZoneInfo(name)
    until = may_disturb_from(at, urgent=False, zone=zone)
    local = until.astimezone(zone)

    assert (8, 0) <= (local.hour, local.minute) < (21, 30)
    assert timedelta() <= until - at <= timedelta(hours=11, minutes=30)
    assert may_disturb_from(until, urgent=False, zone=zone) == until


def test_a_message_is_urgent_for_two_hours():
    at = datetime(2026, 5, 31, 16, tzinfo=UTC)

    assert answers_the_moment(urgent=True, planned_at=at, at=at + timedelta(minutes=119))
    assert not answers_the_moment(urgent=True, planned_at=at, at=at + timedelta(hours=2))
    assert not answers_the_moment(urgent=False, planned_at=at, at=at)


@pytest.mark.parametrize(
    ("named", "mobile", "zone"),
    [
        ("America/Vancouver", "+85291234567", "America/Vancouver"),  # the person's own choice goes before their number
        (" Europe/Paris ", None, "Europe/Paris"),
        (None, "+85291234567", "Asia/Hong_Kong"),
        (None, "+6591234567", "Asia/Singapore"),
        (None, "+819012345678", "Asia/Tokyo"),
        (None, "+919812345678", "Asia/Kolkata"),
        (None, "+18765551234", "America/Jamaica"),  # the number's country, not its calling code
        (None, "+447400123456", "Europe/London"),
        (None, "+4915112345678", "Europe/Berlin"),  # Büsingen shows the same time
        (None, "+8613900000001", "Asia/Shanghai"),
        (None, "+12125550123", "Asia/Shanghai"),  # a country of several zones
        (None, "+61412345678", "Asia/Shanghai"),
        (None, None, "Asia/Shanghai"),
        ("", "13900000001", "Asia/Shanghai"),
        ("Mars/Olympus", "+819012345678", "Asia/Tokyo"),
        ("../../etc/passwd", None, "Asia/Shanghai"),
        ("Asia", "no number", "Asia/Shanghai"),
        ("x\0y", "+0", "Asia/Shanghai"),
    ],
)
def test_the_zone_is_the_named_one_or_that_of_the_number_or_of_the_place(named, mobile, zone):
    noons = [datetime(2026, month, 1, 12, tzinfo=UTC) for month in range(1, 13)]
    found, expected = zones.of(named, mobile), ZoneInfo(zone)

    assert [noon.astimezone(found).utcoffset() for noon in noons] == [
        noon.astimezone(expected).utcoffset() for noon in noons
    ]
