"""Do log lines and events carry their cause, and no personal data?"""

import subprocess
import sys

import pytest

from deploy.local.place import ROOT
from shared.service.limits import Limits
from shared.telemetry import log, tracing

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_request_gives_its_ids_to_the_events_it_causes() -> None:
    with tracing.request(correlation_id="call-7", traceparent=PARENT):
        headers = tracing.headers()

    assert headers["correlationid"] == "call-7"
    assert headers["traceparent"].split("-")[1] == PARENT.split("-")[1]
    assert headers["traceparent"] != PARENT
    assert "causationid" not in headers
    assert tracing.headers() == {}


def test_trace_headers_are_accepted_only_when_well_formed() -> None:
    with tracing.request(correlation_id='x"\n{}', traceparent="nonsense") as trace:
        assert "\n" not in trace.correlation_id
        assert len(trace.traceparent) == len(PARENT)


def test_an_event_is_the_cause_of_the_events_it_triggers() -> None:
    with tracing.following(event_id="e-1", received={"correlationid": "call-7", "traceparent": PARENT}):
        assert tracing.headers()["causationid"] == "e-1"
        assert log.traced(None, "info", {"event": "x"})["correlation_id"] == "call-7"


def test_numbers_of_persons_and_quoted_rows_are_masked() -> None:
    error = 'duplicate key value violates "x"\nDETAIL:  Key (name)=(陈大文) already exists.\n[SQL: insert]'
    line = log.masked(
        None,
        "error",
        {"event": "call 13800138000 of 11010519491231002X", "exception": error, "deep": {"a": ["13800138000"]}},
    )

    assert line["event"] == "call *** of ***"
    assert "陈大文" not in str(line)
    assert line["deep"] == {"a": ["***"]}


def test_ids_and_instants_are_not_masked() -> None:
    kept = "01938c2e-1380-7138-8001-380013800138 at 2026-05-31T01:00:00.123456Z"

    assert log.masked(None, "info", {"event": kept})["event"] == kept


def test_a_bucket_empties_and_each_subject_has_its_own() -> None:
    limits = Limits(per_second=0.001, burst=2)

    assert [limits.wait_seconds("a") > 0 for _ in range(3)] == [False, False, True]
    assert limits.wait_seconds("b") == 0


def test_the_correlation_id_is_the_trace_id_unless_the_caller_brings_one() -> None:
    with tracing.request(correlation_id="", traceparent=PARENT) as trace:
        assert trace.correlation_id == trace.trace_id == PARENT.split("-")[1]
        assert log.traced(None, "info", {})["trace_id"] == trace.trace_id
    with tracing.request(correlation_id="call-7", traceparent=PARENT) as trace:
        assert (trace.correlation_id, trace.trace_id) == ("call-7", PARENT.split("-")[1])


@pytest.mark.parametrize(
    "hostile",
    ["", "x" * 5000, PARENT * 100, "\0", PARENT[:-1] + "\0", PARENT + "\n", PARENT.upper(), f"00-{'0' * 32}-{'1' * 16}-01",
     f"00-{'1' * 32}-{'0' * 16}-01", f"ff{PARENT[2:]}", PARENT.replace("4", "４")],
)  # fmt: skip
def test_a_traceparent_that_is_none_begins_a_new_trace(hostile: str) -> None:
    with tracing.request(correlation_id="", traceparent=hostile) as first:
        asked = first.traceparent
    with tracing.following(
        event_id="e-1", received={"correlationid": f"{hostile}\n", "traceparent": hostile}
    ) as second:
        came = second.traceparent

    assert all(tracing.well_formed(item) == item != "" for item in (asked, came))
    assert first.trace_id != second.trace_id
    assert second.correlation_id == "e-1"


def test_a_caller_who_does_not_want_to_be_recorded_is_not() -> None:
    with tracing.request(correlation_id="", traceparent=PARENT[:-2] + "00") as trace:
        assert trace.traceparent.endswith("-00")


def test_without_a_collector_there_is_no_span_no_thread_and_no_sdk() -> None:
    code = """
import sys, threading
from shared.messaging import roles
from shared.service import factory
from shared.telemetry import spans, tracing
spans.start("kit", "test", endpoint="")
with tracing.request(correlation_id="", traceparent="", name="/x", method="GET") as trace:
    assert trace.span is None
spans.stop()
print(sorted(name for name in sys.modules if name.startswith("opentelemetry")), threading.active_count())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[] 1\n"
