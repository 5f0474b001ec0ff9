"""Do the metrics of messages tell a dead worker from a night, a pause and a held channel? Real gateway, real database."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine

from services.notify.queries import due as queries
from services.notify.queries import facts
from services.notify.store import messages
from services.notify.wiring import SERVICE
from services.notify.workers.failures import CODES
from shared.service import database
from shared.service.clock import PacedClock
from shared.telemetry.facts import Fact
from tests.integration.notify.conftest import Notify
from tests.integration.notify.test_sending import planned
from tests.support.clocks import StandingClock
from tests.support.owners import NOON, Owner


@pytest.fixture
def mechanism(notify_database: Any) -> Iterator[Engine]:
    connected = database.connect(notify_database.mechanism, application_name="test-facts")
    yield connected
    connected.dispose()


def due(notify: Notify, mechanism: Engine) -> dict[str, float]:
    return {channel: value for (channel,), value in shown(notify, mechanism, facts.DUE_AGE).items()}


def shown(notify: Notify, mechanism: Engine, fact: Fact) -> dict[tuple[str, ...], float]:
    """By the labels before the district's."""
    samples = facts.of_messages(mechanism, notify.clock)
    return {
        sample.labels[:-1]: sample.value
        for sample in samples
        if sample.fact == fact and sample.labels[-1] == notify.district
    }


def waits(notify: Notify) -> queries.Due:
    """What the strip of the city shows of the text messages of this district; its role sees no other district."""
    with database.reading(notify.engine, granted=[notify.district]) as tx:
        [sms] = [row for row in queries.by_channel(tx.connection, notify.clock) if row.channel == "sms"]
    assert sms.district == notify.district
    return sms


def in_minutes(notify: Notify, minutes: int) -> None:
    notify.clock = StandingClock(NOON + timedelta(minutes=minutes))


def changed(notify: Notify, statement: str) -> None:
    with notify.as_owner() as connection:
        connection.exec_driver_sql(statement)


def test_the_oldest_due_message_of_each_channel_is_of_its_channel_alone(notify: Notify, mechanism: Engine) -> None:
    assert due(notify, mechanism) == {"mail": 0, "sms": 0}
    planned(notify, Owner(channels=("sms",)), Owner(channels=("sms",)))
    in_minutes(notify, 10)
    of_a_dead_worker = due(notify, mechanism)
    notify.dispatches()

    assert of_a_dead_worker == {"mail": 0, "sms": pytest.approx(600, abs=1)}
    assert notify.balance().sent == 2
    assert due(notify, mechanism) == {"mail": 0, "sms": 0}


def test_a_night_a_pause_between_tries_and_the_rest_of_a_held_channel_are_not_due(
    notify: Notify, mechanism: Engine
) -> None:
    planned(notify, Owner(channels=("sms",)))
    in_minutes(notify, 10)
    changed(notify, "update messages set hold_until = hold_until + interval '1 hour'")
    night, strip_at_night = due(notify, mechanism)["sms"], waits(notify)
    changed(
        notify,
        "update messages set hold_until = hold_until - interval '1 hour', next_try_at = now() + interval '1 hour'",
    )
    pause, strip_in_the_pause = due(notify, mechanism)["sms"], waits(notify)
    changed(notify, "update messages set next_try_at = now() - interval '2 minutes'")
    after_the_pause = due(notify, mechanism)["sms"]
    changed(
        notify,
        "insert into channel_holds (district, hold_id, channel, code, began_at, next_probe_at) select district, gen_random_uuid(), "
        "'sms', 'sms-401', now() - interval '1 hour', now() + interval '1 minute' from messages",
    )
    held, strip_of_a_held_channel = due(notify, mechanism)["sms"], waits(notify)
    changed(notify, "update channel_holds set next_probe_at = now() - interval '1 minute'")
    unprobed = due(notify, mechanism)["sms"]

    assert (night, pause, held) == (0, 0, 0)
    assert after_the_pause == pytest.approx(120, abs=5)
    assert unprobed == pytest.approx(60, abs=5)
    assert [(row.messages, row.seconds) for row in (strip_at_night, strip_in_the_pause)] == [(0, 0)] * 2
    # The strip shows it: a person must see why the channel is held.
    assert strip_of_a_held_channel.messages == 1
    assert strip_of_a_held_channel.seconds == pytest.approx(120, abs=5)
    assert strip_of_a_held_channel.late_seconds == 0


