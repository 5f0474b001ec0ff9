"""What every service runs: API, relay, consumer, migrations and the commands for a person, from what wiring.py says is its own.

Invariant: a process proves that row-level security holds for its role before its first poll or request.
Left to others: the application (factory.py), the loops (relay.py, consumer.py …) and their life (lifecycle.py).
"""

import argparse
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from shared.messaging import credentials, kafka, leaving, pipeline, reconciler, redriving, republishing, restored
from shared.messaging.conservation import Hop, Published, Settled
from shared.messaging.consumer import Consumer
from shared.messaging.divergence import Doubts
from shared.messaging.ports import Subscription, Unavailable
from shared.messaging.reactions import AfterReactions, Reactions
from shared.messaging.reconciler import Reconciler
from shared.messaging.redrive import Redrive
from shared.messaging.relay import Relay
from shared.messaging.retention import Retention
from shared.service import database, health, lifecycle, row_security
from shared.service.environment import Environment
from shared.service.health import Ready
from shared.service.lifecycle import Loop
from shared.service.migrations import Migrations
from shared.telemetry import archived, facts, log, spans
from shared.telemetry.facts import FACTS, Sample

if TYPE_CHECKING:
    from flask import Flask

IDLE_SECONDS: Final = 10.0  # above the broker's delivery time, or a relay loses its lock while events are on their way

_log = log.get(__name__)

Role = Callable[[], None]
Command = Callable[[Sequence[str]], int]


