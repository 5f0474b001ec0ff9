"""Run by test_bodies: the tests' own service under gunicorn.  serving_notes.py PORT DATABASE_URL ISSUER_URL DIRECTORY"""

import sys
from pathlib import Path

from flask import Flask

from shared.service import database, factory, serve
from shared.service.clock import RealClock
from shared.service.migrations import Migrations
from shared.telemetry import log
from tests.integration.service.notes import Meeting, notes
from tests.support.serving import Settings

PORT, URL, ISSUER, PLACE = sys.argv[1:]


def create() -> Flask:
    return factory.create(
        "kit",
        engine=database.connect(URL, application_name="kit", pool_size=4),
        clock=RealClock(),
        settings=Settings(ISSUER),
        blueprints=[notes],
        migrations=Migrations(Path(PLACE) / "migrations"),
        problem_files=[Path(PLACE) / "problems.toml"],
        resources=Meeting(),
    )


log.configure(service="kit", role="api")
serve.serve(create, bind="127.0.0.1", port=int(PORT), threads=4)
