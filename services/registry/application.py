"""What the service serves over HTTP, put together. Imported by the processes that serve it, by no other."""

from pathlib import Path
from typing import Final

from flask import Flask

from services.registry import wiring
from services.registry.api import BLUEPRINTS
from services.registry.config import Settings
from services.registry.consumers import CONSUMER, reactions
from services.registry.web.pages import pages
from shared.messaging import freshness_api, parked_api
from shared.service import clock, database, factory

_PROBLEMS: Final = Path(__file__).with_name("problems.toml")
FRESHNESS: Final = freshness_api.blueprint(wiring.SERVICE.consumer)
PARKED: Final = parked_api.blueprint(CONSUMER, lambda _: reactions())


def create() -> Flask:
    settings = Settings()
    engine = database.connect(
        settings.database_url, application_name="registry-api", pool_size=settings.api_threads, statement_seconds=20
    )
    return factory.create(
        "registry",
        engine=engine,
        clock=clock.at_start(settings.clock_file),
        settings=settings,
        blueprints=(*BLUEPRINTS, pages, FRESHNESS, PARKED),
        problem_files=(_PROBLEMS,),
        migrations=wiring.MIGRATIONS,
        resources=wiring.vault(settings),
    )
