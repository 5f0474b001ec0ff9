"""What the service serves over HTTP, put together. Imported by the processes that serve it, by no other."""

from flask import Flask
from services.payments import wiring
from services.payments.api.payments import payments
from services.payments.config import Settings

from shared.service import clock as clocks
from shared.service import database, factory


def create() -> Flask:
    settings = Settings()
    return factory.create(
        "payments",
        engine=database.connect(settings.database_url, application_name="payments-api", pool_size=settings.api_threads),
        clock=clocks.at_start(settings.clock_file),
        settings=settings,
        blueprints=(payments,),
        migrations=wiring.MIGRATIONS,
    )
