"""Puts a service's application together, so that all four answer, refuse, log and count alike.

Left to others: the routes themselves (each service's api/ and web/), serving (serve.py) and the loops (lifecycle.py).
"""

import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from sqlalchemy import Engine

from shared.refusal import Refused
from shared.service import edge, front, health, identity, openapi, problems, row_security
from shared.service.clock import Clock
from shared.service.context import Context, Settings
from shared.service.examples import Vocabulary
from shared.service.health import Ready
from shared.service.limits import Limits
from shared.service.migrations import Migrations
from shared.service.openapi import openapi as api_description
from shared.service.provider import Provider
from shared.telemetry import log, metrics, spans, tracing
from shared.web.shell import Person, shell

_HEALTH = "health"
_STATIC = ".static"  # the view of a blueprint's files, the only answers that a browser may keep
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_log = log.get(__name__)


def create(  # noqa: PLR0913 - each is a decision of the service's wiring
    name: str,
    *,
    engine: Engine,
    clock: Clock,
    settings: Settings,
    blueprints: Sequence[Blueprint],
    migrations: Migrations,
    problem_files: Sequence[Path] = (),
    resources: Any = None,  # noqa: ANN401 - typed by the service that puts it in
    limits: Limits | None = None,
    largest_body: int = 1_048_576,
    role: str = "api",
    ready: Ready = lambda: None,
) -> Flask:
    """`ready` names what else must be there. Raises row_security.Unprotected when row-level security does not hold, LookupError when a
    problem code is in no catalogue, ValueError when a setting is missing that identities need.
    """
    _complete(settings)
    spans.start(name, role, endpoint=settings.otel_exporter_otlp_endpoint)
    row_security.self_test(engine)
    app = Flask(name, static_folder=None)
    app.request_class = edge.Incoming
    app.config.update(MAX_CONTENT_LENGTH=largest_body, MAX_FORM_MEMORY_SIZE=largest_body, TEMPLATES_AUTO_RELOAD=False)
    catalogue = problems.Catalogue(*problem_files)
    app.extensions["clearwater"] = Context(
        name,
        engine,
        clock,
        settings,
        Provider(settings.issuer_url, internal_url=settings.issuer_internal_url),
        catalogue,
        limits or Limits(),
        Vocabulary(migrations.folder.with_name("examples.toml")),
        resources,
    )
    _around_requests(app)
    front.stand_behind(app, public_url=settings.public_url, secret=settings.front_door_secret)
    _answer_headers(app)
    problems.handle(app, catalogue)
    for path, answer in health.routes(health.ready(engine, migrations, ready)).items():
        app.add_url_rule(path, endpoint=f"{_HEALTH}{path}", view_func=answer)
    for blueprint in (api_description, shell(_person), *blueprints):
        app.register_blueprint(blueprint)
    openapi.check(app)
    for route in app.url_map.iter_rules():
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}:
            metrics.ERRORS.labels(str(route), method)  # exists from now on, at 0
    return app


def _complete(settings: Settings) -> None:
    needed = {
        "ISSUER_URL": settings.issuer_url,
        "PUBLIC_URL": settings.public_url,
        "SESSION_SECRET": settings.session_secret,
    }
    if missing := [name for name, value in needed.items() if not value]:
        raise ValueError(f"not set: {', '.join(missing)}")


def _person() -> Person | None:
    try:
        subject = identity.current()
    except Refused:
        return None
    if subject.roles and subject.roles.isdisjoint((*identity.ROLES, identity.AGENCY)):
        return None  # a display is nobody
    return Person(subject.name, tuple(sorted(subject.roles)), subject.granted, subject.seconds_left)


def _around_requests(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        g.trace = tracing.request(
            correlation_id=request.headers.get("Correlation-Id", ""),
            traceparent=request.headers.get("traceparent", ""),
            name=_traced_route(),
            method=request.method,
        )
        g.trace.__enter__()
        edge.check_request()

    @app.after_request
    def count(answer: Response) -> Response:
        route, seconds = str(request.url_rule or "unknown"), time.perf_counter() - g.get("began", time.perf_counter())
        metrics.REQUEST_SECONDS.labels(route=route, method=request.method, status=answer.status_code).observe(seconds)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and request.endpoint != f"{_HEALTH}/ready":
            metrics.ERRORS.labels(route, request.method).inc()
        answer.headers["Correlation-Id"] = tracing.correlation_id()
        if (trace := tracing.current()) and trace.span:
            trace.span.note(**{"http.response.status_code": answer.status_code})
            if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                trace.span.fail(str(answer.status_code))
        if not (request.endpoint or "").startswith(_HEALTH):
            subject = g.subject.subject if "subject" in g else None
            milliseconds = round(seconds * 1000, 1)
            _log.info(
                "request",
                route=route,
                method=request.method,
                status=answer.status_code,
                milliseconds=milliseconds,
                subject=subject,
            )
        return answer

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        if trace := g.pop("trace", None):
            trace.__exit__(None, None, None)


def _traced_route() -> str:
    """Nothing for what a probe or a page's own files ask for: no collector needs them."""
    if request.url_rule is None or (request.endpoint or "").startswith(_HEALTH) or request.path.startswith("/static/"):
        return ""
    return str(request.url_rule)


def _answer_headers(app: Flask) -> None:
    @app.after_request
    def secure(answer: Response) -> Response:
        answer.headers.setdefault("Content-Security-Policy", _POLICY)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "same-origin"
        if not (request.endpoint or "").endswith(_STATIC):
            answer.headers["Cache-Control"] = "no-store"  # not by default: send_file and others set a weaker one
        return answer
