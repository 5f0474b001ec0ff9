"""Is every Retry-After a bounded wait or none, whatever a server writes?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import retry_after

NOW = datetime(2026, 11, 28, 1, tzinfo=UTC)
_PIECES = (
    "Mon", "Fri,", "1", "01", "31", "99999999999999999999", "Jan", "Dec", "2026", "9999", "0001", "-1", "10:00:00", "24:60:61", "23:59:60",
    "GMT", "+0000", "-2359", "+99999999999999999999", "EST", "a", "-", ":", ",", "٣",
)  # fmt: skip


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", timedelta(seconds=120)),
        (" 0000000000007 ", timedelta(seconds=7)),
        ("9" * 5_000, retry_after.LONGEST),
        ("Sat, 28 Nov 2026 01:02:00 GMT", timedelta(minutes=2)),
        ("Sat, 28 Nov 2026 01:02:00", timedelta(minutes=2)),
        ("Sat, 28 Nov 2020 01:02:00 GMT", timedelta()),
        ("Fri, 31 Dec 9999 23:59:59 -2359", retry_after.LONGEST),
        ("Mon, 1 Jan 2026 10:00:00 +99999999999999999999", None),
        ("Fri, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_seconds_and_instants_are_read_and_all_else_is_none(written: str, seconds: timedelta | None) -> None:
    assert retry_after.wait(written, now=NOW) == seconds


@given(
    st.one_of(
        st.text(),
        st.text(alphabet=st.characters(max_codepoint=255)),
        st.lists(st.sampled_from(_PIECES), max_size=8).map(" ".join),
    )
)
@settings(max_examples=500)
def test_whatever_is_written_the_wait_is_bounded(written: str) -> None:
    found = retry_after.wait(written, now=NOW)

    assert found is None or timedelta() <= found <= retry_after.LONGEST
