"""Does an upgraded database work? A command in signing and in registry, an event in reporting and in notify."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from deploy.local import issuer as local_issuer
from services.notify.consumers import CONSUMER as NOTIFY
from services.notify.consumers import KINDS
from services.notify.consumers import reactions as notify_reactions
from services.notify.store.contacts import Opener
from services.registry import api as registry_api
from services.registry import wiring as registry_wiring
from services.reporting.projections.reactions import CONSUMER as REPORTING
from services.reporting.store import model_schema
from services.signing import application as signing_application
from services.signing.config import Settings
from shared.events import codec, signing, topics
from shared.events.registry import ProjectOpened
from shared.messaging import memory
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Message
from shared.service import database as databases
from shared.service import factory
from tests.support import dumps
from tests.support.launch import Bus, Launch, Numbering
from tests.support.owners import PRIVATE
from tests.support.serving import Settings as LeastSettings
from tests.support.signing import SetClock

DISTRICT = "440303"
_READY = text("""
    select agreement_id, person_id, mandates.hand, mandates.kind, (select max(signed_at) from numbers) as signed_at,
           (select last_number from series where series.project_id = agreements.project_id and series.series = agreements.series) as last
    from agreements join case_holders using (unit_id)
    left join mandates on mandates.unit_id = agreements.unit_id and right_holder = person_id
    where agreement_id = (select min(agreement_id::text)::uuid from agreements
                          where state = 'locked' and district = :district
                            and not exists (select from signatures where signatures.agreement_id = agreements.agreement_id))
""")
_SIGNED = text("""
    select signings.*, inbox.topic, inbox.key, inbox.last_sequence, signed_units
    from model.signings join model.inbox on key = unit_id::text and topic like '%signing-case' join model.tallies using (project_id)
    where fact = 'signed' and signings.district = :district
      and not exists (select from model.signings as undone where undone.agreement_id = signings.agreement_id and change = -1)
    order by sequence_number limit 1
""")


@pytest.fixture
def upgraded(platform, empty_database):
    """upgraded("signing") is release 0.1.0's database of the service, brought to the newest version."""

    def bring(service):
        made = empty_database(service)
        dumps.restore(platform, made, version="0.1.0", service=service)
        dumps.migrate(platform, service, made)
        return made

    return bring


@pytest.fixture
def engine():
    """engine(url) is closed after the test, before its database is dropped."""
    made = []

    def connect(url, **settings):
        made.append(databases.connect(url, application_name="test", **settings))
        return made[-1]

    yield connect
    for opened in made:
        opened.dispose()


def test_signing_gives_the_next_number_to_an_agreement_that_the_old_release_locked(upgraded, engine, issuer):
    made = upgraded("signing")
    hands = _rows(engine(made.mechanism), _READY)
    settings = Settings(
        database_url=made.app, issuer_url=issuer[0], public_url="http://localhost", session_secret="s", api_threads=4
    )
    clock = SetClock(hands[0].signed_at + timedelta(minutes=1))
    app = signing_application.create_with(settings, clock=clock)

    for hand in hands:
        body = {
            "right_holder": str(hand.person_id),
            "hand": str(hand.hand or hand.person_id),
            "capacity": hand.kind or "self",
        }
        answer = app.test_client().post(
            f"/api/v1/agreements/{hand.agreement_id}/signatures", json=body, headers=_headers(issuer, "desk")
        )
        assert answer.status_code == 201, answer.text
    app.extensions["clearwater"].engine.dispose()

    assert (answer.json["state"], answer.json["sequence_number"]) == ("signed", hands[0].last + 1)


def test_registry_forms_a_group_in_a_project_that_the_old_release_opened(upgraded, engine, issuer):
    made = upgraded("registry")
    app = factory.create(
        "registry",
        engine=engine(made.app),
        clock=SetClock(datetime(2026, 12, 1, tzinfo=UTC)),
        settings=LeastSettings(issuer[0]),
        blueprints=registry_api.BLUEPRINTS,
        problem_files=(registry_wiring.MIGRATIONS.folder.with_name("problems.toml"),),
        migrations=registry_wiring.MIGRATIONS,
        resources=None,
    )
    client = app.test_client()
    projects = client.get("/api/v1/projects", headers=_headers(issuer, "command")).json["items"]

    formed = client.post(
        f"/api/v1/projects/{projects[0]['project_id']}/groups",
        json={"name": "新组"},
        headers=_headers(issuer, "command"),
    )

    assert (formed.status_code, formed.json["name"]) == (201, "新组")
    assert client.get("/ready").status_code == 200


def test_reporting_takes_a_rescission_off_the_count_of_the_old_release(upgraded, engine):
    made = upgraded("reporting")
    mechanism = engine(made.mechanism, search_path=model_schema.SEARCH_PATH)
    signed = _rows(mechanism, _SIGNED)[0]

    Bus(engine(made.app, search_path=model_schema.SEARCH_PATH), [DISTRICT]).deliver([_rescission(signed)])

    counted = text("select signed_units from model.tallies where project_id = :project_id")
    assert _rows(mechanism, counted, project_id=signed.project_id)[0].signed_units == signed.signed_units - 1
    assert _parked(mechanism, REPORTING) == 0


def test_notify_notes_a_new_project_beside_that_of_the_old_release(upgraded, engine):
    made = upgraded("notify")
    broker = memory.Broker()
    for kind in KINDS:
        broker.create(topics.name(DISTRICT, kind))
    launch = Launch(DISTRICT)
    opened = [event for event in launch.opening() if isinstance(event, ProjectOpened)]
    memory.Producer(broker).publish(Numbering().messages(DISTRICT, opened))
    table = notify_reactions(opener=Opener(PRIVATE), clock=SetClock())

    Consumer(
        NOTIFY, engine(made.app), memory.Subscription(broker, group="g", topics=topics.pattern(*KINDS)), table
    ).run_once(wait_seconds=0)

    mechanism = engine(made.mechanism)
    noted = _rows(mechanism, text("select project_id from projects where district = :district"))
    assert len(noted) == 2
    assert launch.project_id in {row.project_id for row in noted}
    assert _parked(mechanism, NOTIFY) == 0


def _rescission(signed) -> Message:
    event = signing.AgreementRescinded(
        project_id=signed.project_id, unit_id=UUID(signed.key), agreement_id=signed.agreement_id, series=signed.series,
        sequence_number=signed.sequence_number, reason="owner_withdrew", rescinded_at=signed.at + timedelta(hours=1),
    )  # fmt: skip
    headers = {"time": datetime.now(UTC).isoformat(), "epoch": "1"}
    payload = codec.encode(event)
    return Message(uuid4(), signed.topic, signed.key, signed.last_sequence + 1, event.declared.type, payload, headers)


def _headers(issuer, role):
    token = local_issuer.mint(issuer[1], role=role, districts=(DISTRICT,))
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}


def _parked(engine, consumer):
    waiting = text("select count(*) as waiting from parked where consumer = :consumer and released_at is null")
    return _rows(engine, waiting, consumer=consumer)[0].waiting


def _rows(engine, statement, **values):
    with engine.connect() as connection:
        return connection.execute(statement, {"district": DISTRICT, **values}).all()
