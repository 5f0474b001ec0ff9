"""A record is decoded once: real SQL, batches that are halved, polls that are tried again, several reactions to one event."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from shared.events import codec
from shared.messaging.consumer import Rejected
from shared.messaging.reactions import Batch, Received, on, received, table
from shared.messaging.redrive import Redrive
from shared.service.database import Transaction
from tests.support import kit
from tests.support.consuming import a_key, effects, parked


@pytest.fixture
def decoded(monkeypatch) -> Counter[bytes]:
    """How often each payload was decoded."""
    counts, decode = Counter[bytes](), codec.decode

    def counting(event, payload, *, key=""):
        counts[payload] += 1
        return decode(event, payload, key=key)

    monkeypatch.setattr(codec, "decode", counting)
    return counts


def test_a_record_is_decoded_once_through_halving_retries_and_several_reactions(bench, decoded):
    tries: list[int] = []

    def deadlock_at_first(tx: Transaction, batch: Batch[kit.Happened]) -> None:
        tries.append(len(batch.events))
        if len(tries) == 1:
            tx.connection.execute(text("do $$ begin raise exception 'd' using errcode = 'deadlock_detected'; end $$"))

    def look_again(_tx: Transaction, batch: Batch[kit.Happened]) -> None:
        assert [event.key for event in batch.events] == [it.message.key for it in batch.received]

    numbered: list[UUID] = []

    def number(_tx: Transaction, applied: Sequence[Received]) -> None:
        numbered.extend(it.event.unit_id for it in applied)

    keys = [a_key() for _ in range(40)]
    for place, key in enumerate(keys):
        for sequence in (1, 2):  # no two payloads are alike
            bench.send(key, sequence, amount=sequence, poison=place in (3, 17, 30))
    undecodable = kit.message(a_key(), 1, topic=bench.topic)._replace(payload=b'{"unit_id": "planted"}')
    bench.producer.publish([undecodable])
    reactions = table(on(kit.Happened, deadlock_at_first), on(kit.Happened, kit.add_up), on(kit.Happened, look_again))
    bench.consumer(reactions, after_reactions=number).run_once()

    assert len(tries) > 2  # it was tried again, and halved
    assert len(numbered) == 2 * 37 == sum(map(len, effects(bench).values()))
    reasons = Counter(reason for _, reason in parked(bench))
    assert reasons == {"poison": 3, "behind": 3, "invalid: unit_id": 1}
    assert set(decoded.values()) == {1}
    assert decoded.keys() >= {undecodable.payload}


def test_a_redriven_record_is_decoded_once(bench, decoded):
    key = a_key()
    bench.send(key, 1, poison=True)
    bench.send(key, 2, 3)
    bench.consumer().run_once()
    decoded.clear()

    applied: list[UUID] = []
    reactions = table(on(kit.Happened, lambda tx, batch: None), on(kit.Happened, lambda tx, batch: None))
    redrive = Redrive(
        f"c{bench.district}", bench.engines.app, reactions, after_reactions=lambda _, its: applied.extend(its)
    )
    (waiting,) = bench.redrive.keys(bench.district)
    redrive.key(waiting, district=bench.district)

    assert [it.event.key for it in applied] == [key] * 3
    assert sum(decoded.values()) == 3


def test_an_event_without_a_reaction_or_applied_before_is_not_decoded(bench, decoded):
    key = a_key()
    sent = bench.send(key, 1, 2)
    bench.producer.publish([kit.message(key, 3, topic=bench.topic, event=kit.Passed(unit_id=key))])
    bench.consumer().run_once()
    decoded.clear()

    bench.producer.publish(sent)
    bench.consumer().run_once()

    assert decoded == {}


def test_the_reactions_to_one_event_run_in_the_order_of_the_table_and_succeed_or_fail_together(bench):
    def refuse(_tx: Transaction, _batch: Batch[kit.Happened]) -> None:
        raise Rejected("the second refuses")

    bench.send(a_key(), 1)
    bench.consumer(table(on(kit.Happened, kit.add_up), on(kit.Happened, refuse))).run_once()

    assert (effects(bench), parked(bench)) == ({}, [(1, "the second refuses")])


def test_a_reaction_gets_what_the_table_gives_it():
    seen: list[object] = []

    def react(_tx: Transaction, batch: Batch[kit.Happened], *, clock: str) -> None:
        seen.extend([batch.kind, clock, *batch.events])

    reactions = table(on(kit.Happened, react, clock="noon"))
    message = kit.message(a_key(), 1, topic="440303.signing-case", amount=3)
    reactions[message.type].react(None, [received(message, reactions)])

    assert seen == [kit.Happened, "noon", kit.Happened(unit_id=message.key, amount=3)]


def test_an_undecodable_event_is_found_before_any_reaction_has_an_effect():
    seen: list[object] = []
    reactions = table(on(kit.Happened, lambda _tx, batch: seen.append(batch)))
    good, bad = (kit.message(a_key(), 1, topic="440303.signing-case") for _ in range(2))
    its = [received(good, reactions), received(bad._replace(payload=b"{"), reactions)]

    for _ in range(2):
        with pytest.raises(ValidationError):
            reactions[good.type].react(None, its)
    assert seen == []


def test_a_message_without_a_reaction_has_no_event():
    message = kit.message(a_key(), 1, topic="440303.signing-case")

    with pytest.raises(TypeError, match="no reaction"):
        _ = received(message, {}).event
