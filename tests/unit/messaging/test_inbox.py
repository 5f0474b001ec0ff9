"""How is a message judged against the watermark of its key?"""

from uuid import uuid4

import pytest

from shared.messaging import inbox
from shared.messaging.inbox import Watermark
from shared.messaging.ports import Message

CASES, KEYS = "clearwater.440303.signing-case", "clearwater.440303.registry-key"
LAST = uuid4()


def a_message(epoch: int, sequence: int, *, topic: str = CASES, event_id=None) -> Message:
    return Message(event_id or uuid4(), topic, "k", sequence, "t", b"{}", {"epoch": str(epoch)})


def at(epoch: int, sequence: int, *, parked: bool = False) -> Watermark:
    return Watermark(epoch, sequence, LAST, parked)


@pytest.mark.parametrize(
    ("mark", "message", "verdict"),
    [
        (Watermark(0, 0, None, parked=False), (1, 1), "next"),
        (at(1, 5), (1, 6), "next"),
        (at(1, 5), (1, 4), "repeat"),
        (at(1, 5), (1, 7), "gap"),
        (at(1, 5, parked=True), (1, 6), "behind"),
        (at(1, 5, parked=True), (1, 5 - 1), "repeat"),
        (at(1, 5), (2, 6), "next"),
        (at(1, 5), (2, 7), "gap"),
        (at(1, 5), (2, 5), "epoch"),
        (at(1, 5, parked=True), (2, 3), "epoch"),
        (at(1, 5, parked=True), (2, 6), "behind"),
        (at(2, 5), (1, 5), "repeat"),
        (at(2, 5), (1, 6), "epoch"),
    ],
)
def test_a_message_is_judged_by_its_number_and_epoch(mark, message, verdict):
    assert inbox.judge(mark, a_message(*message)) == verdict


@pytest.mark.parametrize(
    ("mark", "message", "verdict"),
    [
        (at(1, 5), (1, 9), "next"),
        (at(1, 5), (1, 5), "repeat"),
        (at(1, 5), (1, 4), "repeat"),
        (at(1, 5), (2, 1), "next"),
        (at(2, 1), (1, 5), "repeat"),
        (at(1, 5, parked=True), (1, 6), "next"),
    ],
)
def test_latest_only_refuses_to_go_backwards(mark, message, verdict):
    assert inbox.judge(mark, a_message(*message, topic=KEYS)) == verdict


def test_the_same_number_in_the_same_epoch_must_be_the_same_event():
    assert inbox.judge(at(1, 5), a_message(1, 5, event_id=LAST)) == "repeat"
    assert inbox.judge(at(1, 5), a_message(1, 5)) == "diverged"
    assert inbox.judge(at(1, 5, parked=True), a_message(1, 5)) == "diverged"
