"""The composition root: settings → engine, clock → each role's application or loops."""

from pathlib import Path
from typing import Final

from flask import Flask
from services.payments.api.payments import payments
from services.payments.config import Settings
from services.payments.consumers import CONSUMER, KINDS, reactions

from shared.events import topics
from shared.messaging.roles import Service
from shared.service import clock as clocks
from shared.service import database, factory
from shared.service.migrations import Migrations

MIGRATIONS: Final = Migrations(Path(__file__).with_name("migrations"))


def create_api() -> Flask:
    settings = Settings()
    return factory.create(
        "payments",
        engine=database.connect(settings.database_url, application_name="payments-api", pool_size=settings.api_threads),
        clock=clocks.at_start(settings.clock_file),
        settings=settings,
        blueprints=(payments,),
        migrations=MIGRATIONS,
    )


SERVICE: Final = Service(
    name="payments",
    settings=Settings,
    migrations=MIGRATIONS,
    create_api=create_api,
    consumer=CONSUMER,
    topics=topics.pattern(*KINDS),
    reactions=reactions,
)
