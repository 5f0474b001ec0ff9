"""What the service serves over HTTP, put together. Imported by the processes that serve it, by no other."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from flask import Flask

from services.reporting import wiring
from services.reporting.api.endpoints import endpoints
from services.reporting.api.exchange import exchange
from services.reporting.api.live import Hub
from services.reporting.api.oversight import oversight
from services.reporting.api.snapshots import snapshots
from services.reporting.api.standings import api
from services.reporting.api.statements import statements
from services.reporting.api.stream import stream
from services.reporting.config import Settings
from services.reporting.projections.reactions import reactions
from services.reporting.queries import due, facts, shown
from services.reporting.web.agency import agency
from services.reporting.web.catalogue import pages as catalogue
from services.reporting.web.daily import reports
from services.reporting.web.displays import displays
from services.reporting.web.pages import pages
from services.reporting.web.parked import parkings
from services.reporting.web.taken import oversights
from services.reporting.web.why import explanations
from shared.messaging import freshness_api, parked_api
from shared.service import clock, factory, problems
from shared.service.context import Context
from shared.service.examples import Vocabulary
from shared.service.limits import Limits
from shared.telemetry.facts import FACTS
from shared.web.shell import shell

PROBLEMS: Final = (Path(__file__).with_name("problems.toml"),)
FRESHNESS: Final = freshness_api.blueprint(wiring.SERVICE.consumer, emits=False, deliveries=due.ages)
PARKED: Final = parked_api.blueprint(
    wiring.SERVICE.consumer,
    lambda _: reactions(),
    after_reactions=wiring.SERVICE.after_reactions,
    rebuilt=True,
    figures=shown.figures_of,
)
BLUEPRINTS: Final = (
    agency,
    api,
    exchange,
    snapshots,
    endpoints,
    statements,
    oversight,
    pages,
    explanations,
    reports,
    displays,
    oversights,
    parkings,
    catalogue,
    FRESHNESS,
    PARKED,
)

STREAMED: Final = (stream, exchange)  # a reader of these may wait; nobody is to have all of the process's places


def create() -> Flask:
    settings = Settings()
    return factory.create(
        "reporting",
        engine=wiring.engine(settings.database_url, "api", pool_size=settings.api_threads),
        clock=clock.at_start(settings.clock_file),
        settings=settings,
        blueprints=BLUEPRINTS,
        problem_files=PROBLEMS,
        migrations=wiring.MIGRATIONS,
    )


def create_stream() -> Flask:
    settings = Settings()
    business_clock = clock.at_start(settings.clock_file)
    reading = wiring.engine(settings.database_url, "stream")
    hub = Hub(reading, business_clock)
    app = factory.create(
        "reporting",
        engine=reading,
        clock=business_clock,
        settings=settings,
        blueprints=STREAMED,
        problem_files=PROBLEMS,
        migrations=wiring.MIGRATIONS,
        resources=hub,
        role="stream",
        ready=hub.missing,
    )
    FACTS.publish("stream", lambda: [facts.STREAM_POLLED.of(time.time() - hub.silent_seconds())], own=True)
    hub.start(threading.Event())
    return app


def create_unconnected() -> Flask:
    """Its routes and texts without settings, database and identities: for what is written from the declarations alone."""
    app, nothing = Flask("reporting", static_folder=None), cast("Any", None)
    settings = SimpleNamespace(public_url="http://localhost")
    catalogue_of_problems = problems.Catalogue(*PROBLEMS)
    vocabulary = Vocabulary(Path(__file__).with_name("examples.toml"))
    app.extensions["clearwater"] = Context(
        "reporting",
        nothing,
        clock.RealClock(),
        cast("Any", settings),
        nothing,
        catalogue_of_problems,
        Limits(),
        vocabulary,
    )
    for blueprint in (shell(), *BLUEPRINTS):
        app.register_blueprint(blueprint)
    return app
