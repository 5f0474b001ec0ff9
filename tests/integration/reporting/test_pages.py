"""Does a page show each basis beside the project's own threshold?"""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from deploy.local import issuer as local_issuer
from services.reporting.web.pages import pages
from services.reporting.wiring import MIGRATIONS
from shared.service import factory
from shared.service.clock import RealClock
from tests.support.launch import Bus, Launch, Numbering
from tests.support.serving import Settings


@pytest.mark.parametrize("path", ["/wall", "/city"])
def test_each_basis_shows_its_own_threshold_in_words_and_as_a_line(engine: Engine, issuer: tuple[str, Path], path: str):
    day = Launch(units=8, percents=(("units", 60), ("area", 85)))
    Bus(engine).deliver(Numbering().messages("440303", [*day.opening(), *day.register(), day.freeze()]))
    app = factory.create(
        "reporting",
        engine=engine,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=(pages,),
        migrations=MIGRATIONS,
        resources="",
    )
    token = local_issuer.mint(issuer[1], role="command", districts=("440303",))
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}

    page = app.test_client().get(path, headers=headers, query_string={"language": "en"}).text

    assert "threshold 60%" in page and "threshold 85%" in page
    assert 'class="threshold" x1="60.0%"' in page and 'class="threshold" x1="85.0%"' in page
    assert page.count('class="threshold"') == 2
    assert "threshold 95%" not in page and 'x1="95' not in page
