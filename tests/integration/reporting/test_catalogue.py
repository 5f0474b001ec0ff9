"""Who sees what of the catalogue: everybody what the contract says, a reader of grants the agencies of their own districts as well."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from services.reporting.web import guide
from shared.events import catalogue, schemas
from shared.events.registry import GrantRevoked
from tests.support.launch import Bus, Numbering, granted

SIGNED, LOCKED = "clearwater.signing.agreement.signed.v1", "clearwater.signing.agreement.locked.v1"
WRAPPED = "clearwater.registry.key.wrapped.v1"


def page(app: Flask, issuer: tuple[str, Path], path: str, *, role: str = "", district: str = "440303") -> TestResponse:
    headers = {"Accept": "text/html"}
    if role:
        headers["Authorization"] = f"Bearer {local_issuer.mint(issuer[1], role=role, districts=(district,))}"
    return app.test_client().get(path, headers=headers, query_string={"language": "en"})


def test_everybody_reads_the_catalogue_and_its_files(app: Flask, issuer: tuple[str, Path]) -> None:
    listed = page(app, issuer, "/events")

    assert listed.status_code == 200
    for event in catalogue.events():
        assert f'href="/events/{event.declared.type}"' in listed.text
        assert page(app, issuer, f"/events/{event.declared.type}").status_code == 200
        served = app.test_client().get(f"/events/schemas/{event.declared.type}.json")
        assert json.loads(served.text) == schemas.document(event)
        assert served.mimetype == "application/schema+json"
    files = ["asyncapi.json", "xregistry.json", "feed.openapi.json", "EVENTS.md", "subscribe.md", *guide.examples()]
    for name in files:
        assert app.test_client().get(f"/events/{name}").status_code == 200
    assert 'href="/events/subscribe.md"' in listed.text
    assert app.test_client().get("/events/examples/python/receiver.py").mimetype == "text/plain"


@pytest.mark.parametrize(
    "path",
    [
        "clearwater.signing.agreement.signed.v9",
        "schemas/none.json",
        "../wall",
        "EVENTS.MD",
        "%00",
        "examples/python",
        "examples/../README.md",
    ],
)
def test_an_unknown_page_of_the_catalogue_is_not_found(app: Flask, issuer: tuple[str, Path], path: str) -> None:
    assert page(app, issuer, f"/events/{path}").status_code in {400, 404}


def test_only_readers_of_grants_see_who_reads_an_event_and_only_in_their_districts(
    app: Flask, engine: Engine, issuer: tuple[str, Path]
) -> None:
    Bus(engine, ("440303", "440305")).deliver(Numbering().messages("440303", granted("client", types=(SIGNED,))))

    for role in ("command", "city", "auditor"):
        assert "real-estate" in page(app, issuer, f"/events/{SIGNED}", role=role).text
        assert "real-estate" not in page(app, issuer, f"/events/{LOCKED}", role=role).text
    assert "real-estate" not in page(app, issuer, f"/events/{SIGNED}", role="command", district="440305").text
    for role in ("", "desk", "officer", "clerk", "agency"):
        found = page(app, issuer, f"/events/{SIGNED}", role=role)
        assert found.status_code == 200
        assert "real-estate" not in found.text and 'id="readers"' not in found.text


def test_a_grant_that_has_ended_or_was_revoked_names_no_reader(
    app: Flask, engine: Engine, issuer: tuple[str, Path]
) -> None:
    numbering, bus = Numbering(), Bus(engine)
    acts = granted("client", types=(SIGNED,))
    bus.deliver(numbering.messages("440303", acts))
    over = granted("other", types=(LOCKED,), starts_at=datetime.now(UTC) - timedelta(days=2_000))
    bus.deliver(numbering.messages("440303", over))
    revoked = GrantRevoked(agency="real-estate", grant_id=acts[1].grant_id, reason="x", revoked_at=datetime.now(UTC))
    bus.deliver(numbering.messages("440303", [revoked]))

    for event_type in (SIGNED, LOCKED):
        assert "real-estate" not in page(app, issuer, f"/events/{event_type}", role="command").text


def test_a_restricted_event_says_that_nobody_is_granted_it(app: Flask, issuer: tuple[str, Path]) -> None:
    assert "granted to nobody" in page(app, issuer, f"/events/{WRAPPED}", role="city", district="*").text
