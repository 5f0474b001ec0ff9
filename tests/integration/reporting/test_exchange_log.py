"""Does every public and internal event that was applied stand in the exchange log, once, in one order without a gap?"""

from collections import defaultdict
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.reporting.projections.reactions import TOPICS
from services.reporting.store import exchange_log, feed
from shared.events import topics
from shared.events.notify import KeyDropped
from shared.events.registry import AgencyRegistered
from shared.messaging.ports import Message
from shared.service import database
from tests.support.launch import Bus, Launch, Numbering, shuffled
from tests.support.rebuilding import rebuilt

DISTRICT = "440303"
_LOG = text("""
    select number, feed_number, event_id, topic, key, sequence, type, payload from exchange_log
    where district = :district order by number
""")


def logged(engine, district=DISTRICT):
    with database.reading(engine, granted=[district]) as tx:
        return tx.connection.execute(_LOG, {"district": district}).all()


def a_day(launch):
    signed = [launch.sign(number) for number in range(10)]
    cases = [event for number in range(12) for event in launch.prepare(number)]
    unseen = [
        AgencyRegistered(agency="real-estate", revision=1, name="不动产登记中心", clients=("agency-1",)),
        KeyDropped(person_id=uuid4(), key_id=uuid4(), reader="notify", dropped_at=datetime.now(UTC)),
    ]
    return [
        *launch.opening(), *launch.register(), *launch.groups(), launch.freeze(), *cases, *signed, *unseen,
        launch.rescind(signed[3]),
    ]  # fmt: skip


@pytest.mark.parametrize(("seed", "at_once"), [(1, 7), (2, 300)])
def test_every_applied_event_is_logged_once_and_in_the_order_of_its_key(engine, seed, at_once):
    messages = shuffled(Numbering().messages(DISTRICT, a_day(Launch(units=12))), seed=seed)
    bus = Bus(engine)
    bus.deliver(messages, at_once=at_once)
    bus.deliver(messages[:20])

    rows = logged(engine)

    assert [row.number for row in rows] == list(range(1, len(messages) + 1))
    assert {row.event_id for row in rows} == {message.event_id for message in messages}
    assert {row.event_id: bytes(row.payload) for row in rows} == {item.event_id: item.payload for item in messages}
    of_key = defaultdict(list)
    for row in rows:
        of_key[row.topic, row.key].append(row.sequence)
    assert all(sequences == list(range(1, len(sequences) + 1)) for sequences in of_key.values())


def test_an_event_names_the_feed_number_under_which_its_project_changed(engine):
    launch, numbering, bus = Launch(units=4), Numbering(), Bus(engine)
    bus.deliver(numbering.messages(DISTRICT, [*launch.opening(), *launch.register(), launch.freeze()]))
    [signed] = numbering.messages(DISTRICT, [launch.sign(0)])
    bus.deliver([signed])

    with database.reading(engine, granted=[DISTRICT]) as tx:
        newest = feed.latest(tx.connection, DISTRICT)
        [entry] = feed.after(tx.connection, DISTRICT, newest - 1, 1)
    [row] = [row for row in logged(engine) if row.event_id == signed.event_id]
    assert row.feed_number == newest
    assert entry.body["units"] == [signed.key]
    assert all(1 <= row.feed_number <= newest for row in logged(engine))


def test_an_event_that_changes_no_screen_moves_no_feed_number(engine):
    launch, numbering, bus = Launch(units=1), Numbering(), Bus(engine)
    bus.deliver(numbering.messages(DISTRICT, launch.opening()))
    with database.reading(engine, granted=[DISTRICT]) as tx:
        before = feed.latest(tx.connection, DISTRICT)

    registered = AgencyRegistered(agency="tax", revision=1, name="税务局", clients=())
    bus.deliver(numbering.messages(DISTRICT, [registered]))

    with database.reading(engine, granted=[DISTRICT]) as tx:
        assert feed.latest(tx.connection, DISTRICT) == before
    assert (logged(engine)[-1].type, logged(engine)[-1].feed_number) == (registered.declared.type, before)


def test_a_rebuild_does_not_touch_the_log(engine, urls):
    bus = Bus(engine)
    bus.deliver(Numbering().messages(DISTRICT, a_day(Launch(units=12))))
    before = logged(engine)
    rebuilt(urls, bus.subscription("rebuild", batch=37))

    assert logged(engine) == before


def test_a_restricted_event_never_enters_the_log(engine):
    topic = topics.name(DISTRICT, "registry-contact")
    kind = "clearwater.registry.contact.recorded.v1"
    message = Message(uuid4(), topic, str(uuid4()), 1, kind, b"{}", {"epoch": "1", "time": "2026-05-31T01:00:00Z"})

    with database.begin(engine, district=DISTRICT) as tx:
        exchange_log.append(tx, [exchange_log.Entry(0, message)])

    assert logged(engine) == []
    assert not {kind for kind in TOPICS if topics.KINDS[kind].audience == "restricted"}


def test_every_public_and_internal_topic_is_read_for_the_log():
    assert set(TOPICS) == {kind.kind for kind in topics.KINDS.values() if kind.audience != "restricted"}


@pytest.mark.parametrize(
    "change", ["update exchange_log set key = 'x'", "delete from exchange_log", "truncate exchange_log"]
)
def test_the_log_cannot_be_changed(engine, urls, change):
    Bus(engine).deliver(Numbering().messages(DISTRICT, Launch(units=1).opening()))
    owner = database.connect(urls.owner, application_name="test")

    for role, refusal in ((engine, "permission denied"), (owner, "the exchange log is append-only")):
        with pytest.raises(DBAPIError, match=refusal), database.begin(role, district=DISTRICT) as tx:
            tx.connection.execute(text(change))
    owner.dispose()


def test_districts_have_logs_of_their_own(engine):
    bus, numbering = Bus(engine, ("440303", "440305")), Numbering()
    for district in ("440303", "440305"):
        bus.deliver(numbering.messages(district, Launch(district, units=3).register()))

    assert [row.number for row in logged(engine, "440305")] == [1, 2, 3]
    assert {row.topic.split(".")[1] for row in logged(engine, "440305")} == {"440305"}
