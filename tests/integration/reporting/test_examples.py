"""Do the examples of the published descriptions run, of the API and of the stream, on a day with signings?"""

from datetime import date
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest
from sqlalchemy import Engine

from deploy.local import issuer as local_issuer
from services.reporting.api.endpoints import endpoints
from services.reporting.api.exchange import exchange
from services.reporting.api.live import Hub
from services.reporting.api.oversight import oversight
from services.reporting.api.snapshots import snapshots
from services.reporting.api.standings import api
from services.reporting.api.statements import statements
from services.reporting.api.stream import stream
from services.reporting.application import PARKED, PROBLEMS
from services.reporting.gateways.endpoints import Endpoints
from services.reporting.projections.reactions import CONSUMER
from services.reporting.queries.unit_states import CHANGED_BY
from services.reporting.store import statements as statements_kept
from services.reporting.store.signing_keys import SigningKeys
from services.reporting.store.statement_key import StatementKey
from services.reporting.store.statements import Statement
from services.reporting.web.agency import agency
from services.reporting.web.catalogue import pages as catalogue
from services.reporting.web.daily import reports
from services.reporting.web.displays import displays
from services.reporting.web.pages import pages
from services.reporting.web.parked import parkings
from services.reporting.web.taken import oversights
from services.reporting.web.why import _OF_SIGNINGS, FIGURES, explanations
from services.reporting.wiring import MIGRATIONS
from services.reporting.workers.deliver import Deliverer
from shared.service import database, factory
from shared.service.clock import RealClock
from tests.support import foreign_links
from tests.support.hooks import LOOPBACK, PRIVATE, Endpoint
from tests.support.hostile import Hostile
from tests.support.launch import Bus, Launch, Numbering, granted
from tests.support.parked import waiting_key
from tests.support.serving import Settings
from tests.support.story import Story

KEY = StatementKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
ENDPOINT = Endpoint("http://127.0.0.1:9/", endpoint_id=uuid5(NAMESPACE_URL, "urn:clearwater:example:endpoint_id"))
STATED = {
    "agency": "real-estate", "district": "440303", "epoch": 1, "after_number": 0, "last_number": 1, "event_types": [], "events": 0,
    "by_type": {}, "digest": "", "left_out": 0, "left_out_by_type": {}, "late": [], "undelivered": [], "previous": None,
    "made_at": "2026-06-01T00:10:00+00:00",
}  # fmt: skip
PAGES = (agency, pages, explanations, reports, displays, oversights, parkings, catalogue)


@pytest.fixture(
    params=[(api, exchange, snapshots, endpoints, statements, oversight, PARKED, *PAGES), (stream,)],
    ids=["api", "stream"],
)
def story(engine: Engine, issuer: tuple[str, Path], request: pytest.FixtureRequest) -> Story:
    day = Launch(units=8)
    facts = [*day.opening(), *day.register(), *day.groups(), day.freeze(), *day.prepare(0), day.sign(0)]
    facts += granted("agency-440303", types=tuple(event.declared.type for event in CHANGED_BY["signing"]))
    Bus(engine).deliver(Numbering().messages("440303", [*facts, ENDPOINT.registered()]))
    sender = Endpoints(origin="clearwater.example", allowed=LOOPBACK)
    Deliverer(engine, sender, SigningKeys(PRIVATE), clock=RealClock()).run_once()
    with database.begin(engine, district="440303") as tx:
        statements_kept.keep_key(tx, KEY.key_id, KEY.public)
        statements_kept.keep(tx, Statement("real-estate", date(2026, 5, 31), 1, 0, 1, [], KEY.sign(STATED)))
    app = factory.create(
        "reporting",
        engine=engine,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=request.param,
        problem_files=PROBLEMS,
        migrations=MIGRATIONS,
        resources=Hub(engine, RealClock()),
    )
    return Story(
        app,
        lambda role: local_issuer.mint(issuer[1], role=role, districts=("440303",)),
        world={"parked.read": lambda: waiting_key(engine, CONSUMER, "440303")},
    )


def test_the_examples_run_as_a_story(story: Story) -> None:
    assert story.run() and not story.unused_operations()


@pytest.mark.timeout(600)
def test_hostile_values_at_every_parameter_are_refused_with_a_code(story: Story) -> None:
    story.run()
    hostile = Hostile(story)

    hostile.at_every_operation()
    hostile.at_every_page()

    assert hostile.thrown > 500
    assert not hostile.found, "\n".join(hostile.found[:40])


def test_no_value_at_the_end_of_its_kind_is_an_error_of_ours(story: Story) -> None:
    story.run()
    hostile = Hostile(story)

    hostile.at_every_extreme(project=str(Launch().project_id), figure=(*FIGURES, *_OF_SIGNINGS))

    assert not hostile.found, "\n".join(hostile.found[:40])


def test_a_link_of_another_site_changes_no_session(story: Story) -> None:
    assert foreign_links.changes(story.app) == []
