"""From plan to receipt: the effect of each outcome. A message in doubt is never retried."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import message
from services.notify.domain.message import Message
from services.notify.domain.outcome import Accepted, NotAccepted, Unclear
from shared.refusal import Refused

NOON = datetime(2026, 5, 31, 4, tzinfo=UTC)
BUSY, REFUSED = NotAccepted("smtp-421", permanent=False), NotAccepted("smtp-550", permanent=True)
CALL = {"at": NOON, "real_at": NOON}


def a_message(state="trying", tries=1):
    return Message("key", uuid4(), "mail", state, tries, NOON, None)


def test_the_key_is_the_same_for_the_same_four_and_for_no_others():
    four = {"cause": UUID(int=1), "recipient": UUID(int=2), "template": "signed-cash", "channel": "mail"}
    others = [
        {**four, **other}
        for other in ({"cause": UUID(int=3)}, {"recipient": UUID(int=3)}, {"template": "void"}, {"channel": "sms"})
    ]

    # Pinned: with another key a replay would send everything once more.
    assert message.key(**four) == "34f4c010-328e-52b8-a602-b36b8eea5845"
    assert len({message.key(**item) for item in (four, *others)}) == 5


def test_an_accepted_message_is_sent_and_records_an_event():
    it = a_message()
    it.settle(Accepted("4F2A"), **CALL)

    assert (it.state, it.receipt, it.settled_at) == ("sent", "4F2A", NOON)
    assert [type(event).__name__ for event in it.recorded] == ["MessageSent"]


def test_a_message_certainly_not_accepted_is_retried_with_growing_delay_and_then_fails():
    it, pauses = a_message(tries=0), []
    while it.state != "failed":
        it.state, it.tries = "trying", it.tries + 1
        it.settle(BUSY, **CALL)
        if it.next_try_at:
            pauses.append(it.next_try_at - NOON)

    assert [pause.total_seconds() for pause in pauses] == [2, 10, 60, 600, 3600]
    assert it.tries == len(pauses) + 1
    assert [type(event).__name__ for event in it.recorded] == ["MessageFailed"]


def test_a_permanent_refusal_is_not_retried():
    it = a_message()
    it.settle(REFUSED, **CALL)

    assert (it.state, it.code, it.next_try_at) == ("failed", "smtp-550", None)


def test_a_message_with_a_lost_answer_is_unknown_until_it_is_resolved():
    it = a_message()
    it.settle(Unclear("answer-lost"), **CALL)
    assert (len(it.recorded), it.next_try_at) == (1, NOON + timedelta(minutes=2))
    it.settle(Unclear("answer-lost"), **CALL)

    assert it.state == "unknown"
    assert [type(event).__name__ for event in it.recorded] == ["MessageUnknown"]  # asked twice, recorded once
    it.settle(Accepted("late"), **CALL)
    assert it.state == "sent"


@pytest.mark.parametrize(
    ("outcome", "state"), [(Accepted("seen"), "sent"), (NotAccepted("not-arrived", permanent=True), "failed")]
)
def test_a_person_resolves_what_is_unknown(outcome, state):
    it = a_message("unknown")
    it.resolve(outcome, at=NOON)

    assert it.state == state


@pytest.mark.parametrize(
    ("tried_at", "since"), [(NOON - timedelta(seconds=9), NOON - timedelta(seconds=9)), (None, NOON)]
)
def test_an_unknown_message_is_asked_for_since_its_try(tried_at, since):
    it = a_message()
    it.tried_at = tried_at
    it.settle(Unclear("answer-lost"), **CALL)

    assert [event.asked_since for event in it.recorded] == [since]


def test_a_message_that_is_sent_once_more_begins_anew():
    it = a_message(tries=6)
    it.settle(BUSY, **CALL)
    it.holds_begun = 3
    it.retry(real_at=NOON)
    assert (it.state, it.next_try_at, it.settled_at, it.holds_begun) == ("waiting", NOON, None, 0)

    it.state, it.tries = "trying", it.tries + 1
    it.settle(BUSY, **CALL)
    assert it.next_try_at == NOON + timedelta(seconds=2)


@pytest.mark.parametrize("state", ["held", "waiting", "trying", "sent", "unknown", "withheld", "superseded"])
def test_only_a_failed_message_is_sent_once_more(state):
    with pytest.raises(Refused, match=r"^message-not-failed$"):
        a_message(state).retry(real_at=NOON)


@pytest.mark.parametrize("state", ["held", "waiting", "trying", "sent", "failed", "withheld", "superseded"])
def test_only_an_unknown_message_is_resolved(state):
    with pytest.raises(Refused, match=r"^message-not-unknown$"):
        a_message(state).resolve(Accepted("seen"), at=NOON)


@pytest.mark.parametrize("state", ["held", "waiting", "sent", "failed", "withheld", "superseded"])
def test_an_outcome_without_an_attempt_is_refused(state):
    with pytest.raises(Refused, match=r"^message-not-under-way$"):
        a_message(state).settle(Accepted("?"), **CALL)


@given(st.lists(st.sampled_from([Accepted("r"), BUSY, REFUSED, Unclear("answer-lost")]), max_size=30))
def test_a_gateway_that_may_have_accepted_a_message_is_never_called_again(outcomes):
    it, may_have_it = a_message("waiting", tries=0), False
    for outcome in outcomes:
        if it.state == "waiting":  # the dispatcher's turn
            assert not may_have_it
            it.state, it.tries = "trying", it.tries + 1
        if it.state in ("trying", "unknown"):
            it.settle(outcome, **CALL)
            may_have_it = isinstance(outcome, Accepted | Unclear)
