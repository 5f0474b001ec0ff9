"""/live: the process runs. /ready: its database answers and is migrated. /metrics: its numbers, of all its workers
together. /ready says in BEGAN since when the process runs: who asks twice sees that it was started anew in between.
"""

import os
import time
from collections.abc import Callable, Mapping
from wsgiref.types import WSGIApplication

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Request, Response

from shared.service.migrations import Migrations
from shared.telemetry import facts

BEGAN = "Clearwater-Began"  # Unix time
Ready = Callable[[], str | None]
Answer = Callable[[], Response]


def ready(engine: Engine, migrations: Migrations, *more: Ready) -> Ready:
    """Names what is missing, None = nothing. Also for lifecycle.run. `more` is checked when the schema is one that this code
    works with.
    """

    def missing() -> str | None:
        try:
            with engine.connect() as connection:
                behind = migrations.missing(connection)
        except SQLAlchemyError as failure:
            return f"database: {type(failure).__name__}"
        return behind or next(filter(None, (check() for check in more)), None)

    return missing


def routes(is_ready: Ready, is_live: Callable[[], bool] = lambda: True) -> Mapping[str, Answer]:
    """The three paths and their answers, for an application (factory.py) and for a process of loops (lifecycle.py)."""
    began = {BEGAN: f"{time.time():.3f}"}

    def live() -> Response:
        return _text("live") if is_live() else Response(status=503)

    def ready_now() -> Response:
        missing = is_ready()
        return _text(missing or "ready", 503 if missing else 200, began)

    def metrics() -> Response:
        return Response(generate_latest(_registry()) + generate_latest(facts.OWN), content_type=CONTENT_TYPE_LATEST)

    return {"/live": live, "/ready": ready_now, "/metrics": metrics}


def application(answers: Mapping[str, Answer]) -> WSGIApplication:
    """Serves them without a framework, which would take a process of loops a tenth of its memory."""

    @Request.application
    def answer(request: Request) -> Response:
        found = answers.get(request.path)
        if not found:
            return Response(status=404)
        return found() if request.method in ("GET", "HEAD") else Response(status=405, headers={"Allow": "GET, HEAD"})

    return answer


def _text(words: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(words, status, headers, content_type="text/plain")


def _registry() -> CollectorRegistry:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # prometheus-client leaves it untyped
    return together
