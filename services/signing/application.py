"""What the service serves over HTTP, put together. Imported by the processes that serve it, by no other."""

from pathlib import Path
from typing import Final

from flask import Flask

from services.signing import wiring
from services.signing.api import BLUEPRINTS
from services.signing.config import Settings
from services.signing.consumers import CONSUMER, reactions
from services.signing.web.home import home
from services.signing.web.pages import pages
from shared.messaging import freshness_api, parked_api
from shared.service import clock as clocks
from shared.service import database, factory
from shared.service.clock import Clock
from shared.service.login import login

_PROBLEMS: Final = Path(__file__).with_name("problems.toml")
_STATEMENT_SECONDS: Final = 10.0  # after this time the client has given up
FRESHNESS: Final = freshness_api.blueprint(wiring.SERVICE.consumer)
PARKED: Final = parked_api.blueprint(CONSUMER, lambda service: reactions(service.clock))


def create() -> Flask:
    settings = Settings()
    return create_with(settings, clock=clocks.at_start(settings.clock_file))


def create_with(settings: Settings, *, clock: Clock) -> Flask:
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
        blueprints=(*BLUEPRINTS, pages, home, login, FRESHNESS, PARKED),  # decision 18: one service carries the sign-in
        problem_files=(_PROBLEMS,),
        migrations=wiring.MIGRATIONS,
    )
