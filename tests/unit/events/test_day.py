"""Is a business day a day in Shanghai, for every service and every script of a page?"""

import re
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from deploy.local.place import ROOT
from shared.events.day import SHANGHAI, business_day, midnight
from tests.support.tree import tracked

INSTANTS = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ZONE = re.compile(r"Asia/[A-Z]\w+")


def test_a_business_day_is_a_day_in_shanghai():
    assert business_day(datetime(2026, 5, 31, 15, 59, tzinfo=UTC)) == date(2026, 5, 31)
    assert business_day(datetime(2026, 5, 31, 16, tzinfo=UTC)) == date(2026, 6, 1)


@given(INSTANTS)
def test_a_day_begins_at_its_midnight_eight_hours_before_utc(at):
    day = business_day(at)

    assert midnight(day) <= at < midnight(day + timedelta(days=1))
    assert midnight(day) == datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(hours=8)))


def test_the_zone_stands_once_in_python_and_pages_and_queries_name_the_same():
    """A script of a page and a statement cannot import it."""
    named: dict[str, set[str]] = {}
    for file in tracked():
        path = file.relative_to(ROOT)
        if (
            path.parts[0] in {"services", "shared"}
            and path.suffix in {".py", ".js", ".html"}
            and "node" not in str(path)
        ):
            for zone in ZONE.findall(file.read_text(encoding="utf-8")):
                named.setdefault(zone, set()).add(str(path))

    made = {
        path for paths in named.values() for path in paths if "ZoneInfo(" in (ROOT / path).read_text(encoding="utf-8")
    }
    assert SHANGHAI.key in named
    assert {path for path in made if "Asia/Shanghai" in (ROOT / path).read_text(encoding="utf-8")} == {
        "shared/events/day.py"
    }
    assert {path.rsplit(".", 1)[1] for path in named[SHANGHAI.key]} == {"py", "js"}
    scripts = {zone for zone, paths in named.items() if any(path.endswith(".js") for path in paths)}
    assert scripts == {SHANGHAI.key}
