"""/live: the process runs. /ready: its database answers and is migrated. /metrics: its numbers, of all its workers
together.
"""

import os
from collections.abc import Callable

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.service.migrations import Migrations
from shared.telemetry import facts

Ready = Callable[[], str | None]


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


def blueprint(is_ready: Ready, is_live: Callable[[], bool] = lambda: True) -> Blueprint:
    health = Blueprint("health", __name__)

    @health.get("/live")
    def live() -> Response:
        return Response("live", content_type="text/plain") if is_live() else Response(status=503)

    @health.get("/ready")
    def ready_now() -> Response:
        missing = is_ready()
        return Response(missing or "ready", 503 if missing else 200, content_type="text/plain")

    @health.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(_registry()) + generate_latest(facts.OWN), content_type=CONTENT_TYPE_LATEST)

    return health


def _registry() -> CollectorRegistry:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # prometheus-client leaves it untyped
    return together
