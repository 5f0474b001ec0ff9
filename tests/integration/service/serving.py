"""Run by test_processes: a served application.  serving.py PORT [streams]"""

import os
import sys

from shared.service import serve

if sys.argv[2:] == ["streams"]:
    serve.cooperative()

from flask import Flask

from shared.service import health
from shared.telemetry import log, metrics, spans, tracing


def traced() -> str:
    with tracing.request(correlation_id="", traceparent="", name="/traced", method="GET") as trace:
        return trace.trace_id


def create() -> Flask:
    app = Flask("kit")
    spans.start("kit", "api", endpoint=os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))
    app.add_url_rule("/traced", view_func=traced)
    for path, answer in health.routes(lambda: None).items():
        app.add_url_rule(path, view_func=answer, endpoint=path)
    metrics.REPLAYED.labels(route="/x").inc()
    return app


log.configure(service="kit", role="api")
serve.serve(create, bind="127.0.0.1", port=int(sys.argv[1]), streams=10 if sys.argv[2:] else 0)
