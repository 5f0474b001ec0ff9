"""The rules of delivering: pauses, giving up, the breaker and the allowed rate."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.delivering import (
    GIVE_UP,
    LONGEST_RETRY_AFTER,
    Allowance,
    Condition,
    Delivery,
    Outcome,
    pause,
    tried,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)
OPEN = Condition("open", since=NOW)
DOWN = Outcome("timed-out", of_endpoint=True)


@given(failures=st.integers(1, 10_000), spread=st.floats(0, 1))
def test_a_pause_is_between_a_second_and_a_few_hours_with_jitter(failures: int, spread: float) -> None:
    assert timedelta(seconds=0.75) <= pause(failures, spread=spread) <= timedelta(hours=7.5)


@given(spreads=st.lists(st.floats(0, 1), min_size=40, max_size=60))
def test_what_always_fails_is_tried_for_exactly_three_days_whatever_the_jitter(spreads: list[float]) -> None:
    condition, delivery, at, tries = OPEN, Delivery(), NOW, 0
    for spread in spreads:
        condition, delivery = tried(condition, delivery, DOWN, at=at, spread=spread, queue=False)
        tries += 1
        if condition.status == "resting":
            break
        assert delivery.next_try_at is not None
        assert delivery.next_try_at > at
        at = max(delivery.next_try_at, condition.paused_until or at)

    assert condition.status == "resting"
    assert GIVE_UP <= at - NOW <= GIVE_UP + timedelta(minutes=2)
    assert 12 <= tries <= 40


@given(seconds=st.integers(-10, 10**9))
def test_a_retry_after_of_an_endpoint_is_followed_for_up_to_a_day(seconds: int) -> None:
    retry_after = timedelta(seconds=seconds)
    condition, delivery = tried(
        OPEN,
        Delivery(),
        Outcome("http-429", of_endpoint=True, retry_after=retry_after),
        at=NOW,
        spread=0.5,
        queue=False,
    )

    assert delivery.next_try_at is not None
    assert delivery.next_try_at - NOW >= min(retry_after, LONGEST_RETRY_AFTER)
    assert (condition.paused_until or NOW) - NOW <= LONGEST_RETRY_AFTER


def test_without_a_retry_after_an_endpoint_is_paused_for_two_minutes_at_most() -> None:
    condition, delivery = OPEN, Delivery()
    for _ in range(100):
        condition, delivery = tried(condition, delivery, DOWN, at=NOW, spread=1.0, queue=False)

        assert (condition.paused_until or NOW) - NOW <= timedelta(minutes=2)
    assert condition.broken


@pytest.mark.parametrize("code", ["http-400", "http-422"])
def test_what_is_about_the_event_breaks_nothing(code: str) -> None:
    condition, delivery = OPEN, Delivery()
    for _ in range(20):
        condition, delivery = tried(condition, delivery, Outcome(code), at=NOW, spread=0.5, queue=False)

    assert not condition.broken
    assert condition.paused_until is None


@given(
    rate=st.integers(1, 10_000),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 50)), min_size=1, max_size=80),
)
def test_no_minute_ever_sees_more_than_the_allowed_rate(rate: int, steps: list[tuple[float, int]]) -> None:
    allowance, at, sent = Allowance(rate, 1.0, NOW), NOW, []
    for seconds, wanted in steps:
        at += timedelta(seconds=seconds)
        allowance = allowance.at(at)
        taken = allowance.most(wanted)
        allowance = allowance.without(taken)
        sent += [(at, taken)]

    for began, _ in sent:
        assert sum(n for when, n in sent if began <= when < began + timedelta(minutes=1)) <= rate
