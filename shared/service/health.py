"""/live: the process turns. /ready: its database answers and is migrated. /metrics: its numbers, of all its workers
together.
"""

import os
from collections.abc import Callable
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

Ready = Callable[[], str | None]
_HEAD = text("select version_num from alembic_version")


def ready(engine: Engine, migrations: Path, *more: Ready) -> Ready:
    """Names what is missing, None = nothing. Also for lifecycle.run. `migrations` is the service's folder of that
    name; `more` is asked when the database has all.
    """
    head = ScriptDirectory(str(migrations)).get_current_head()

    def missing() -> str | None:
        try:
            with engine.connect() as connection:
                at = connection.execute(_HEAD).scalar_one_or_none()
        except SQLAlchemyError as failure:
            return f"database: {type(failure).__name__}"
        if at != head:
            return f"migrations are at {at}, not at {head}"
        return next(filter(None, (each() for each in more)), None)

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
        return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)

    return health


def _registry() -> CollectorRegistry:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # prometheus-client leaves it untyped
    return together
