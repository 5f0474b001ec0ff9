"""Do the official CloudEvents SDKs for Python and JavaScript read what we write, on Kafka and as JSON?"""

import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cloudevents.core.bindings import http, kafka
from cloudevents.core.bindings.http import HTTPMessage
from cloudevents.core.bindings.kafka import KafkaMessage

from deploy.local import assets
from deploy.local.place import ROOT
from shared.events import envelope, examples, generate, structured

EXAMPLES = [path for path in sorted(examples.FOLDER.glob("*.json")) if path.name != examples.MANIFEST]


def decoded(example: dict[str, Any]) -> tuple[envelope.Envelope, bytes | None]:
    headers = [(name, value.encode()) for name, value in example["headers"].items()]
    payload = None if example["payload"] is None else json.dumps(example["payload"], ensure_ascii=False).encode()
    return envelope.decode(example["topic"], example["key"].encode(), headers), payload


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_sdk_reads_the_record_on_kafka(path: Path) -> None:
    message, payload = decoded(examples.load(path))

    event = kafka.from_binary_event(
        KafkaMessage(dict(envelope.encode(message)), key=message.key.encode(), value=payload or b"")
    )

    assert_equal(event, message)
    assert event.get_data() == examples.load(path)["payload"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_sdk_reads_the_same_event_over_http(path: Path) -> None:
    message, payload = decoded(examples.load(path))
    body = structured.encode(structured.document(message, payload, {"lognumber": "7"}))

    event = http.from_structured_event(HTTPMessage({"content-type": structured.CONTENT_TYPE}, body))

    assert_equal(event, message)
    assert event.get_extension("lognumber") == "7"
    assert event.get_data() == examples.load(path)["payload"]


def test_the_sdk_for_javascript_reads_every_record_on_kafka_but_tombstones() -> None:
    """A tombstone has no value, and this SDK takes no record without one: readers take tombstones as EVENTS.md says."""
    written = [decoded(examples.load(path)) for path in EXAMPLES]
    valued = [(message, payload) for message, payload in written if payload is not None]
    records = [
        {
            "key": message.key,
            "value": payload.decode(),
            "headers": {name: value.decode() for name, value in envelope.encode(message)},
        }
        for message, payload in valued
    ]

    program = [assets.node(), Path(__file__).with_name("read_on_kafka.cjs")]
    outcome = subprocess.run(program, cwd=ROOT, input=json.dumps(records), capture_output=True, text=True, check=False)

    assert outcome.returncode == 0, outcome.stderr
    events = json.loads(outcome.stdout)
    assert len(events) == len(valued) >= len(EXAMPLES) - 1
    for event, (message, payload) in zip(events, valued, strict=True):
        expected = {
            **envelope.attributes_of(message),
            "id": str(message.event_id),
            "type": message.type,
            "subject": message.key,
        }
        happened_at = expected.pop("time")
        assert {name: event[name] for name in expected} == expected
        assert abs(datetime.fromisoformat(event["time"]) - datetime.fromisoformat(happened_at)) < timedelta(
            milliseconds=1
        )
        assert event["data"] == json.loads(payload)


def assert_equal(event: Any, message: envelope.Envelope) -> None:
    assert event.get_id() == str(message.event_id)
    assert event.get_type() == message.type
    assert event.get_source() == envelope.attributes_of(message)["source"]
    assert event.get_subject() == message.key
    assert event.get_time() == datetime.fromisoformat(message.headers["time"])
    assert event.get_extension("sequence") == f"{message.sequence:020}"
    assert event.get_dataschema() in IDS


IDS = {json.loads(path.read_text(encoding="utf-8"))["$id"] for path in (generate.FOLDER / "schemas").glob("*.json")}


def test_the_name_of_a_schema_is_an_absolute_uri() -> None:
    assert {urlsplit(name).scheme for name in IDS} == {"urn"}
