"""Are the scraped metrics correct from the first moment, and do they return to 0?"""

from uuid import uuid4

import pytest
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from shared.messaging import memory, pipeline
from shared.messaging.ports import Unavailable
from shared.messaging.redrive import Redrive
from shared.messaging.relay import Relay
from shared.messaging.rounds import Rounds, Work
from tests.support import kit
from tests.support.consuming import a_key

APPLIED = "clearwater_consumer_applied_total"
PARKED = "clearwater_parked_events"


def scraped(**labels: str) -> dict[str, float]:
    """The scraped samples with exactly these labels, by name."""
    families = text_string_to_metric_families(generate_latest(REGISTRY).decode())
    return {sample.name: sample.value for family in families for sample in family.samples if sample.labels == labels}


def measured(bench, consumer) -> dict[str, float]:
    consumer._measured_at = 0.0
    consumer.run_once()
    return scraped(consumer=f"c{bench.district}", district=bench.district)


def test_a_known_district_has_every_series_at_0_before_its_first_event(bench):
    found = measured(bench, bench.consumer())

    counters = (APPLIED, "clearwater_consumer_repeated_total", "clearwater_consumer_rejected_total")
    gauges = (PARKED, "clearwater_diverged_events")
    assert {name: found.get(name) for name in (*counters, *gauges)} == dict.fromkeys((*counters, *gauges), 0.0)
    assert found["clearwater_journal_to_projection_seconds_count"] == 0


def test_the_parked_gauge_returns_to_0_when_parked_events_are_applied(bench):
    key, consumer = a_key(), bench.consumer()
    bench.send(key, 1, 3, 4)
    before = measured(bench, consumer)
    bench.send(key, 2)
    consumer.run_once()
    bench.redrive.heal(bench.district)
    after = measured(bench, consumer)

    assert (before[APPLIED], before[PARKED]) == (1, 2)
    assert (after[APPLIED], after[PARKED]) == (4, 0)
    assert measured(bench, consumer)[APPLIED] == 4  # counted once


def test_the_consumer_counts_events_redriven_by_another_process(bench):
    key, consumer = a_key(), bench.consumer()
    bench.send(key, 1, poison=True)
    bench.send(key, 2)
    assert measured(bench, consumer)[PARKED] == 2

    terminal = Redrive(f"c{bench.district}", bench.engines.app, {})
    for waiting in terminal.keys(bench.district):
        terminal.key(waiting, district=bench.district)

    found = measured(bench, consumer)
    assert (found[APPLIED], found[PARKED]) == (2, 0)


@pytest.mark.logs_error("diverged")
def test_an_event_passed_over_is_not_counted_as_applied(bench):
    key, consumer = a_key(), bench.consumer()
    bench.send(key, 1)
    bench.send(key, 1)
    found = measured(bench, consumer)
    assert (found[APPLIED], found[PARKED], found["clearwater_diverged_events"]) == (1, 1, 1)


def test_a_relay_has_series_of_a_district_that_has_sent_nothing(bench):
    kit.happen(bench.engines.app, bench.district, [a_key()])
    Relay(bench.engines.mechanism, memory.Producer(bench.broker)).measure()

    found = scraped(district=bench.district)
    assert found["clearwater_relay_sent_total"] == 0
    assert (found["clearwater_unsent_events"], found["clearwater_relay_held_keys"]) == (1, 0)


@pytest.mark.logs_error("item failed")
def test_the_failing_gauge_shows_an_item_until_it_succeeds():
    rounds, broken = Rounds("test"), [True]

    def act() -> int:
        if broken[0]:
            raise LookupError
        return 1

    assert rounds.carry_out([Work("440303", "one", act), Work("440305", "two", lambda: 1)]) == 1
    assert scraped(loop="test", district="440303")["clearwater_failing_items"] == 1
    assert scraped(loop="test", district="440305")["clearwater_failing_items"] == 0

    broken[0] = False
    rounds._failing["440303", "one"].retry_at = 0.0
    assert rounds.carry_out([Work("440303", "one", act)]) == 1
    assert scraped(loop="test", district="440303")["clearwater_failing_items"] == 0
    assert scraped(loop="test", district="440303")["clearwater_item_failed_total"] == 1


def test_a_count_of_unread_events_that_nobody_proves_any_more_is_not_shown(bench):
    """A dead consumer leaves its last 0 behind; its age says the rest."""
    consumer = bench.consumer()
    measured(bench, consumer)

    def facts() -> set[str]:
        found = pipeline.events(bench.engines.mechanism, consumer._name, emits=False)
        return {sample.fact.name for sample in found if bench.district in sample.labels}

    fresh = facts()
    bench.rows_of("update lags set caught_up_at = caught_up_at - interval '1 minute' returning 1")
    of_a_dead_one = facts()
    bench.rows_of("update lags set events = 7 returning 1")

    unread = {"clearwater_consumer_unread_events"}
    assert fresh >= {"clearwater_consumer_age_seconds", *unread}
    assert of_a_dead_one == fresh - unread
    assert facts() == fresh


def test_the_lag_of_a_topic_is_not_shown_while_the_broker_is_away(bench):
    consumer, labels = bench.consumer(), {"consumer": f"c{bench.district}", "topic": bench.topic}
    measured(bench, consumer)
    before = scraped(**labels)
    bench.broker.away = True
    consumer._show_lags(consumer._subscription.lag())

    assert before["clearwater_consumer_lag_events"] == 0
    assert "clearwater_consumer_lag_events" not in scraped(**labels)


def test_a_relay_that_cannot_count_shows_no_former_figure(bench, monkeypatch):
    kit.happen(bench.engines.app, bench.district, [uuid4()])
    relay = Relay(bench.engines.mechanism, memory.Producer(bench.broker))
    while relay.run_once():
        pass
    relay.measure()
    names = ("clearwater_unsent_events", "clearwater_relay_held_keys")
    before = scraped(district=bench.district)

    def lost() -> None:
        raise Unavailable("the session was lost")

    monkeypatch.setattr(relay, "measure", lost)
    with pytest.raises(Unavailable):
        relay._look()

    assert [before[name] for name in names] == [0, 0]
    assert not scraped(district=bench.district).keys() & set(names)


def test_a_relay_asks_the_broker_only_when_it_has_not_just_sent(bench):
    questions = []

    class Producer(memory.Producer):
        def ask(self) -> None:
            questions.append(1)
            super().ask()

    relay = Relay(bench.engines.mechanism, Producer(bench.broker))
    assert relay.missing() == "the broker has not answered yet"
    kit.happen(bench.engines.app, bench.district, [uuid4()])
    while relay.run_once():
        pass
    relay._look()
    assert (relay.missing(), questions) == (None, [])

    bench.broker.away, relay._asked_at = True, 0.0
    relay._look()
    assert (relay.missing(), questions) == ("broker: the broker is away", [1])
    relay._look()
    assert questions == [1]
