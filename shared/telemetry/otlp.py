"""OpenTelemetry's SDK: the only module that knows it. Batches of spans go to the collector by OTLP over HTTP, from a thread of their own.

What the SDK reads from the standard variables holds here too: OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_*.
"""

from collections.abc import Sequence
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.telemetry import log
from shared.telemetry.spans import Beginning, Kind, Value

_KINDS: Final[dict[Kind, trace.SpanKind]] = {
    "server": trace.SpanKind.SERVER,
    "producer": trace.SpanKind.PRODUCER,
    "consumer": trace.SpanKind.CONSUMER,
}
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_log = log.get(__name__)


class _Exporter(OTLPSpanExporter):
    """One line when the collector stops to take spans, and one when it takes them again."""

    _taken = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        taken = result is SpanExportResult.SUCCESS
        if self._taken and not taken:
            _log.warning("spans not taken")
        elif taken and not self._taken:
            _log.info("spans taken again")
        self._taken = taken
        return result


class Recorder:
    def __init__(self, process: str, endpoint: str) -> None:
        resource = Resource.create({"service.namespace": "clearwater", "service.name": process})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(_Exporter(endpoint=endpoint.rstrip("/") + "/v1/traces"), schedule_delay_millis=1_000)
        )
        self._tracer = self._provider.get_tracer("clearwater")

    def begin(self, beginning: Beginning) -> "Recorded":
        span = self._tracer.start_span(
            beginning.name,
            _context(beginning.parent),
            _KINDS[beginning.kind],
            dict(beginning.facts),
            start_time=beginning.at,
            record_exception=False,  # its text may quote a row
            set_status_on_exception=False,
        )
        return Recorded(span)

    def close(self) -> None:
        self._provider.shutdown()


class Recorded:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        its = self._span.get_span_context()
        return f"00-{its.trace_id:032x}-{its.span_id:016x}-{its.trace_flags & 1:02x}"

    def note(self, **facts: Value) -> None:
        self._span.set_attributes(facts)

    def fail(self, failure: str) -> None:
        self._span.set_status(trace.StatusCode.ERROR)
        self._span.set_attribute("error.type", failure)

    def end(self) -> None:
        self._span.end()


def _context(parent: str) -> Context:
    return _PROPAGATOR.extract({"traceparent": parent}, Context()) if parent else Context()
