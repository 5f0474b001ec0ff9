"""A fault of the channel holds the channel and uses no attempt of the message."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.notify.domain import hold
from services.notify.domain.message import Message
from services.notify.domain.outcome import Accepted, NotAccepted, Unclear, Unwell
from services.notify.gateways import replies

NOON = datetime(2026, 5, 31, 4, tzinfo=UTC)
CALL = {"at": NOON, "real_at": NOON}
EXPIRED = Unwell("sms-401")


def a_message(tries=1, forgiven=0):
    return Message("key", uuid4(), "sms", "trying", tries, NOON, None, forgiven=forgiven)


def test_a_channel_that_is_unwell_never_fails_a_message():
    it = a_message()
    for _ in range(50):
        it.state, it.tries = "trying", it.tries + 1
        it.settle(EXPIRED, **CALL)

    assert (it.state, it.code, it.tries, it.next_try_at, it.recorded) == ("waiting", "sms-401", 1, None, [])


def test_a_message_that_repeatedly_breaks_the_channel_alone_fails():
    it = a_message(tries=0)
    while it.state != "failed":
        it.state, it.tries = "trying", it.tries + 1
        it.settle(EXPIRED, **CALL, began_hold=True)

    assert (it.tries, it.code) == (6, "sms-401")


@pytest.mark.parametrize(("begun", "counted"), [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1)])
def test_every_try_of_a_message_counts_once_it_has_begun_three_holds(begun, counted):
    it = a_message(tries=0)
    for began_hold in (*[True] * begun, False):
        it.state, it.tries = "trying", it.tries + 1
        it.settle(EXPIRED, **CALL, began_hold=began_hold)

    assert (it.state, it.tries) == ("waiting", begun + counted)
    assert (it.next_try_at is None) == (counted == 0)


def test_a_broken_gateway_may_have_accepted_the_message():
    it = a_message()
    it.settle(Unwell("sms-500", perhaps_taken=True), **CALL)

    assert it.state == "unknown"


def test_a_message_ordered_again_has_all_its_attempts():
    it = a_message(tries=6)
    it.settle(NotAccepted("smtp-451", permanent=False), **CALL)
    assert it.state == "failed"

    it.retry(real_at=NOON)
    it.state, it.tries = "trying", it.tries + 1
    it.settle(NotAccepted("smtp-451", permanent=False), **CALL)

    assert (it.state, it.next_try_at) == ("waiting", NOON + timedelta(seconds=2))


def test_a_message_ordered_again_may_begin_a_hold_as_often_as_a_new_one():
    it = a_message(tries=6)
    it.settle(NotAccepted("smtp-451", permanent=False), **CALL)
    it.holds_begun = 3
    it.retry(real_at=NOON)
    for began_hold in (True, True, False):
        it.state, it.tries = "trying", it.tries + 1
        it.settle(EXPIRED, **CALL, began_hold=began_hold)

    assert (it.state, it.tries, it.next_try_at) == ("waiting", 8, None)  # the third one does not count


def test_waiting_for_the_morning_uses_no_attempt():
    it = a_message(tries=3)
    it.postpone(until=NOON)

    assert (it.state, it.tries, it.hold_until, it.code) == ("held", 2, NOON, "quiet-hours")


def test_probes_are_delayed_more_each_time_and_never_before_the_retry_after():
    pauses = [hold.pause(number) for number in range(9)]

    assert [pause.total_seconds() for pause in pauses] == [5, 15, 60, 120, 300, 300, 300, 300, 300]
    assert hold.pause(0, timedelta(minutes=17)) == timedelta(minutes=17)
    assert hold.pause(8, timedelta(seconds=1)) == timedelta(minutes=5)
    assert hold.pause(0, timedelta(days=4000)) == timedelta(days=1)
    assert hold.pause(0, timedelta(seconds=-9)) == pauses[0]


@pytest.mark.parametrize(
    ("outcome", "works", "lost"),
    [
        (Accepted("r"), True, False),
        (NotAccepted("smtp-550", permanent=True), True, False),
        (NotAccepted("lost", permanent=False, answered=False), False, True),
        (Unclear("silent"), False, True),
        (EXPIRED, False, False),
    ],
)
def test_a_channel_works_when_it_has_judged_a_message(outcome, works, lost):
    assert (hold.works(outcome), hold.lost(outcome)) == (works, lost)


@pytest.mark.parametrize("code", [200, 250, 251, 252, 259])
def test_every_positive_reply_is_an_acceptance(code):
    assert replies.positive(code)


@pytest.mark.parametrize("code", [-1, 0, 221, 354, 421, 450, 550])
def test_only_a_reply_of_2xx_other_than_221_accepts_a_mail(code):
    assert not replies.positive(code)


@pytest.mark.parametrize(
    ("place", "code", "text", "outcome"),
    [
        ("recipient", 450, b"4.2.0 greylisted", NotAccepted("smtp-450", permanent=False)),
        ("recipient", 452, b"4.5.3 too many recipients", NotAccepted("smtp-452", permanent=False)),
        ("recipient", 552, b"too many recipients", NotAccepted("smtp-552", permanent=False)),
        ("recipient", 550, b"5.1.1 no such user", NotAccepted("smtp-550", permanent=True)),
        ("recipient", 553, b"5.1.3 bad address", NotAccepted("smtp-553", permanent=True)),
        ("recipient", 554, b"5.7.1 relay access denied", Unwell("smtp-554")),
        ("recipient", 421, b"4.3.2 shutting down", Unwell("smtp-421")),
        ("recipient", 550, b"5.7.8 credentials", Unwell("smtp-550")),
        ("end", 452, b"disk full", NotAccepted("smtp-452", permanent=False)),
        ("end", 552, b"5.2.2 mailbox full", NotAccepted("smtp-552", permanent=True)),
        ("end", 554, b"5.7.1 spam", NotAccepted("smtp-554", permanent=True)),
        ("end", 421, b"", Unwell("smtp-421")),
        ("data", 451, b"", NotAccepted("smtp-451", permanent=False)),
        ("data", -1, b"", NotAccepted("smtp-unreadable", permanent=False)),
        *(("data", code, b"", Unwell(f"smtp-{code}")) for code in (432, 454, 530, 534, 535, 538)),
        ("sender", 550, b"5.7.1 not your sender", Unwell("smtp-550")),
        ("sender", 451, b"", Unwell("smtp-451")),
        ("sender", 552, b"5.3.4 too large", NotAccepted("smtp-552", permanent=True)),
        ("session", 554, b"no service here", Unwell("smtp-554")),
    ],
)
def test_a_refusal_is_about_the_message_or_about_us(place, code, text, outcome):
    assert replies.refused(code, text, place=place) == outcome
