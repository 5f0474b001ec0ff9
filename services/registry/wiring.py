"""The composition root: settings → engines, broker, vault, clock → each role's application or loops."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import Engine

from services.registry.api import BLUEPRINTS
from services.registry.config import Settings
from services.registry.consumers import CONSUMER, KINDS, reactions
from services.registry.store.vault import Vault
from services.registry.web.pages import pages
from services.registry.workers.importing import Importer
from shared.events import topics
from shared.messaging import kafka, reconciler, restored
from shared.messaging import redrive as redrives
from shared.messaging.conservation import Published, Settled
from shared.messaging.consumer import Consumer
from shared.messaging.reconciler import Reconciler
from shared.messaging.redrive import Redrive
from shared.messaging.relay import Relay
from shared.messaging.retention import Retention
from shared.service import clock, database, factory, health, lifecycle, rows

MIGRATIONS: Final = Path(__file__).with_name("migrations")
_PROBLEMS: Final = Path(__file__).with_name("problems.toml")
_IDLE_SECONDS: Final = 10.0  # above the broker's delivery time, or a relay loses its lock while events are on their way
_IMPORT_IDLE_SECONDS: Final = 120.0  # sealing a batch of people takes a moment in which the transaction says nothing


def create_api() -> Flask:
    settings = Settings()
    engine = database.connect(
        settings.database_url, application_name="registry-api", pool_size=settings.api_threads, statement_seconds=20
    )
    return factory.create(
        "registry",
        engine=engine,
        clock=clock.at_start(settings.clock_file),
        settings=settings,
        blueprints=(*BLUEPRINTS, pages),
        problem_files=(_PROBLEMS,),
        migrations=MIGRATIONS,
        resources=vault(settings),
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
    consumer = Consumer(CONSUMER, engine, subscription, reactions())
    lifecycle.run(
        "consumer",
        {"consumer": consumer.run_forever, "redrive": Redrive(CONSUMER, engine, reactions()).run_forever},
        bind=settings.bind,
        health_port=settings.health_port,
        ready=health.ready(engine, MIGRATIONS, consumer.awaited.missing),
    )


def run_worker() -> None:
    settings = Settings()
    engine = _engine(settings.database_url, "worker", idle_seconds=_IMPORT_IDLE_SECONDS)
    rows.self_test(engine)
    importer = Importer(engine, vault(settings), clock=clock.at_start(settings.clock_file))
    lifecycle.run(
        "worker",
        {"importer": importer.run_forever},
        bind=settings.bind,
        health_port=settings.health_port,
        ready=health.ready(engine, MIGRATIONS),
    )


def vault(settings: Settings) -> Vault:
    return Vault(settings.vault_key, settings.reader_public_keys)


def migrate() -> None:
    """Brings the schema up to date, as the owner. Raises what alembic or the database raises."""
    engine = database.connect(Settings().database_url_owner, application_name="registry-migrate")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def redrive(arguments: Sequence[str]) -> int:
    """The consumer's own reactions, for a person at a terminal."""
    waiting = Redrive(CONSUMER, _engine(Settings().database_url, "redrive"), reactions())
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
        Published("registry", engine, kafka.Reader(connection)),
        Settled(CONSUMER, engine, kafka.Reader(connection), topics.pattern(*KINDS)),
        since=since,
    )


def _engine(url: str, role: str, *, idle_seconds: float = _IDLE_SECONDS) -> Engine:
    return database.connect(url, application_name=f"registry-{role}", idle_in_transaction_seconds=idle_seconds)
