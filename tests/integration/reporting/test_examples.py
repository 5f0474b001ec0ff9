"""Do the examples of the published descriptions run, of the API and of the stream, on a day with signings?"""

from pathlib import Path

import pytest
from flask import Blueprint
from sqlalchemy import Engine

from deploy.local import issuer as local_issuer
from services.reporting.api.live import Hub
from services.reporting.api.standings import api
from services.reporting.api.stream import stream
from services.reporting.wiring import MIGRATIONS
from shared.service import factory
from shared.service.clock import RealClock
from tests.support.launch import Bus, Launch, Numbering
from tests.support.serving import Settings
from tests.support.story import Story


@pytest.mark.parametrize("blueprint", [api, stream])
def test_the_examples_run_as_a_story(engine: Engine, issuer: tuple[str, Path], blueprint: Blueprint) -> None:
    day = Launch(units=8)
    facts = [*day.opening(), *day.register(), *day.groups(), day.freeze(), *day.prepare(0), day.sign(0)]
    Bus(engine).deliver(Numbering().messages("440303", facts))
    app = factory.create(
        "reporting",
        engine=engine,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=(blueprint,),
        migrations=MIGRATIONS,
        resources=Hub(engine, RealClock()),
    )
    story = Story(app, lambda role: local_issuer.mint(issuer[1], role=role, districts=("440303",)))

    assert story.told() and not story.untold()
