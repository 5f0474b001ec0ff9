"""A collector of traces on a real socket: takes OTLP over HTTP and decodes it with OpenTelemetry's own protobuf types."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask, Response, request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.support.serving import served


@dataclass(frozen=True)
class Seen:
    """One span that arrived, with the process that sent it. `facts` are its attributes."""

    process: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    facts: dict[str, str | int]
    seconds: float


@dataclass
class Collector:
    """`ready` cleared: it takes the connection and does not answer."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)
    status: int = 200

    def take(self) -> Response:
        body = request.get_data()
        self.ready.wait(60)
        if self.status != 200:
            return Response(status=self.status)
        self.raw.append(body)
        self.seen.extend(_spans(ExportTraceServiceRequest.FromString(body)))
        answer = ExportTraceServiceResponse().SerializeToString()
        return Response(answer, content_type="application/x-protobuf")

    def of(self, trace_id: str) -> list[Seen]:
        return [span for span in self.seen if span.trace_id == trace_id]


@contextmanager
def collecting() -> Iterator[Collector]:
    collector, app = Collector(), Flask("collector")
    collector.ready.set()
    app.add_url_rule("/v1/traces", view_func=collector.take, methods=["POST"])
    with served(app) as collector.url:
        try:
            yield collector
        finally:
            collector.ready.set()


def _spans(sent: ExportTraceServiceRequest) -> Iterator[Seen]:
    for resource in sent.resource_spans:
        process = _facts(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Seen(
                    process=str(process),
                    name=span.name,
                    kind=span.kind,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    failed=span.status.code == 2,
                    facts=_facts(span.attributes),
                    seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                )


def _facts(attributes) -> dict[str, str | int]:
    return {attribute.key: getattr(attribute.value, attribute.value.WhichOneof("value")) for attribute in attributes}
