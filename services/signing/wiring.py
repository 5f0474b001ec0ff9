"""The composition root: settings → engines, broker, clock → each role's application or loops."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import Engine

from services.signing.api import BLUEPRINTS
from services.signing.config import Settings
from services.signing.consumers import CONSUMER, KINDS, reactions
from services.signing.web.pages import pages
from services.signing.workers.fan_out import FanOut
from shared.events import topics
from shared.messaging import kafka, reconciler, restored
from shared.messaging import redrive as redrives
from shared.messaging.conservation import Published, Settled
from shared.messaging.consumer import Consumer
from shared.messaging.reconciler import Reconciler
from shared.messaging.redrive import Redrive
from shared.messaging.relay import Relay
from shared.messaging.retention import Retention
from shared.service import clock as clocks
from shared.service import database, factory, health, lifecycle, rows
from shared.service.clock import Clock

MIGRATIONS: Final = Path(__file__).with_name("migrations")
_PROBLEMS: Final = Path(__file__).with_name("problems.toml")
_IDLE_SECONDS: Final = 10.0  # above the broker's delivery time, or a relay loses its lock while events are on their way
_STATEMENT_SECONDS: Final = 10.0  # whoever asked has gone by then


def create_api() -> Flask:
    settings = Settings()
    return application(settings, clock=clocks.at_start(settings.clock_file))


def application(settings: Settings, *, clock: Clock) -> Flask:
    engine = database.connect(
        settings.database_url,
        application_name="signing-api",
        pool_size=settings.api_threads,
        statement_seconds=_STATEMENT_SECONDS,
    )
    return factory.create(
        "signing",
        engine=engine,
        clock=clock,
        settings=settings,
        blueprints=(*BLUEPRINTS, pages),
        problem_files=(_PROBLEMS,),
        migrations=MIGRATIONS,
    )


def run_relay() -> None:
    settings = Settings()
    engine = _engine(settings.database_url_mechanism, "relay")
    rows.mechanism_test(engine)
    relay = Relay(engine, kafka.Producer({"bootstrap_servers": settings.kafka_bootstrap}))
    loops = {
        "relay": relay.run_forever,
        "retention": Retention(engine).run_forever,
        "reconciler": _reconciler(settings, engine).run_forever,
    }
    lifecycle.run(
        "relay", loops, bind=settings.bind, health_port=settings.health_port, ready=health.ready(engine, MIGRATIONS)
    )


def run_consumer() -> None:
    settings = Settings()
    engine = _engine(settings.database_url, "consumer")
    rows.self_test(engine)
    subscription = kafka.Subscription(
        {"bootstrap_servers": settings.kafka_bootstrap}, group=CONSUMER, topics=topics.pattern(*KINDS)
    )
    table = reactions(clocks.at_start(settings.clock_file))
    consumer = Consumer(CONSUMER, engine, subscription, table)
    lifecycle.run(
        "consumer",
        {"consumer": consumer.run_forever, "redrive": Redrive(CONSUMER, engine, table).run_forever},
        bind=settings.bind,
        health_port=settings.health_port,
        ready=health.ready(engine, MIGRATIONS, consumer.awaited.missing),
    )


def run_worker() -> None:
    settings = Settings()
    engine = _engine(settings.database_url, "worker")
    rows.self_test(engine)
    fan_out = FanOut(
        engine,
        clocks.at_start(settings.clock_file),
        batch=settings.settle_batch,
        idle_seconds=settings.settle_idle_seconds,
    )
    ready = health.ready(engine, MIGRATIONS)
    lifecycle.run(
        "worker", {"fan-out": fan_out.run_forever}, bind=settings.bind, health_port=settings.health_port, ready=ready
    )


def migrate() -> None:
    """Brings the schema up to date, as the owner. Raises what alembic or the database raises."""
    engine = database.connect(Settings().database_url_owner, application_name="signing-migrate")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def redrive(arguments: Sequence[str]) -> int:
    """The consumer's own reactions, for a person at a terminal."""
    settings = Settings()
    table = reactions(clocks.at_start(settings.clock_file))
    waiting = Redrive(CONSUMER, _engine(settings.database_url, "redrive"), table)
    return redrives.command(arguments, {CONSUMER: waiting}, tell=print)


def reconcile(arguments: Sequence[str]) -> int:
    settings = Settings()
    engine = _engine(settings.database_url_mechanism, "reconcile")
    return reconciler.command(arguments, partial(_reconciler, settings, engine), tell=print)


def new_epoch(arguments: Sequence[str]) -> int:
    settings = Settings()
    rewind = partial(kafka.rewind, {"bootstrap_servers": settings.kafka_bootstrap}, CONSUMER)
    return restored.command(arguments, _engine(settings.database_url_mechanism, "new-epoch"), rewind=rewind, tell=print)


def _reconciler(settings: Settings, engine: Engine, since: date | None = None) -> Reconciler:
    connection = {"bootstrap_servers": settings.kafka_bootstrap}
    return Reconciler(
        Published("signing", engine, kafka.Reader(connection)),
        Settled(CONSUMER, engine, kafka.Reader(connection), topics.pattern(*KINDS)),
        since=since,
    )


def _engine(url: str, role: str) -> Engine:
    return database.connect(url, application_name=f"signing-{role}", idle_in_transaction_seconds=_IDLE_SECONDS)
