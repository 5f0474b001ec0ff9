"""Does the map's panel of a unit have what happened to its case, in order and in words, and its marks?"""

import re
from datetime import timedelta

import pytest

from services.reporting.domain.facets import BADGES
from services.reporting.projections.cases import FACETS_OF
from services.reporting.queries import cells, stories
from shared.service import database
from shared.web.languages import NAMES as LANGUAGES
from shared.web.shell import text
from tests.integration.reporting.test_facets import AFTER, golden, unit_of
from tests.integration.reporting.test_why import client  # noqa: F401 - a fixture
from tests.support.launch import Bus, Launch, Numbering, shuffled


def steps_of(engine, unit_id, **until):
    with database.reading(engine, granted=["440303"]) as tx:
        return stories.of(tx, [unit_id], **until).get(unit_id, [])


@pytest.mark.parametrize("name", AFTER)
def test_every_event_of_a_case_is_a_step_with_its_instant(engine, name):
    event = golden(name)
    instant = FACETS_OF[type(event)][0]

    messages = Numbering().messages("440303", [unit_of(event), event])

    Bus(engine).deliver(messages)

    [step] = steps_of(engine, event.unit_id)
    assert (step.number, f"{step.fact}_at", step.at) == (1, instant, getattr(event, instant))
    assert step.event_id == messages[-1].event_id


@pytest.mark.parametrize("seed", [1, 2])
def test_the_steps_of_a_case_stand_in_its_order_whatever_order_the_topics_come_in(engine, seed):
    launch = Launch(units=2)
    signed = launch.sign(0)
    undone = launch.rescind(signed)
    events = [*launch.opening(), *launch.register(), *launch.prepare(0), signed, undone]

    Bus(engine).deliver(shuffled(Numbering().messages("440303", events), seed))

    steps = steps_of(engine, signed.unit_id)
    assert [step.fact for step in steps] == [
        *("rescinded", "signed", "locked", "reviewed", "drafted", "confirmed", "opened"),
    ]
    assert [step.number for step in steps] == [7, 6, 5, 4, 3, 2, 1]
    assert [step.sequence_number for step in steps[:3]] == [1, 1, None]
    before = steps_of(engine, signed.unit_id, until=signed.signed_at + timedelta(minutes=1))
    assert before == steps[1:]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_panel_says_each_step_in_words_and_leads_to_case_messages_and_events(engine, client, language):  # noqa: F811 - the fixture
    launch = Launch(units=2)
    events = [*launch.opening(), *launch.register(), *launch.prepare(0), launch.sign(0)]
    messages = Numbering().messages("440303", events)
    Bus(engine).deliver(messages)

    page = client.get("/map", query_string={"language": language}).text
    panel = page[page.index(f'id="u-{launch.named("unit 0")}"') :]
    panel = panel[: panel.index("</section>")]

    story = panel[panel.index('<ol class="story">') :]
    assert (
        len(re.findall(r'<li><time datetime="2026-11-2[34]T[^"]+">2026-11-2[34] \d\d:\d\d:\d\d</time><span>\S', story))
        == 6
    )
    with client.application.test_request_context(f"/?language={language}"):
        assert text("step.locked") in story
    assert str(messages[-1].event_id) in story
    for link in (
        f"/desk/{launch.named('unit 0')}",
        f"/desk/{launch.named('unit 0')}/trace",
        f"/messages?unit_id={launch.named('unit 0')}",
    ):
        assert f'href="{link}"' in panel


def test_a_unit_has_the_marks_that_its_events_know_and_no_other(engine, client):  # noqa: F811 - the fixture
    launch = Launch(units=5)
    plain, minor, overseas, organisation, disputed = (launch.unit(number) for number in range(5))

    def owned(unit, **facts):
        holder = unit.right_holders[0].model_copy(
            update={"capable": True, "kind": "natural", "overseas": False, **facts}
        )
        return unit.model_copy(update={"right_holders": (holder,)})

    dispute = golden("rights.disputed").model_copy(
        update={"unit_id": disputed.unit_id, "project_id": launch.project_id}
    )
    units = [
        owned(plain),
        owned(minor, capable=False),
        owned(overseas, overseas=True),
        owned(organisation, kind="organisation"),
        owned(disputed, capable=False),
    ]
    Bus(engine).deliver(Numbering().messages("440303", [*launch.opening(), *units, dispute]))

    with database.reading(engine, granted=["440303"]) as tx:
        marks = {cell.unit_id: cell.badges for cell in cells.of_project(tx, launch.project_id)}
    assert [marks[unit.unit_id] for unit in units] == [
        (),
        ("minor",),
        ("overseas",),
        ("organisation",),
        ("disputed", "minor"),
    ]
    page = client.get("/map").text
    assert re.findall(r'class="btn mark" data-badge="(\w+)"', page) == list(BADGES)
