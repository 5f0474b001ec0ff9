"""The composition root: settings → engines, broker, clock → each role's application or loops."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import uuid4

from flask import Flask
from sqlalchemy import Engine

from services.reporting.api.exchange import exchange as exchange_api
from services.reporting.api.live import Hub
from services.reporting.api.standings import api
from services.reporting.api.stream import stream
from services.reporting.config import Settings
from services.reporting.projections import exchange
from services.reporting.projections.pulse import Pulsed
from services.reporting.projections.reactions import CONSUMER, TOPICS, reactions
from services.reporting.store import feed
from services.reporting.web.pages import pages
from services.reporting.workers import rebuild
from shared.events import topics
from shared.messaging import retention
from shared.messaging.roles import Service
from shared.service import clock, database, factory, serve
from shared.service.lifecycle import Loop
from shared.service.migrations import Migrations

MIGRATIONS: Final = Migrations(Path(__file__).with_name("migrations"), model=rebuild.LIVE)
PROBLEMS: Final = Path(__file__).with_name("problems.toml")
_STREAMS = 1000


def engine(url: str, role: str, *, pool_size: int = 4, search_path: str = rebuild.SEARCH_PATH) -> Engine:
    return database.connect(
        url,
        application_name=f"reporting-{role}",
        pool_size=pool_size,
        statement_seconds=10,
        search_path=search_path,
    )


def create_api() -> Flask:
    settings = Settings()
    return factory.create(
        "reporting",
        engine=engine(settings.database_url, "api", pool_size=settings.api_threads),
        clock=clock.at_start(settings.clock_file),
        settings=settings,
        blueprints=(api, exchange_api, pages),
        problem_files=(PROBLEMS,),
        migrations=MIGRATIONS,
    )


def create_stream() -> Flask:
    settings = Settings()
    business_clock = clock.at_start(settings.clock_file)
    reading = engine(settings.database_url, "stream")
    hub = Hub(reading, business_clock)
    app = factory.create(
        "reporting",
        engine=reading,
        clock=business_clock,
        settings=settings,
        blueprints=(stream,),
        migrations=MIGRATIONS,
        resources=hub,
    )
    hub.start(threading.Event())
    return app


SERVICE: Final = Service(
    name="reporting",
    settings=Settings,
    migrations=MIGRATIONS,
    create_api=create_api,
    consumer=CONSUMER,
    topics=topics.pattern(*TOPICS),
    reactions=reactions,
    after_reactions=exchange.after,
    emits=False,
    rebuilt=True,
    search_path=rebuild.SEARCH_PATH,
)


def run_stream() -> None:
    settings = Settings()
    serve.serve(create_stream, bind=settings.bind, port=settings.port, streams=_STREAMS)


def run_consumer() -> None:
    """Also runs the loops that other services run in their relay: reporting has no relay."""
    writing, mechanism = SERVICE.app("consumer"), SERVICE.mechanism("mechanism")
    pulsed = Pulsed(SERVICE.subscription(CONSUMER), writing, CONSUMER)
    SERVICE.consume(writing, pulsed, beside_consumer(mechanism))


def beside_consumer(mechanism: Engine) -> Mapping[str, Loop]:
    trims = retention.Retention(mechanism, (*retention.CONSUMER, feed.TRIMMED))
    return {"retention": trims.run_forever, "reconciler": SERVICE.reconciler(mechanism).run_forever}


def rebuild_model() -> None:
    """A shadow beside the live model, from offset 0, swapped in. Raises rebuild.Stuck; the live model is then unchanged."""
    settings = Settings()
    rebuild.Rebuild(
        "reporting",
        MIGRATIONS.model_statements(),
        owner=database.connect(settings.database_url_owner, application_name="reporting-rebuild"),
        shadow=engine(settings.database_url, "rebuild", search_path=rebuild.SEARCH_PATH_NEXT),
        subscription=SERVICE.subscription(f"reporting-rebuild-{uuid4()}"),
        consumer=CONSUMER,
        reactions=reactions(),
        show_line=print,
    ).run()
