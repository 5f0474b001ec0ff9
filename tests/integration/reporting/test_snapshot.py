"""Is a snapshot the state that the granted events give up to its number, and nothing else?"""

import re

import pytest
from sqlalchemy import Engine, text

from deploy.local.place import ROOT
from services.reporting.queries import unit_states
from services.reporting.store import feed
from shared.events import catalogue
from shared.events.registry import RightHolder, UnitRegistered
from shared.service import database
from tests.support.door import CLIENT, DISTRICT, Door
from tests.support.launch import Bus, Launch, Numbering, granted, shuffled
from tests.support.recounting import recount

ALL = tuple(event.declared.type for event in catalogue.events() if event.declared.audience != "restricted")
SIGNING = tuple(event.declared.type for event in unit_states.CHANGED_BY["signing"])
SIGNED = SIGNING[0]


def a_day(launch: Launch):
    signed = [launch.sign(number) for number in range(9)]
    cases = [event for number in range(10) for event in launch.prepare(number)]
    events = [*launch.opening(), *launch.register(), *launch.groups(), launch.freeze(), *cases, *signed]
    return Numbering().messages(DISTRICT, [*events, launch.rescind(signed[3]), launch.lapse(signed[5])])


@pytest.mark.parametrize("seed", [1, 2])
def test_a_snapshot_is_what_the_events_up_to_its_number_say(engine: Engine, door: Door, seed: int) -> None:
    messages, bus = shuffled(a_day(Launch(units=12)), seed=seed), Bus(engine)
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=ALL)))
    for begin in range(0, len(messages), 25):
        bus.deliver(messages[begin : begin + 25])

        head, units = door.snapshot()

        applied = [message for message in messages[: begin + 25] if message.event_id in logged(engine)]
        assert {unit["unit_id"]: unit for unit in units} == recount(applied, head["facts"])
        assert head["number"] == len(applied) + 2
    assert head["facts"] == ["registered", "assignment", "rights", "agreement", "signing"]
    assert len(units) == 12


def logged(engine: Engine) -> set[object]:
    with database.reading(engine, granted=[DISTRICT]) as tx:
        return set(tx.connection.execute(text("select event_id from exchange_log")).scalars())


def test_the_feed_goes_on_from_the_cursor_of_the_snapshot(engine: Engine, door: Door) -> None:
    launch, bus, numbering = Launch(units=6), Bus(engine), Numbering()
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=ALL)))
    bus.deliver(numbering.messages(DISTRICT, [*launch.opening(), *launch.register(), *launch.prepare(1)]))
    head, _ = door.snapshot()
    [signed] = numbering.messages(DISTRICT, [launch.sign(1)])
    bus.deliver([signed])

    [event] = door.get({"after": head["cursor"]}).json

    assert (event["id"], int(event["lognumber"])) == (str(signed.event_id), head["number"] + 1)
    with database.reading(engine, granted=[DISTRICT]) as tx:
        assert head["feed_number"] == feed.latest(tx.connection, DISTRICT) - 1


def test_a_fact_is_given_only_where_every_type_that_changes_it_is_granted(engine: Engine, door: Door) -> None:
    bus = Bus(engine)
    bus.deliver(a_day(Launch(units=12)))
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=SIGNING)))

    head, units = door.snapshot()

    assert head["facts"] == ["signing"]
    assert {frozenset(unit) for unit in units} == {frozenset({"unit_id", "project_id", "signing"})}
    assert len(units) == 7  # nine signings, one rescinded, one void: of other units nothing is said
    assert door.refused("snapshot", {"types": [SIGNED]}) == (403, "snapshot-empty")


def test_a_snapshot_needs_a_grant_and_a_whole_log(engine: Engine, door: Door) -> None:
    assert door.refused("snapshot") == (403, "grant-missing")
    Bus(engine).deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=ALL)))
    with database.begin(engine, district=DISTRICT) as tx:
        tx.connection.execute(text("update exchange_numbers set whole = false"))

    assert door.refused("snapshot") == (503, "log-not-whole")
    assert int(door.get(path="snapshot").headers["Retry-After"]) > 0
    assert door.get(district="nowhere", path="snapshot").json["code"] == "grant-missing"


