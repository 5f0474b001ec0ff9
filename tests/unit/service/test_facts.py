"""Facts are read when somebody asks; what cannot be read is not shown, and says so."""

import threading
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest

from deploy.prometheus import scraping
from shared.telemetry.facts import Fact, Facts, Sample
from tests.support.eventually import eventually

WAITING = Fact("clearwater_waiting_things", "Things that wait.", ("district",))
DONE = Fact("clearwater_done_total", "Things that are done.", kind="counter")


def text_of(facts: Facts) -> str:
    registry = CollectorRegistry()
    registry.register(facts)
    return generate_latest(registry).decode()


def test_a_fact_is_read_at_each_look_and_a_thing_that_is_gone_has_no_series() -> None:
    facts, districts = Facts(), ["440303", "440305"]
    facts.publish("things", lambda: [*(WAITING.of(1, code) for code in districts), DONE.of(3)], seconds=0)

    both = text_of(facts)
    districts.remove("440305")
    one = text_of(facts)

    assert 'clearwater_waiting_things{district="440305"} 1.0' in both
    assert "# TYPE clearwater_done_total counter\nclearwater_done_total 3.0" in both
    assert "440305" not in one
    assert 'clearwater_facts_readable{source="things"} 1.0' in one


def test_an_unreadable_fact_shows_no_figure_and_the_others_stay() -> None:
    facts, broken = Facts(), [False]

    def reading() -> Iterator[Sample]:
        yield WAITING.of(7, "440303")
        if broken[0]:
            raise ConnectionError

    facts.publish("things", reading, seconds=0)
    facts.publish("others", lambda: [DONE.of(1)], seconds=0)
    assert "clearwater_waiting_things{" in text_of(facts)
    broken[0] = True

    found = text_of(facts)
    assert "clearwater_waiting_things{" not in found
    assert 'clearwater_facts_readable{source="things"} 0.0' in found
    assert "clearwater_done_total 1.0" in found


def test_two_with_the_same_labels_are_one_series() -> None:
    facts = Facts()
    facts.publish("things", lambda: [WAITING.of(1, "440303"), WAITING.of(2, "440303")], seconds=0)

    assert text_of(facts).count('clearwater_waiting_things{district="440303"}') == 1


def test_facts_are_not_read_again_before_their_time() -> None:
    facts, looks = Facts(), []
    facts.publish("things", lambda: looks.append(1) or [DONE.of(len(looks))], seconds=60)

    assert text_of(facts) == text_of(facts)
    assert len(looks) == 1


def test_a_database_that_hangs_keeps_one_reader_and_not_all() -> None:
    facts, hangs, begun = Facts(), threading.Event(), threading.Event()

    def reading() -> list[Sample]:
        begun.set()
        hangs.wait(30)
        return []

    facts.publish("things", reading, seconds=0)
    first = threading.Thread(target=text_of, args=(facts,), daemon=True)
    first.start()
    assert begun.wait(10)
    second = text_of(facts)
    hangs.set()
    first.join(10)

    assert 'clearwater_facts_readable{source="things"} 0.0' in second


def test_a_source_that_hangs_keeps_no_other_and_the_whole_ends_before_the_scraper_gives_up() -> None:
    facts, hangs, readings = Facts(), threading.Event(), []

    def reading() -> list[Sample]:
        readings.append(1)
        hangs.wait(30)
        return [DONE.of(1)]

    for number in range(4):
        facts.publish(f"hanging {number}", reading, seconds=0)
    facts.publish("others", lambda: [WAITING.of(7, "440303")], seconds=0)
    began = time.monotonic()
    twice = text_of(facts), text_of(facts)
    seconds = (time.monotonic() - began) / len(twice)
    hangs.set()

    for text in twice:
        assert text.count("} 0.0") == 4
        assert 'clearwater_waiting_things{district="440303"} 7.0' in text
    assert seconds < scraping.SECONDS - 1
    assert len(readings) == 4  # the second look has begun none beside those that hang
    eventually(lambda: "clearwater_done_total 1.0" in text_of(facts))


def test_facts_about_the_process_are_read_before_others_use_its_connections() -> None:
    """A pool would otherwise look used up at each look."""
    facts, order = Facts(), []
    facts.publish("things", lambda: order.append("things") or [WAITING.of(1, "440303")], seconds=0)
    facts.publish("pools", lambda: order.append("pools") or [DONE.of(len(order))], own=True)

    assert "clearwater_done_total 1.0" in text_of(facts)
    assert 'clearwater_facts_readable{source="pools"} 1.0' in text_of(facts)
    assert order == ["pools", "things", "pools", "things"]
