"""Does the map of a closed day show what its report kept, whatever has happened since, and say so where a day is not kept?"""

import json
import re
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.reporting.domain.facets import BADGES
from services.reporting.queries import past
from shared.service import database
from tests.integration.reporting.test_daily_reports import AT, DAY, closed, frozen, opened, signed_on
from tests.integration.reporting.test_why import client  # noqa: F401 - a fixture
from tests.support.launch import Bus, Launch, Numbering


def kept(engine, launch: Launch, restatement: int = 0) -> past.Past:
    with database.reading(engine, granted=[launch.district]) as tx:
        found = past.of(tx, launch.project_id, DAY, restatement)
    assert found
    return found


def shown(client, launch: Launch, **more: str) -> str:  # noqa: F811 - the fixture
    answer = client.get("/map", query_string={"project": launch.project_id, "language": "en", **more})
    assert answer.status_code == 200, answer.text
    return answer.text


def stages(page: str) -> Counter[str]:
    return Counter(re.findall(r'class="cell"[^>]* data-stage="(\w+)"', page))


def a_closed_day(engine, units: int = 30, signed: int = 7) -> tuple[Launch, Bus, Numbering]:
    """The first building, of 24 units, and a part of the second."""
    launch, numbering, bus = Launch(units=units), Numbering(), Bus(engine)
    prepared = [event for number in range(12) for event in launch.prepare(number)]
    facts = [*opened(launch), *prepared, *signed_on(launch, range(signed)), closed(launch, signed)]
    bus.deliver(numbering.messages("440303", facts))
    return launch, bus, numbering


def test_the_map_of_a_closed_day_keeps_its_stages_counts_and_feed_number(engine, client):  # noqa: F811 - the fixture
    launch, bus, numbering = a_closed_day(engine)
    before = shown(client, launch, day=DAY.isoformat())
    later = signed_on(launch, range(7, 11), at=AT + timedelta(days=1))
    undone = launch.rescind(later[0], at=AT + timedelta(days=1, hours=1))
    moved = launch.unit(3).model_copy(update={"revision": 2, "after_freeze": True, "floor": 9, "door": "901"})
    bus.deliver(numbering.messages("440303", [*later, undone, moved]))

    page, now = shown(client, launch, day=DAY.isoformat()), shown(client, launch)

    assert stages(page) == stages(before) == {"signed": 7, "ready": 5, "registered": 12}
    assert stages(now) == {"signed": 10, "rescinded": 1, "ready": 1, "registered": 12}
    assert re.findall(r'data-figure="building">.*?</span>(\d+)', page) == ["17", "6"]
    assert f"no. {frozen(engine, launch)[0].feed_number}" in page
    assert 'id="past"' in page and 'id="past"' not in now
    assert "data-stream" not in page and 'data-day="2026-11-24"' in page
    assert "</span>901</span>" not in page and "</span>901</span>" in now  # an id may hold these digits too
    assert f'href="/map?project={launch.project_id}&amp;day={DAY}&amp;compound=' in page


def test_the_map_shows_marks_and_numbers_of_that_day(engine):
    launch, _, _ = a_closed_day(engine)

    found = kept(engine, launch)

    assert found.marks == BADGES
    by_id = {cell.unit_id: cell for cell in found.cells}
    for number in range(30):
        cell, unit = by_id[launch.named(f"unit {number}")], launch.unit(number)
        assert (cell.floor, cell.door, cell.done) == (unit.floor, unit.door, number < 7)
        assert ("overseas" in cell.badges) == any(holder.overseas for holder in unit.right_holders)
        assert set(cell.badges) <= set(BADGES)
        assert (cell.sequence_number is not None) == (number < 7)
    assert [(cell.stairwell, cell.floor) for cell in found.cells[:12]] == [("1", 6 - place // 2) for place in range(12)]


def test_a_report_that_kept_no_places_takes_floors_of_now_and_says_that_it_has_no_marks(engine, urls, client):  # noqa: F811 - the fixture
    launch, _, _ = a_closed_day(engine)
    owner = database.connect(urls.owner, application_name="test")
    newer = ("floor", "top_floor", "badges", "series", "sequence_number")
    with database.begin(owner, district="440303") as tx:
        body = tx.connection.execute(text("select body from daily_reports")).scalar_one()
        for unit in body["units"]:
            for name in newer:
                del unit[name]
        tx.connection.execute(text("update daily_reports set body = cast(:body as jsonb)"), {"body": json.dumps(body)})
    owner.dispose()

    found, page = kept(engine, launch), shown(client, launch, day=DAY.isoformat())

    assert found.marks == ()
    assert {cell.unit_id: cell.floor for cell in found.cells} == {
        launch.named(f"unit {number}"): launch.unit(number).floor for number in range(30)
    }
    assert stages(page) == {"signed": 7, "ready": 5, "registered": 12}
    assert "This report did not keep marks" in page and 'class="btn mark"' not in page


def test_a_restatement_has_a_map_of_its_own(engine, client):  # noqa: F811 - the fixture
    launch, bus, numbering = a_closed_day(engine)
    undone = launch.rescind(launch.sign(0, at=AT), at=AT + timedelta(hours=1)).model_copy(
        update={"sequence_number": 1, "series": launch.series(0)}
    )
    bus.deliver(numbering.messages("440303", [undone, closed(launch, 6, restatement=1, undone=1)]))

    first = shown(client, launch, day=DAY.isoformat())
    second = shown(client, launch, day=DAY.isoformat(), restatement="1")

    assert stages(first)["signed"] == 7 and stages(second)["signed"] == 6
    assert "Show restatement 1" in first and "Show restatement" not in second
    assert "restatement=1" in re.search(r'<nav class="buildings".*?</nav>', second, re.DOTALL)[0]


@pytest.mark.parametrize("day", ["2026-11-23", "2026-02-30", "gestern", "9999-12-31", "2026-11-24&restatement=7"])
def test_a_day_that_is_not_closed_is_answered_in_words_with_the_way_on(engine, client, day):  # noqa: F811 - the fixture
    launch, _, _ = a_closed_day(engine)

    answer = client.get(f"/map?project={launch.project_id}&language=en&day={day}")

    assert answer.status_code == 410
    assert "The map of that day is no longer kept" in answer.text
    assert f'href="/map?project={launch.project_id}">Back to now' in answer.text
    assert f'<option value="{DAY}">' in answer.text


def test_a_closed_day_whose_signings_are_on_their_way_says_so(engine, client):  # noqa: F811 - the fixture
    launch = Launch(units=6)
    facts = [*opened(launch), *signed_on(launch, range(2)), closed(launch, 3)]
    Bus(engine).deliver(Numbering().messages("440303", facts))

    answer = client.get(f"/map?project={launch.project_id}&language=en&day={DAY}")
    now = shown(client, launch)

    assert (answer.status_code, "Some signings of that day are still on their way" in answer.text) == (410, True)
    assert f'<option value="{DAY}" disabled>' in now


@pytest.mark.parametrize("language", ["zh-CN", "zh-Hant", "en"])
def test_the_map_of_a_closed_day_is_there_in_every_language(engine, client, language):  # noqa: F811 - the fixture
    launch, _, _ = a_closed_day(engine)

    page = shown(client, launch, day=DAY.isoformat(), language=language)

    assert page.count('class="cell"') == 24