def test_a_snapshot_is_of_one_moment_however_long_it_is_read(
    engine: Engine, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_states, "_ROWS", 4)
    launch, bus, numbering = Launch(units=30), Bus(engine), Numbering()
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=ALL)))
    bus.deliver(numbering.messages(DISTRICT, [*launch.opening(), *launch.register()]))
    answer = door.app.test_client().get(
        f"/api/v1/districts/{DISTRICT}/snapshot", headers={"Authorization": f"Bearer {door.token}"}, buffered=False
    )
    lines = iter(answer.response)
    begun = [next(lines) for _ in range(3)]

    bus.deliver(numbering.messages(DISTRICT, [event for number in range(30) for event in launch.prepare(number)]))

    whole = b"".join([*begun, *lines]).decode()
    answer.close()
    assert len(whole.splitlines()) == 32
    assert "locked" not in whole


def test_a_reader_that_leaves_in_the_middle_gives_its_connection_back(engine: Engine, door: Door) -> None:
    bus = Bus(engine)
    bus.deliver(Numbering().messages(DISTRICT, [*Launch(units=30).register(), *granted(CLIENT, types=ALL)]))
    for _ in range(9):
        headers = {"Authorization": f"Bearer {door.token}"}
        answer = door.app.test_client().get(f"/api/v1/districts/{DISTRICT}/snapshot", headers=headers, buffered=False)
        next(iter(answer.response))
        answer.close()

    assert door.get().status_code == 200


def snapshots_taken(door: Door, *, at_the_feed: tuple[str, ...], at_the_snapshot: tuple[str, ...]) -> int:
    """How many, by the rule of docs/how-to/subscribe.md: another one where Clearwater-Filter has changed. At most five."""
    for count in range(1, 6):
        head, _ = door.snapshot({"types": list(at_the_snapshot)})
        cursor, answer = head["cursor"], door.get({"types": list(at_the_feed), "after": head["cursor"]})
        while answer.headers["Clearwater-Filter"] == head["filter"]:
            if answer.headers["Clearwater-Cursor"] == cursor:
                return count
            cursor = answer.headers["Clearwater-Cursor"]
            answer = door.get({"types": list(at_the_feed), "after": cursor})
    return 5


def test_a_subscriber_converges_only_where_feed_and_snapshot_name_the_same_types(engine: Engine, door: Door) -> None:
    bus = Bus(engine)
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=ALL)))
    bus.deliver(a_day(Launch(units=12)))

    assert snapshots_taken(door, at_the_feed=SIGNING, at_the_snapshot=SIGNING) == 1
    assert snapshots_taken(door, at_the_feed=(), at_the_snapshot=()) == 1
    assert snapshots_taken(door, at_the_feed=SIGNING, at_the_snapshot=()) == 5
    assert door.refused("snapshot", {"types": [SIGNED]}) == (403, "snapshot-empty")


def test_the_page_says_what_a_snapshot_lacks_of_an_event_and_how_its_states_are_called(
    engine: Engine, door: Door
) -> None:
    bus, launch = Bus(engine), Launch(units=2)
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=ALL)))
    bus.deliver(Numbering().messages(DISTRICT, launch.register()))
    _, units = door.snapshot()
    page = (ROOT / "docs/how-to/subscribe.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| `registered`"))

    lacking = {*UnitRegistered.model_fields} - {*units[0]["registered"], "unit_id", "project_id"}
    lacking |= {*RightHolder.model_fields} - {*units[0]["registered"]["right_holders"][0]}
    assert lacking == set(re.findall(r"`(\w+)`", row.rpartition("|")[0].rpartition("|")[2])) - {"right_holders"}
