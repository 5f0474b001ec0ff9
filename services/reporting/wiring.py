"""The composition root: settings → engines, broker, clock → each role's application or loops."""

import sys
import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import Engine

from services.reporting.api.live import Hub
from services.reporting.api.standings import api
from services.reporting.api.stream import stream
from services.reporting.config import Settings
from services.reporting.migrations import model
from services.reporting.projections import feed_entries
from services.reporting.projections.pulse import Pulsed
from services.reporting.projections.reactions import CONSUMER, TOPICS, reactions
from services.reporting.web.pages import pages
from shared.events import topics
from shared.messaging import kafka, rebuild, reconciler, redrive, retention
from shared.messaging.conservation import Settled
from shared.messaging.consumer import Consumer
from shared.messaging.reconciler import Reconciler
from shared.service import clock, database, factory, health, lifecycle, rows, serve
from shared.telemetry import log

MIGRATIONS: Final = Path(__file__).with_name("migrations")
_THREADS, _STREAMS = 8, 1000


def engine(
    url: str,
    role: str,
    *,
    pool_size: int = 4,
    idle_seconds: float | None = None,
    search_path: str = rebuild.SEARCH_PATH,
) -> Engine:
    return database.connect(
        url,
        application_name=f"reporting-{role}",
        pool_size=pool_size,
        statement_seconds=None if idle_seconds else 10,
        idle_in_transaction_seconds=idle_seconds,
        search_path=search_path,
    )


def create_api() -> Flask:
    settings = Settings()
    return factory.create(
        "reporting",
        engine=engine(settings.database_url, "api", pool_size=_THREADS),
        clock=clock.at_start(settings.clock_file),
        settings=settings,
        blueprints=(api, pages),
        migrations=MIGRATIONS,
        resources=settings.stream_url,
        sources=[settings.stream_url] if urlsplit(settings.stream_url).netloc else [],
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
        readers=[settings.pages_url] if settings.pages_url else [],
    )
    hub.start(threading.Event())
    return app


def run_consumer() -> None:
    settings = Settings()
    writing = engine(settings.database_url, "consumer", idle_seconds=10)
    rows.self_test(writing)
    subscription = kafka.Subscription(
        {"bootstrap_servers": settings.kafka_bootstrap}, group=CONSUMER, topics=topics.pattern(*TOPICS)
    )
    pulsed = Pulsed(subscription, writing, CONSUMER)
    consumer = Consumer(CONSUMER, writing, pulsed, reactions(), then=feed_entries.after)
    mechanism = engine(settings.database_url_mechanism, "mechanism", idle_seconds=10)
    loops = {
        "consumer": consumer.run_forever,
        "redrive": _redrive(writing).run_forever,
        "retention": retention.Retention(mechanism, (*retention.CONSUMER, retention.FEED)).run_forever,
        "reconciler": _reconciler(settings, mechanism).run_forever,
    }
    lifecycle.run(
        "consumer",
        loops,
        bind=settings.bind,
        health_port=settings.health_port,
        ready=health.ready(writing, MIGRATIONS, consumer.awaited.missing),
    )


def migrate() -> None:
    """Brings the schema up to date, as the owner. Raises what alembic or the database raises."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    owner = database.connect(Settings().database_url_owner, application_name="reporting-migrate")
    with owner.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def rebuild_model() -> None:
    """A shadow beside the live model, from offset 0, swapped in. Raises rebuild.Stuck; the live model is as it was then."""
    settings = Settings()
    subscription = kafka.Subscription(
        {"bootstrap_servers": settings.kafka_bootstrap},
        group=f"reporting-rebuild-{uuid4()}",
        topics=topics.pattern(*TOPICS),
    )
    rebuild.Rebuild(
        "reporting",
        model.statements(),
        owner=database.connect(settings.database_url_owner, application_name="reporting-rebuild"),
        shadow=engine(settings.database_url, "rebuild", search_path=rebuild.SEARCH_PATH_NEXT),
        subscription=subscription,
        consumer=CONSUMER,
        reactions=reactions(),
        tell=_tell,
    ).run()


def run(role: str, arguments: Sequence[str]) -> int:
    """One role of this process, until it ends. The exit code."""
    settings = Settings()
    log.configure(service="reporting", role=role, level=settings.log_level)
    if role == "api":
        serve.serve(create_api, bind=settings.bind, port=settings.port, threads=_THREADS)
    elif role == "stream":
        serve.serve(create_stream, bind=settings.bind, port=settings.port, streams=_STREAMS)
    elif role == "consumer":
        run_consumer()
    elif role == "rebuild":
        rebuild_model()
    elif role == "redrive":
        waiting = {CONSUMER: _redrive(engine(settings.database_url, role, idle_seconds=10))}
        return redrive.command(arguments, waiting, tell=_tell)
    elif role == "reconcile":
        mechanism = engine(settings.database_url_mechanism, role, idle_seconds=10)
        return reconciler.command(arguments, lambda since: _reconciler(settings, mechanism, since), tell=_tell)
    else:
        migrate()
    return 0


def _reconciler(settings: Settings, mechanism: Engine, since: date | None = None) -> Reconciler:
    reader = kafka.Reader({"bootstrap_servers": settings.kafka_bootstrap})
    return Reconciler(Settled(CONSUMER, mechanism, reader, topics.pattern(*TOPICS)), since=since)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _redrive(writing: Engine) -> redrive.Redrive:
    return redrive.Redrive(CONSUMER, writing, reactions(), then=feed_entries.after)
