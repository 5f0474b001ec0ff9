"""The composition root: settings → engines, broker, gateways, clock → each role's application or loops."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import Engine

from services.notify.api.messages import api
from services.notify.config import Settings
from services.notify.consumers import CONSUMER, KINDS, reactions
from services.notify.domain.wording import Channel
from services.notify.gateways.ports import Gateway
from services.notify.gateways.sms import Sms
from services.notify.gateways.smtp import Mail
from services.notify.queries import conservation
from services.notify.store.contacts import Opener
from services.notify.web.pages import pages
from services.notify.workers.complete import Completer
from services.notify.workers.count import Counter
from services.notify.workers.dispatch import Dispatcher
from services.notify.workers.inquire import Inquirer
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


def create_api() -> Flask:
    settings = Settings()
    engine = database.connect(
        settings.database_url,
        application_name="notify-api",
        pool_size=settings.api_threads,
        statement_seconds=10,
    )
    return factory.create(
        "notify",
        engine=engine,
        clock=clock.at_start(settings.clock_file),
        settings=settings,
        blueprints=(api, pages),
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
    business_clock, opener = clock.at_start(settings.clock_file), Opener(settings.reader_private_key)
    table = reactions(opener=opener, clock=business_clock)
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
    engine = _engine(settings.database_url, "worker", pool_size=settings.senders + 3)
    rows.self_test(engine)
    business_clock, opener = clock.at_start(settings.clock_file), Opener(settings.reader_private_key)
    carried_by = gateways(settings)
    senders = {
        f"dispatch-{number}": Dispatcher(engine, carried_by, opener=opener, clock=business_clock).run_forever
        for number in range(1, settings.senders + 1)
    }
    lifecycle.run(
        "worker",
        {
            **senders,
            "inquire": Inquirer(engine, carried_by, clock=business_clock).run_forever,
            "complete": Completer(engine, opener=opener, clock=business_clock).run_forever,
            "count": Counter(engine).run_forever,
        },
        bind=settings.bind,
        health_port=settings.health_port,
        ready=health.ready(engine, MIGRATIONS),
    )


def gateways(settings: Settings) -> Mapping[Channel, Gateway]:
    return {
        "mail": Mail(settings.smtp_host, settings.smtp_port, sender=settings.mail_from),
        "sms": Sms(settings.sms_url),
    }


def migrate() -> None:
    """Brings the schema up to date, as the owner. Raises what alembic or the database raises."""
    engine = database.connect(Settings().database_url_owner, application_name="notify-migrate")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def redrive(arguments: Sequence[str]) -> int:
    """The consumer's own reactions, for a person at a terminal."""
    settings = Settings()
    opener = Opener(settings.reader_private_key)
    table = reactions(opener=opener, clock=clock.at_start(settings.clock_file))
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
        Published("notify", engine, kafka.Reader(connection)),
        Settled(CONSUMER, engine, kafka.Reader(connection), topics.pattern(*KINDS)),
        conservation.Planned(engine, clock.at_start(settings.clock_file)),
        since=since,
    )


def _engine(url: str, role: str, *, pool_size: int = 4) -> Engine:
    return database.connect(
        url,
        application_name=f"notify-{role}",
        pool_size=pool_size,
        idle_in_transaction_seconds=_IDLE_SECONDS,
    )
