"""Do the headers carry source, type and sequence, and is a record without them refused?"""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import envelope
from shared.events.envelope import Unreadable

UNIT = "019ac2d4-0000-7000-8000-000000000002"
TOPIC = "clearwater.440303.signing-case"
TYPE = "clearwater.signing.case.opened.v1"
TIME = "2026-05-31T01:00:00Z"


class Sent(NamedTuple):
    event_id: UUID
    topic: str
    key: str
    sequence: int
    type: str
    headers: Mapping[str, str]


def a_message(sequence: int = 1, **headers: str) -> Sent:
    return Sent(UUID(int=5), TOPIC, UNIT, sequence, TYPE, {"time": TIME, "epoch": "1", **headers})


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**31 - 1), st.sampled_from(["", "abc"]))
def test_an_encoded_event_decodes_to_itself(sequence: int, epoch: int, trace: str) -> None:
    message = a_message(sequence, epoch=str(epoch), **({"correlationid": trace} if trace else {}))

    assert tuple(envelope.decode(TOPIC, UNIT.encode(), envelope.encode(message))) == tuple(message)


def test_the_headers_are_those_of_cloudevents_in_binary_mode() -> None:
    headers = dict(envelope.encode(a_message(42)))

    assert headers["content-type"] == b"application/json"
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_source"] == b"/440303/signing"
    assert headers["ce_subject"] == headers["ce_partitionkey"] == UNIT.encode()
    assert headers["ce_sequence"] == b"00000000000000000042"
    assert headers["ce_dataschema"] == f"urn:clearwater:schema:{TYPE}".encode()


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("ce_id", None, "no-header: ce_id"),
        ("ce_sequence", None, "no-header: ce_sequence"),
        ("ce_id", b"7", "bad-header: ce_id"),
        ("ce_id", b"\xff", "bad-header: ce_id"),
        ("ce_specversion", b"0.3", "bad-header: ce_specversion"),
        ("ce_sequence", b"-1", "bad-header: ce_sequence"),
        ("ce_sequence", b"0", "bad-header: ce_sequence"),
        ("ce_sequence", "\uff11".encode(), "bad-header: ce_sequence"),
        ("ce_sequence", b"9" * 5000, "bad-header: ce_sequence"),
        ("ce_sequence", str(2**63).encode(), "bad-header: ce_sequence"),
        ("ce_epoch", b"one", "bad-header: ce_epoch"),
        ("ce_epoch", b"9" * 5000, "bad-header: ce_epoch"),
        ("ce_epoch", str(2**31).encode(), "bad-header: ce_epoch"),
        ("ce_time", b"0001-01-01T00:00:00+23:59", "bad-header: ce_time"),
        ("ce_time", b"yesterday", "bad-header: ce_time"),
        ("ce_time", b"2026-05-31T01:00:00", "bad-header: ce_time"),
        ("ce_type", b"clearwater.signing.case.opened.v2", "unknown-type: ce_type"),
        ("ce_type", b"clearwater.registry.unit.registered.v1", "wrong-topic"),
        ("ce_source", b"/440305/signing", "wrong-topic"),
        ("ce_partitionkey", b"another", "wrong-key: ce_partitionkey"),
    ],
)
def test_a_record_that_cannot_be_read_says_why(header: str, value: bytes | None, reason: str) -> None:
    headers: dict[str, bytes] = dict(envelope.encode(a_message()))
    headers.pop(header)
    if value is not None:
        headers[header] = value

    with pytest.raises(Unreadable) as refusal:
        envelope.decode(TOPIC, UNIT.encode(), headers.items())
    assert refusal.value.reason == reason


def test_a_record_without_a_key_or_on_a_foreign_topic_is_unreadable() -> None:
    headers = envelope.encode(a_message())
    for topic, key in ((TOPIC, None), (TOPIC, b""), (TOPIC, b"\xff"), ("clearwater.440303.other", UNIT.encode())):
        with pytest.raises(Unreadable):
            envelope.decode(topic, key, headers)


@given(st.lists(st.tuples(st.text(), st.none() | st.binary())), st.none() | st.binary(), st.text())
def test_random_bytes_are_unreadable_and_raise_nothing_else(
    headers: list[tuple[str, bytes | None]], key: bytes | None, topic: str
) -> None:
    with pytest.raises(Unreadable):
        envelope.decode(topic, key, headers)


def test_an_emitter_must_state_time_and_epoch() -> None:
    with pytest.raises(ValueError, match="time and epoch"):
        envelope.encode(a_message(epoch=""))
