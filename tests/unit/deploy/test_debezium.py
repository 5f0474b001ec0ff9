"""Does the connector place exactly the headers that the relay writes? tests/integration/messaging/test_debezium.py compares the records."""

import re
from uuid import uuid4

import pytest

from deploy import declaration
from deploy.debezium import __main__ as writing
from deploy.debezium import connectors
from shared.events import envelope
from shared.messaging.ports import Message

_REQUIRED = {"time": "2026-11-28T01:00:00+00:00", "epoch": "1"}
_LED_BY = {"correlationid": "c", "causationid": "d", "traceparent": "e"}


def headers(**given: str) -> list[str]:
    topic, event_type = "clearwater.440303.signing-case", "clearwater.signing.agreement.signed.v1"
    message = Message(uuid4(), topic, "k", 1, event_type, b"{}", {**_REQUIRED, **given})
    return sorted(name for name, _ in envelope.encode(message))


@pytest.mark.parametrize("service", declaration.publishing())
def test_the_connector_places_the_headers_of_the_envelope_and_drops_those_that_an_event_may_lack(service):
    settings = connectors.connector(service)["config"]
    placed = settings["transforms.outbox.table.fields.additional.placement"].split(",")
    dropped = [settings[f"transforms.{name}.headers"] for name in settings["transforms"].split(",")[2:-1]]

    assert sorted(item.split(":")[2] for item in placed) == headers(**_LED_BY)
    assert sorted(dropped) == sorted(set(headers(**_LED_BY)) - set(headers()))


def test_no_secret_and_no_address_stands_in_what_is_written():
    for file, content in writing.files().items():
        lines = re.findall(r"^.*(?:password|jaas|hostname|bootstrap).*$", content, re.MULTILINE)
        assert lines, file
        assert [line for line in lines if "${env:" not in line] == [], file


def test_the_files_of_debezium_are_up_to_date():
    assert writing.main(["--check"]) == 0
