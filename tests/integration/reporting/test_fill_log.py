"""Is the log of an installation that is older than the log made whole, under a new epoch, without a lost or doubled event?"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, Row, text

from services.reporting.projections.reactions import CONSUMER, reactions
from services.reporting.store import exchange_log, feed
from services.reporting.workers import rebuild
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Message
from shared.service import database
from tests.support.launch import Bus, Launch, Numbering, shuffled
from tests.support.platform import Database
from tests.support.rebuilding import rebuilt

DISTRICT = "440303"
_LOG = text("""
    select number, feed_number, event_id, topic, key, sequence, type, headers, payload from exchange_log
    join exchange_numbers using (district, epoch) where district = :district order by number
""")
_STANDING = text("select epoch, last_number, whole from exchange_numbers where district = :district")
# As migration 0006 leaves a district that had applied events before.
_LACKING = text("insert into exchange_numbers (district, last_number, whole) values (:district, 0, false)")


def log(engine: Engine) -> Sequence[Row[Any]]:
    with database.reading(engine, granted=[DISTRICT]) as tx:
        return tx.connection.execute(_LOG, {"district": DISTRICT}).all()


def newest_epoch(engine: Engine) -> int:
    """Of all entries, also of a filling that was given up."""
    with database.reading(engine, granted=[DISTRICT]) as tx:
        return int(tx.connection.execute(text("select max(epoch) from exchange_log")).scalar_one())


def standing(engine: Engine) -> tuple[int, int, bool]:
    with database.reading(engine, granted=[DISTRICT]) as tx:
        epoch, last_number, whole = tx.connection.execute(_STANDING, {"district": DISTRICT}).one()
    return epoch, last_number, whole


def holds_each_once(rows: Sequence[Row[Any]], messages: Sequence[Message]) -> bool:
    """Every message once, numbered without a gap, those of a key in their order."""
    of_key = defaultdict(list)
    for row in rows:
        of_key[row.topic, row.key].append(row.sequence)
    return (
        [row.number for row in rows] == list(range(1, len(messages) + 1))
        and {row.event_id: bytes(row.payload) for row in rows}
        == {message.event_id: message.payload for message in messages}
        and all(sequences == list(range(1, len(sequences) + 1)) for sequences in of_key.values())
    )


class Older:
    """An installation that applied part of a day before it had a log, and the rest with one."""

    def __init__(self, engine: Engine, *, seed: int) -> None:
        launch = Launch(units=12)
        signed = [launch.sign(number) for number in range(10)]
        cases = [event for number in range(12) for event in launch.prepare(number)]
        day = [*launch.opening(), *launch.register(), *launch.groups(), launch.freeze(), *cases, *signed]
        self.messages = shuffled(Numbering().messages(DISTRICT, [*day, launch.rescind(signed[3])]), seed=seed)
        self.bus = Bus(engine)
        self.bus.producer.publish(self.messages[:70])
        former = Consumer(CONSUMER, engine, self.bus.subscription("former"), reactions())
        while former.run_once(wait_seconds=0):
            pass
        with database.begin(engine, district=DISTRICT) as tx:
            tx.connection.execute(_LACKING, {"district": DISTRICT})
        self.bus.deliver(self.messages[70:-9])


@pytest.mark.parametrize("seed", [1, 2])
def test_a_log_without_its_beginning_is_filled_under_a_new_epoch(engine: Engine, urls: Database, seed: int) -> None:
    older = Older(engine, seed=seed)
    assert standing(engine) == (1, len(older.messages) - 79, False)

    rebuilt(urls, older.bus.subscription("rebuild", batch=37), fill=True)

    epoch, *filled = standing(engine)
    assert (epoch > 1, filled) == (True, [len(older.messages) - 9, True])
    assert holds_each_once(log(engine), older.messages[:-9])
    older.bus.deliver(older.messages[-9:])
    assert holds_each_once(log(engine), older.messages)


@pytest.mark.parametrize("fill", [False, True])
def test_an_event_that_the_shadow_applied_first_is_logged_too(engine: Engine, urls: Database, fill: bool) -> None:
    messages, bus = Numbering().messages(DISTRICT, Launch(units=30).register()), Bus(engine)
    bus.deliver(messages[:20])
    bus.producer.publish(messages[20:])

    rebuilt(urls, bus.subscription("rebuild", batch=7), fill=fill)
    while bus.consumer.run_once(wait_seconds=0):
        pass

    assert holds_each_once(log(engine), messages)
    with database.reading(engine, granted=[DISTRICT]) as tx:
        shown = feed.after(tx.connection, DISTRICT, 0, 100)
    units = {unit for entry in shown for unit in entry.body.get("units", [])}
    assert units == {message.key for message in messages}


def test_a_filling_that_is_stuck_changes_nothing_and_its_epoch_is_not_used_again(
    engine: Engine, urls: Database
) -> None:
    older = Older(engine, seed=3)
    before, entries = standing(engine), log(engine)
    part = Bus(engine)
    part.producer.publish(older.messages[:40])

    with pytest.raises(rebuild.Stuck):
        rebuilt(urls, part.subscription("part"), fill=True)
    given_up = newest_epoch(engine)

    assert (standing(engine), log(engine)) == (before, entries)
    with database.reading(engine, granted=[DISTRICT]) as tx:
        assert exchange_log.unfilled(tx) == [DISTRICT]
    rebuilt(urls, older.bus.subscription("rebuild"), fill=True)
    assert standing(engine)[0] > given_up > 1
    assert holds_each_once(log(engine), older.messages[:-9])
