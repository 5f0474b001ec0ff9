"""The composition root: settings → engines, broker, clock → each role's application or loops."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from flask import Flask
from sqlalchemy import Engine

from services.signing.api import BLUEPRINTS
from services.signing.config import Settings
from services.signing.consumers import CONSUMER, KINDS, reactions
from services.signing.queries import facts
from services.signing.web.home import home
from services.signing.web.pages import pages
from services.signing.workers.fan_out import FanOut
from shared.events import topics
from shared.messaging import freshness_api
from shared.messaging.roles import Service
from shared.service import clock as clocks
from shared.service import database, factory
from shared.service.clock import Clock
from shared.service.lifecycle import Loop
from shared.service.login import login
from shared.service.migrations import Migrations

FRESHNESS: Final = freshness_api.blueprint(CONSUMER)
MIGRATIONS: Final = Migrations(Path(__file__).with_name("migrations"))
_PROBLEMS: Final = Path(__file__).with_name("problems.toml")
_STATEMENT_SECONDS: Final = 10.0  # after this time the client has given up


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
        blueprints=(*BLUEPRINTS, pages, home, login, FRESHNESS),  # decision 18: one service carries the sign-in
        problem_files=(_PROBLEMS,),
        migrations=MIGRATIONS,
    )


SERVICE: Final = Service(
    name="signing",
    settings=Settings,
    migrations=MIGRATIONS,
    create_api=create_api,
    consumer=CONSUMER,
    topics=topics.pattern(*KINDS),
    reactions=lambda: reactions(clocks.at_start(Settings().clock_file)),
    facts=lambda engine: facts.of_projects(engine, clocks.at_start(Settings().clock_file)),
)


def worker_loops(settings: Settings, engine: Engine) -> Mapping[str, Loop]:
    fan_out = FanOut(
        engine,
        clocks.at_start(settings.clock_file),
        batch=settings.settle_batch,
        idle_seconds=settings.settle_idle_seconds,
    )
    return {"fan-out": fan_out.run_forever}


def run_worker() -> None:
    engine = SERVICE.app("worker")
    SERVICE.loop("worker", engine, worker_loops(Settings(), engine))