@pytest.mark.parametrize("stands_still", [False, True])
def test_how_long_a_message_is_due_is_real_time_whatever_the_pace_of_the_business_clock(
    notify: Notify, mechanism: Engine, tmp_path: Path, stands_still: bool
) -> None:
    """In the demo a minute is hours of the business clock: nothing that is sent at once is late."""
    planned(notify, Owner(channels=("sms",)))
    began, stopped = datetime.now(UTC) - timedelta(seconds=100), datetime.now(UTC) - timedelta(seconds=20)
    paced = NOON + 144 * timedelta(seconds=80)
    first = {"business_at": NOON.isoformat(), "real_at": began.isoformat(), "speed": 144}
    second = {"business_at": paced.isoformat(), "real_at": stopped.isoformat(), "speed": 0 if stands_still else 12}
    file = tmp_path / "clock.json"
    file.write_text(json.dumps({**second, "before": [first]}), encoding="utf-8")
    notify.clock = PacedClock(file)

    changed(notify, f"update messages set hold_until = '{(NOON + 144 * timedelta(seconds=70)).isoformat()}'")
    after_ten_seconds_of_the_first_pace = due(notify, mechanism)["sms"]
    changed(notify, f"update messages set hold_until = '{(paced + timedelta(hours=1)).isoformat()}'")
    in_the_future = due(notify, mechanism)["sms"]

    assert after_ten_seconds_of_the_first_pace == pytest.approx(30, abs=5)
    assert in_the_future == 0


def test_a_try_that_never_ended_counts_from_its_beginning(notify: Notify, mechanism: Engine) -> None:
    planned(notify, Owner(channels=("sms",)))
    with database.begin(notify.engine, district=notify.district) as tx:
        messages.claim(tx, at=notify.clock.now(), real_at=datetime.now(UTC) - timedelta(minutes=5))

    assert due(notify, mechanism)["sms"] == pytest.approx(300, abs=5)
    assert (waits(notify).messages, waits(notify).seconds) == (1, pytest.approx(300, abs=5))


def test_the_api_of_notify_shows_it(monkeypatch: pytest.MonkeyPatch, mechanism: Engine, notify: Notify) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere")

    assert {sample.fact for sample in SERVICE.facts(mechanism)} == {
        facts.DUE_AGE,
        facts.MESSAGES,
        facts.BY_CHANNEL,
        facts.CHANNEL_HELD,
    }


@pytest.mark.logs_error("channel held")
def test_every_known_district_is_counted_from_the_start_and_a_held_channel_is_seen_without_the_worker(
    notify: Notify, mechanism: Engine
) -> None:
    held = shown(notify, mechanism, facts.CHANNEL_HELD)
    counted = shown(notify, mechanism, facts.BY_CHANNEL)
    assert held == {("mail",): 0, ("sms",): 0}
    states = ("held", "waiting", "trying", "sent", "failed", "unknown", "withheld", "superseded")
    assert counted == {(state, channel): 0 for state in states for channel in ("mail", "sms", "none")}
    assert shown(notify, mechanism, facts.MESSAGES)["planned",] == 0

    planned(notify, Owner(channels=("sms",)), Owner(channels=("sms",)))
    notify.sms.answer = 401
    notify.dispatches()

    assert shown(notify, mechanism, facts.CHANNEL_HELD) == {("mail",): 0, ("sms",): 1}
    assert shown(notify, mechanism, facts.BY_CHANNEL)["waiting", "sms"] == 2
    assert shown(notify, mechanism, facts.MESSAGES)["waiting",] == 2


@pytest.mark.logs_error("channel held")
def test_a_held_channel_that_no_message_waits_for_is_no_alarm(notify: Notify, mechanism: Engine) -> None:
    """What was tried may have arrived, so it is tried no more, and nothing is left to find out with that the gateway works again."""
    planned(notify, Owner(channels=("sms",)))
    notify.sms.answer = 500
    notify.dispatches()
    assert shown(notify, mechanism, facts.BY_CHANNEL)["unknown", "sms"] == 1
    assert shown(notify, mechanism, facts.CHANNEL_HELD)["sms",] == 0

    planned(notify, Owner(channels=("sms",)))

    assert shown(notify, mechanism, facts.CHANNEL_HELD)["sms",] == 1


def failed(channel: str, code: str) -> float | None:
    return REGISTRY.get_sample_value("clearwater_message_failed_total", {"channel": channel, "code": code})


def test_a_failed_message_is_counted_once_by_channel_and_code(notify: Notify) -> None:
    known = {(channel, code): failed(channel, code) for channel, codes in CODES.items() for code in codes}
    assert None not in known.values()

    planned(notify, Owner(channels=("sms",)), Owner(channels=("sms",)))
    notify.sms.answer = 422
    notify.dispatches()

    assert notify.states() == [("failed", "sms", "sms-422")] * 2
    assert failed("sms", "sms-422") == known["sms", "sms-422"] + 2
    assert sum(failed(*place) for place in known) == sum(known.values()) + 2


def test_a_code_that_nobody_knows_counts_as_other(notify: Notify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CODES, "sms", frozenset({"other"}))
    before = failed("sms", "other")
    planned(notify, Owner(channels=("sms",)))
    notify.sms.answer = 422
    notify.dispatches()

    assert failed("sms", "other") == before + 1