@dataclass(frozen=True, kw_only=True)
class Service:
    """`topics` is the pattern of what it consumes, `after_reactions` what its consumer does last before it commits.

    `hops`: equations of its own beside those of journal and inbox. `emits`: it has a journal. `rebuilt`: all that its consumer makes is
    made again by its command `rebuild`. `search_path`: where its tables are, if not in the database's own place. `facts`: what its API
    shows as metrics, of its own tables.
    """

    name: str
    settings: Callable[[], Environment]
    migrations: Migrations
    consumer: str
    topics: str
    reactions: Callable[[], Reactions]
    after_reactions: AfterReactions | None = None
    hops: Callable[[Engine], Sequence[Hop]] = lambda _: ()
    facts: Callable[[Engine], Iterator[Sample]] = lambda _: iter(())
    emits: bool = True
    rebuilt: bool = False
    search_path: str | None = None

    def engine(self, url: str, role: str, *, pool_size: int = 4, idle_seconds: float = IDLE_SECONDS) -> Engine:
        return database.connect(
            url,
            application_name=f"{self.name}-{role}",
            pool_size=pool_size,
            idle_in_transaction_seconds=idle_seconds,
            search_path=self.search_path,
        )

    def app(self, role: str, *, pool_size: int = 4, idle_seconds: float = IDLE_SECONDS) -> Engine:
        """The engine of the app role, which writes in one district at a time. Raises row_security.Unprotected."""
        engine = self.engine(self.settings().database_url, role, pool_size=pool_size, idle_seconds=idle_seconds)
        row_security.self_test(engine)
        return engine

    def mechanism(self, role: str) -> Engine:
        """The engine of the mechanism role, which sees every district. Raises row_security.Unprotected."""
        engine = self.engine(self.settings().database_url_mechanism, role)
        row_security.mechanism_test(engine)
        return engine

    def loop(self, role: str, engine: Engine, loops: Mapping[str, Loop], *ready: Ready) -> None:
        """Runs until a signal ends it. `ready` names what else must be there."""
        settings, whole = self.settings(), health.ready(engine, self.migrations, *ready)
        spans.start(self.name, role, endpoint=settings.otel_exporter_otlp_endpoint)
        lifecycle.run(role, loops, bind=settings.bind, health_port=settings.health_port, ready=whole)

    def run_api(self) -> None:
        from shared.service import serve  # noqa: PLC0415 - the other roles need no server of that kind

        settings = self.settings()
        serve.serve(self.application, bind=settings.bind, port=settings.port, threads=settings.api_threads)

    def application(self) -> "Flask":
        """What the service's application.py creates. Its process alone shows what the database knows: also of roles that are dead."""
        app, engine = created(f"services.{self.name}.application:create"), self.mechanism("facts")
        FACTS.publish("events", lambda: pipeline.events(engine, self.consumer, emits=self.emits))
        FACTS.publish("database", lambda: pipeline.database(engine))
        FACTS.publish("archive", lambda: archived.archive(engine))
        FACTS.publish("service", lambda: self.facts(engine), seconds=15)
        return app

    def run_relay(self) -> None:
        engine = self.mechanism("relay")
        relay = Relay(engine, kafka.Producer(self._broker))
        self.loop("relay", engine, self.relay_loops(engine, relay), relay.missing)

    def relay_loops(self, engine: Engine, relay: Relay) -> Mapping[str, Loop]:
        return {
            "relay": relay.run_forever,
            "retention": Retention(engine).run_forever,
            "reconciler": self.reconciler(engine).run_forever,
        }

    def run_consumer(self) -> None:
        self.consume(self.app("consumer"), self.subscription(self.consumer))

    def consume(self, engine: Engine, subscription: Subscription, more: Mapping[str, Loop] | None = None) -> None:
        """`more`: loops of the service's own that live and die with its consumer."""
        consumer = Consumer(self.consumer, engine, subscription, self.reactions(), after_reactions=self.after_reactions)
        loops = {**self.consumer_loops(engine, consumer), **(more or {})}
        self.loop("consumer", engine, loops, consumer.awaited.missing)

    def consumer_loops(self, engine: Engine, consumer: Consumer) -> Mapping[str, Loop]:
        healing = Redrive(self.consumer, engine, self.reactions(), after_reactions=self.after_reactions)
        return {"consumer": consumer.run_forever, "redrive": healing.run_forever}

    def subscription(self, group: str) -> kafka.Subscription:
        return kafka.Subscription(self._broker, group=group, topics=self.topics)

    def migrate(self) -> None:
        """Brings the schema up to date, as the owner, and lets events leave as the installation says. Raises leaving.Refused, and what
        alembic or the database raises.
        """
        settings = self.settings()
        owner = database.connect(settings.database_url_owner, application_name=f"{self.name}-migrate")
        self.migrations.upgrade(owner)
        if self.emits:
            log_role = partial(
                database.connect, settings.database_url_debezium, application_name=f"{self.name}-migrate"
            )
            if done := leaving.follow(owner, log_role, self.name, settings.events_leave_by):
                _log.warning("events leave another way", reason=done)

    def reconciler(self, engine: Engine, since: date | None = None) -> Reconciler:
        published = [Published(self.name, engine, kafka.Reader(self._broker))] if self.emits else []
        settled = Settled(self.consumer, engine, kafka.Reader(self._broker), self.topics)
        doubts = Doubts(self.consumer, engine, self._history)
        return Reconciler(*published, doubts, settled, *self.hops(engine), since=since)

    def redrive(self, arguments: Sequence[str]) -> int:
        """The consumer's own reactions, for a person at a terminal."""
        waiting = Redrive(self.consumer, self.app("redrive"), self.reactions(), after_reactions=self.after_reactions)
        rebuild = f"python -m services.{self.name} rebuild" if self.rebuilt else None
        return redriving.command(
            arguments, {self.consumer: waiting}, show_line=print, history=self._history, rebuild=rebuild
        )

    def reconcile(self, arguments: Sequence[str]) -> int:
        return reconciler.command(arguments, partial(self.reconciler, self.mechanism("reconcile")), show_line=print)

    def new_epoch(self, arguments: Sequence[str]) -> int:
        rewind = partial(kafka.rewind, self._broker, self.consumer)
        return restored.command(arguments, self.mechanism("new-epoch"), rewind=rewind, show_line=print)

    def republish(self, arguments: Sequence[str]) -> int:
        return republishing.command(arguments, self.name, self.mechanism("republish"), self._history(), show_line=print)

    def _history(self) -> kafka.Reader:
        return kafka.Reader(self._broker)

    @property
    def _broker(self) -> credentials.Connection:
        """Raises credentials.Anonymous before the first loop. Each client checks it again, since the broker may be down now."""
        settings = self.settings()
        connection = credentials.connection(
            settings.kafka_bootstrap,
            user=settings.kafka_user,
            password=settings.kafka_password,
            security=settings.kafka_security,
            ca_file=settings.kafka_ca_file,
            allow_anonymous=settings.kafka_allow_anonymous == "development",
        )
        with suppress(Unavailable):
            credentials.prove(connection)
        return connection


def created(function: str) -> "Flask":
    """What this function, as module:function, creates. Its module is imported here and in no process of loops."""
    app: Flask = pkgutil.resolve_name(function)()
    return app


def main(
    service: Service,
    own: Mapping[str, Role],
    tools: Mapping[str, Command] | None = None,
    own_commands: Mapping[str, Command] | None = None,
) -> None:
    """`python -m services.<service> <role>`. `own` roles and commands come beside those of every service, or in their place.

    `tools` need no environment. Raises SystemExit.
    """
    loops = {"api": service.run_api, "consumer": service.run_consumer, "migrate": service.migrate}
    commands = {"redrive": service.redrive, "reconcile": service.reconcile, **(own_commands or {}), **(tools or {})}
    if service.emits:
        loops["relay"] = service.run_relay
        commands |= {"new-epoch": service.new_epoch, "republish": service.republish}
    loops |= own
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}")
    parser.add_argument("role", choices=(*loops, *commands))
    role, rest = parser.parse_args(sys.argv[1:2]).role, sys.argv[2:]
    if role not in (tools or {}):
        log.configure(service=service.name, role=role, level=service.settings().log_level)
        facts.build(service.migrations.folder.with_name("pyproject.toml"))
    if role in commands:
        sys.exit(commands[role](rest))
    if rest:
        parser.error(f"unknown: {' '.join(rest)}")
    loops[role]()
