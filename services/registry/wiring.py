"""The composition root: settings → engines, broker, vault, clock → each role's application or loops."""

from pathlib import Path
from typing import Final

from flask import Flask

from services.registry.api import BLUEPRINTS
from services.registry.config import Settings
from services.registry.consumers import CONSUMER, KINDS, reactions
from services.registry.store.vault import Vault
from services.registry.web.pages import pages
from services.registry.workers.importing import Importer
from shared.events import topics
from shared.messaging.roles import Service
from shared.service import clock, database, factory
from shared.service.migrations import Migrations

MIGRATIONS: Final = Migrations(Path(__file__).with_name("migrations"))
_PROBLEMS: Final = Path(__file__).with_name("problems.toml")
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


SERVICE: Final = Service(
    name="registry",
    settings=Settings,
    migrations=MIGRATIONS,
    create_api=create_api,
    consumer=CONSUMER,
    topics=topics.pattern(*KINDS),
    reactions=reactions,
)


def run_worker() -> None:
    settings, engine = Settings(), SERVICE.app("worker", idle_seconds=_IMPORT_IDLE_SECONDS)
    importer = Importer(engine, vault(settings), clock=clock.at_start(settings.clock_file))
    SERVICE.loop("worker", engine, {"importer": importer.run_forever})


def vault(settings: Settings) -> Vault:
    return Vault(settings.vault_key, settings.reader_public_keys)
