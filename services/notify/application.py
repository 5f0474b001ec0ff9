"""What the service serves over HTTP, put together. Imported by the processes that serve it, by no other."""

from pathlib import Path
from typing import Final

from flask import Flask

from services.notify import wiring
from services.notify.api.messages import api
from services.notify.config import Settings
from services.notify.queries import due, shown
from services.notify.store.contacts import Opener
from services.notify.web.pages import pages
from shared.messaging import freshness_api, parked_api
from shared.service import clock, database, factory
from shared.service.context import context

_PROBLEMS: Final = Path(__file__).with_name("problems.toml")
FRESHNESS: Final = freshness_api.blueprint(
    wiring.SERVICE.consumer, messages=lambda connection: due.ages(connection, context().clock)
)
PARKED: Final = parked_api.blueprint(wiring.SERVICE.consumer, wiring.reactions_of, figures=shown.messages)


def create() -> Flask:
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
        blueprints=(api, pages, FRESHNESS, PARKED),
        problem_files=(_PROBLEMS,),
        migrations=wiring.MIGRATIONS,
        resources=Opener(settings.reader_private_key),
    )
