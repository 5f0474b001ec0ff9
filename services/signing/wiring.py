"""The composition root: settings → engines, broker, clock → each role's loops. The API's part: application.py."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from services.signing.config import Settings
from services.signing.consumers import CONSUMER, KINDS, reactions
from services.signing.queries import facts
from services.signing.workers.fan_out import FanOut
from shared.events import topics
from shared.messaging.roles import Service
from shared.service import clock as clocks
from shared.service.lifecycle import Loop
from shared.service.migrations import Migrations

MIGRATIONS: Final = Migrations(Path(__file__).with_name("migrations"))


SERVICE: Final = Service(
    name="signing",
    settings=Settings,
    migrations=MIGRATIONS,
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
