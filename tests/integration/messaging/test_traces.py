"""Is one act one trace: request, relay, consumer and what the consumer does about it? Real SQL, a real collector, the broker in memory."""

from collections.abc import Iterator
from types import SimpleNamespace
from uuid import uuid4

import pytest

from shared.messaging.consumer import Rejected
from shared.messaging.reactions import Batch, on, table
from shared.messaging.relay import Relay
from shared.service import database
from shared.service.database import Transaction
from shared.telemetry import spans, tracing
from tests.support import kit
from tests.support.collector import Collector, Seen, collecting
from tests.support.consuming import parked
from tests.support.eventually import eventually

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SERVER, PRODUCER, CONSUMER = 2, 4, 5


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        spans.start("kit", "test", endpoint=collector.url)
        yield collector
        spans.stop()


def reply(tx: Transaction, batch: Batch[kit.Happened]) -> None:
    for happened in batch.one_by_one():
        tx.record(kit.Passed(unit_id=happened.event.unit_id))
        if happened.event.poison:
            raise Rejected("poison")


def act(bench: SimpleNamespace, traceparent: str = "", **content: object) -> str:
    """What a request does: it opens a trace and writes one event. Returns the trace id."""
    with tracing.request(correlation_id="", traceparent=traceparent, name="/api/v1/notes", method="POST") as trace:
        kit.happen(bench.engines.app, bench.district, [uuid4()], **content)
    return trace.trace_id


def carry(bench: SimpleNamespace) -> None:
    """All that is unsent goes to the broker and through a consumer, which replies; the reply is sent too."""
    relay, consumer = Relay(bench.engines.mechanism, bench.producer), bench.consumer(table(on(kit.Happened, reply)))
    for _ in range(2):
        while relay.run_once():
            consumer.run_once()


def of_name(found: list[Seen], *parts: str) -> Seen:
    (span,) = [span for span in found if all(part in span.name for part in parts)]
    return span


def test_an_act_is_one_trace_over_the_bus_and_back(bench, collector):
    trace_id = act(bench, PARENT)
    carry(bench)

    found = eventually(lambda: (it := collector.of(trace_id)) and len(it) >= 4 and it)
    request, sent = of_name(found, "POST /api/v1/notes"), of_name(found, "send", "happened")
    processed, answered = of_name(found, "process", "happened"), of_name(found, "send", "passed")
    assert trace_id == PARENT.split("-")[1]
    assert [request.kind, sent.kind, processed.kind, answered.kind] == [SERVER, PRODUCER, CONSUMER, PRODUCER]
    assert [request.parent_id, sent.parent_id, processed.parent_id, answered.parent_id] == [
        PARENT.split("-")[2], request.span_id, request.span_id, processed.span_id,
    ]  # fmt: skip
    assert request.facts == {"http.request.method": "POST", "http.route": "/api/v1/notes"}
    assert {span.process for span in found} == {"kit-test"}


def test_each_event_of_a_batch_stays_in_its_own_trace(bench, collector):
    traces = [act(bench) for _ in range(20)]
    carry(bench)

    eventually(lambda: len([span for span in collector.seen if span.trace_id in traces]) >= 80)
    assert len(set(traces)) == 20
    for trace_id in traces:
        names = sorted(span.name for span in collector.of(trace_id))
        assert [name.split(".")[0] for name in names] == [
            "POST /api/v1/notes",
            *["process clearwater"],
            *["send clearwater"] * 2,
        ]


def test_a_rejected_event_has_a_failed_span_without_the_reason(bench, collector):
    good, bad = act(bench), act(bench, poison=True)
    carry(bench)

    eventually(lambda: any(span.failed for span in collector.of(bad)))
    processed = [span for span in collector.of(bad) if span.name.startswith("process")]
    assert parked(bench) == [(1, "poison")]
    assert all(span.failed and span.facts["error.type"] == "Rejected" for span in processed)
    assert [span.failed for span in collector.of(good) if span.name.startswith("process")][-1] is False
    assert not any(b"poison" in body for body in collector.raw)


def test_without_a_collector_the_ids_are_there_and_nothing_is_sent(bench):
    with collecting() as collector:
        trace_id = act(bench, PARENT)
        carry(bench)
        assert not spans.on()

    headers = [row[0] for row in bench.rows_of("select headers from events order by id")]
    assert {it["traceparent"].split("-")[1] for it in headers} == {trace_id}
    assert len({it["traceparent"].split("-")[2] for it in headers}) == 2
    assert collector.seen == []


@pytest.mark.parametrize("status", [0, 503])
def test_a_collector_that_hangs_or_refuses_stops_nothing(bench, collector, status):
    collector.status = status or 200
    if not status:
        collector.ready.clear()
    for _ in range(3):
        act(bench)
    carry(bench)

    assert len(bench.rows_of("select 1 from events where type like '%passed%'")) == 3
    with database.begin(bench.engines.app, district=bench.district) as tx:
        assert tx.connection.exec_driver_sql("select count(*) from unsent").scalar_one() == 0
