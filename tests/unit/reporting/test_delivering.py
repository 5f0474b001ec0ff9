"""The rules of delivering: the states of a delivery and of its endpoint, pauses, giving up, the breaker and the allowed rate."""

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
    greeted,
    pause,
    tried,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)
OPEN = Condition("open", since=NOW)
DOWN = Outcome("timed-out", of_endpoint=True)
GONE = Outcome("http-410", of_endpoint=True, gone=True)
SECOND = timedelta(seconds=1)


def once(
    condition: Condition, delivery: Delivery, outcome: Outcome, *, at: datetime = NOW, queue: bool = False
) -> tuple[Condition, Delivery]:
    return tried(condition, delivery, outcome, at=at, spread=0.5, queue=queue)


@given(failures=st.integers(1, 10_000), spread=st.floats(0, 1))
def test_a_pause_is_between_a_second_and_a_few_hours_with_jitter(failures: int, spread: float) -> None:
    assert timedelta(seconds=0.75) <= pause(failures, spread=spread) <= timedelta(hours=7.5)


@given(spreads=st.lists(st.floats(0, 1), min_size=40, max_size=60))
def test_a_failing_delivery_is_tried_for_exactly_three_days_whatever_the_jitter(spreads: list[float]) -> None:
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
    assert (condition.paused_until or NOW) - NOW == max(timedelta(), min(retry_after, LONGEST_RETRY_AFTER))


def test_an_event_is_tried_for_three_days_and_a_retry_after_followed_for_one() -> None:
    assert (timedelta(days=3), timedelta(days=1)) == (GIVE_UP, LONGEST_RETRY_AFTER)


def test_without_a_retry_after_an_endpoint_is_paused_for_two_minutes_at_most() -> None:
    condition, delivery = OPEN, Delivery()
    for _ in range(100):
        condition, delivery = tried(condition, delivery, DOWN, at=NOW, spread=1.0, queue=False)

        assert (condition.paused_until or NOW) - NOW <= timedelta(minutes=2)
    assert condition.broken


@pytest.mark.parametrize("code", ["http-400", "http-422"])
def test_an_answer_about_the_event_opens_no_breaker(code: str) -> None:
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


def test_pauses_grow_threefold_from_a_second_to_six_hours() -> None:
    pauses = [pause(failures, spread=0.5) / SECOND for failures in (1, 2, 3, 4, 9, 10, 11)]

    assert pauses == [1, 3, 9, 27, 6_561, 19_683, 21_600]
    assert [pause(1, spread=spread) / SECOND for spread in (0, 1)] == [0.75, 1.25]


def test_a_delivered_event_ends_its_delivery_and_what_was_known_of_failures() -> None:
    broken = Condition("open", since=NOW, code="timed-out", failures=7, paused_until=NOW + SECOND)
    waiting = Delivery("waiting", 3, NOW, NOW + SECOND, "timed-out")

    condition, delivery = once(broken, waiting, Outcome(), at=NOW + SECOND)

    assert condition == Condition("open", since=NOW, succeeded_at=NOW + SECOND)
    assert delivery == Delivery("delivered", 3, NOW, None, None)


def test_a_failed_event_is_tried_again_after_its_pause() -> None:
    condition, delivery = once(OPEN, Delivery(), DOWN)
    assert (delivery, condition.failures) == (Delivery("waiting", 1, NOW, NOW + SECOND, "timed-out"), 1)

    _, delivery = once(condition, delivery, DOWN, at=NOW + SECOND)
    assert delivery == Delivery("waiting", 2, NOW, NOW + 4 * SECOND, "timed-out")


def test_an_endpoint_that_says_it_is_gone_is_not_tried_again() -> None:
    condition, delivery = once(OPEN, Delivery(), GONE, at=NOW + SECOND)

    assert (condition.status, condition.since, condition.code) == ("gone", NOW + SECOND, "http-410")
    assert (delivery.state, delivery.next_try_at) == ("waiting", None)


@pytest.mark.parametrize(
    ("succeeded_after", "queue", "status", "state"),
    [
        (None, False, "resting", "waiting"),  # the endpoint has never worked
        (0 * SECOND, False, "resting", "waiting"),  # it has not worked since
        (SECOND, False, "open", "resting"),  # it works: this event alone rests
        (SECOND, True, "resting", "waiting"),  # everything waits behind this event
    ],
)
def test_after_three_days_an_event_rests_alone_where_the_endpoint_works_for_others(
    succeeded_after: timedelta | None, queue: bool, status: str, state: str
) -> None:
    known = Condition("open", since=NOW, succeeded_at=None if succeeded_after is None else NOW + succeeded_after)
    old = Delivery("waiting", 20, NOW, NOW + GIVE_UP, "http-500")

    just_before = once(known, old, DOWN, at=NOW + GIVE_UP - SECOND, queue=queue)
    assert (just_before[0].status, just_before[1].state) == ("open", "waiting")
    condition, delivery = once(known, old, DOWN, at=NOW + GIVE_UP, queue=queue)

    assert (condition.status, delivery.state, delivery.next_try_at) == (status, state, None)


def test_an_endpoint_breaks_with_its_fifth_failure_in_a_row_and_is_then_paused_up_to_a_minute() -> None:
    condition, pauses = OPEN, []
    for _ in range(10):
        condition, _ = once(condition, Delivery(), DOWN)
        pauses.append(None if condition.paused_until is None else (condition.paused_until - NOW) / SECOND)

    assert pauses == [None, None, None, None, 1, 3, 9, 27, 60, 60]
    assert once(condition, Delivery(), Outcome("http-400"))[0].failures == 0


def test_a_handshake_opens_an_endpoint_or_is_tried_for_three_days() -> None:
    new = Condition("new", since=NOW, code="timed-out", failures=2, paused_until=NOW + SECOND)

    opened = greeted(new, Outcome(), at=NOW + SECOND, spread=0.5)
    again = greeted(new, DOWN, at=NOW + SECOND, spread=0.5)
    limited = greeted(new, Outcome("http-429", retry_after=timedelta(hours=1)), at=NOW, spread=0.5)
    early = greeted(new, DOWN, at=NOW + GIVE_UP - SECOND, spread=0.5)
    late = greeted(new, DOWN, at=NOW + GIVE_UP, spread=0.5)
    gone = greeted(new, GONE, at=NOW + SECOND, spread=0.5)

    assert opened == Condition("open", since=NOW + SECOND)
    assert again == Condition("new", NOW, "timed-out", 3, NOW + 10 * SECOND)
    assert limited.paused_until == NOW + timedelta(hours=1)
    assert (early.status, late.status, gone.status) == ("new", "resting", "gone")


def test_an_allowance_is_refilled_by_a_61st_of_the_rate_a_second_up_to_one_second_of_it() -> None:
    spent = Allowance(122, 0.0, NOW)

    assert spent.at(NOW + SECOND / 2).tokens == 1
    assert spent.at(NOW + 9 * SECOND).tokens == 2
    assert spent.at(NOW - SECOND).tokens == 0
    assert Allowance(6, 0.0, NOW).at(NOW + 61 * SECOND).tokens == 1
    assert (Allowance(122, 2.9, NOW).most(5), Allowance(122, 2.9, NOW).most(1)) == (2, 1)
    assert Allowance(122, 2.0, NOW).without(1) == Allowance(122, 1.0, NOW)


def test_without_a_rate_as_many_leave_as_are_wanted() -> None:
    free = Allowance(None, 0.0, NOW)

    assert (free.at(NOW + SECOND), free.without(3), free.most(50)) == (free, free, 50)
