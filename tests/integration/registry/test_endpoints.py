"""Endpoints: an agency's own engineer keeps them within its grants, and nobody else reads their secrets."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.reporting.store.signing_keys import SigningKeys
from shared.events.registry import EndpointRegistered, EndpointRemoved
from tests.integration.registry.conftest import DISTRICT, SENDER_PRIVATE, Registry, events_of
from tests.integration.registry.test_agencies import AGENCY, SIGNED, TERMS, THRESHOLD

HERE = f"/districts/{DISTRICT}/endpoints"
RESCINDED = "clearwater.signing.agreement.rescinded.v1"
URL = "https://events.agency.example/clearwater"


def granted(
    registry: Registry, agency: str = "real-estate", client: str = f"agency-{DISTRICT}", terms: Mapping = TERMS
) -> str:
    registry.post("/districts", {"district": DISTRICT, "name": "样例区"}, role="city")
    registry.post("/agencies", {**AGENCY, "agency": agency, "clients": [client]}, role="city")
    grant_id: str = registry.post(f"/agencies/{agency}/grants", terms, role="city").json["grant_id"]
    assert registry.post(f"/grants/{grant_id}/approval", role="command").status_code == 201
    return grant_id


def added(registry: Registry, **change: object):
    return registry.post(HERE, {"url": URL, **change}, role="agency")


def test_an_endpoint_is_published_with_a_secret_that_reporting_alone_opens(registry: Registry):
    granted(registry)

    answer = added(registry, event_types=[SIGNED])
    [shown] = registry.get(f"{HERE}/{answer.json['endpoint_id']}/secrets", role="agency").json["secrets"]

    [event] = events_of(registry, EndpointRegistered)
    secrets = [secret.model_dump(mode="json") for secret in event.secrets]
    [opened] = SigningKeys(SENDER_PRIVATE).live(event.endpoint_id, secrets, at=datetime.now(UTC))
    assert (event.agency, event.url, event.ordering, event.start) == ("real-estate", URL, "case", "now")
    assert shown["secret"] == "whsec_" + base64.b64encode(opened).decode()
    with registry.mechanism.connect() as connection:
        answers = connection.execute(text("select coalesce(convert_from(body, 'UTF8'), '') from idempotent_answers"))
        payloads = connection.execute(text("select convert_from(payload, 'UTF8') from events"))
        stored = [*answers.scalars(), *payloads.scalars()]
    assert not [it for it in stored if "whsec_" in it or base64.b64encode(opened).decode() in it]


def test_a_rotation_lets_the_former_secret_sign_on_for_the_overlap(registry: Registry):
    granted(registry)
    endpoint_id = added(registry).json["endpoint_id"]

    def secrets():
        return registry.get(f"{HERE}/{endpoint_id}/secrets", role="agency").json["secrets"]

    [first] = secrets()
    registry.post(f"{HERE}/{endpoint_id}/secrets", {"overlap_hours": 2}, role="agency")
    second = secrets()
    registry.post(f"{HERE}/{endpoint_id}/secrets", {"overlap_hours": 2}, role="agency")
    third = secrets()
    registry.post(f"{HERE}/{endpoint_id}/secrets", {"overlap_hours": 0}, role="agency")

    ends_at = datetime.fromisoformat(second[1]["ends_at"])
    assert [it["key_id"] for it in second][1] == first["key_id"] and second[0]["ends_at"] is None
    assert timedelta(hours=1.9) < ends_at - datetime.now(UTC) <= timedelta(hours=2)
    assert [it["key_id"] for it in third][1] == second[0]["key_id"] and len(third) == 2
    assert len(secrets()) == 1
    assert [len(event.secrets) for event in events_of(registry, EndpointRegistered)] == [1, 2, 2, 1]


def test_a_change_starts_from_the_version_that_was_read(registry: Registry):
    granted(registry)
    path = f"{HERE}/{added(registry).json['endpoint_id']}"

    changed = registry.patch(path, {"url": URL, "ordering": "none", "active": False}, version=1, role="agency")
    stale = registry.patch(path, {"url": URL}, version=1, role="agency")

    assert (changed.json["ordering"], changed.json["active"], changed.json["revision"]) == ("none", False, 2)
    assert stale.json["code"] == "version-superseded"
    assert [event.active for event in events_of(registry, EndpointRegistered)] == [True, False]


def test_a_change_that_is_sent_again_has_one_effect(registry: Registry):
    granted(registry)
    path = f"{HERE}/{added(registry).json['endpoint_id']}"

    first, again = (registry.patch(path, {"url": URL, "active": False}, role="agency", key="k") for _ in range(2))

    assert (again.status_code, again.headers.get("Replayed"), again.data) == (200, "true", first.data)
    assert [event.active for event in events_of(registry, EndpointRegistered)] == [True, False]


@pytest.mark.parametrize("left", ["another type", "nothing"])
def test_an_endpoint_can_be_paused_and_narrowed_whatever_is_granted_now(registry: Registry, left: str):
    terms = {**TERMS, "event_types": [SIGNED, THRESHOLD]}
    grant_id = granted(registry, terms=terms)
    path = f"{HERE}/{added(registry, event_types=[SIGNED, THRESHOLD]).json['endpoint_id']}"
    registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核未完成"}, role="city")
    if left == "another type":
        granted(registry, terms={**TERMS, "event_types": [RESCINDED]})

    both = {"url": URL, "event_types": [SIGNED, THRESHOLD], "active": False}
    paused = registry.patch(path, both, version=1, role="agency")
    narrowed = registry.patch(path, {**both, "event_types": [THRESHOLD]}, version=2, role="agency")
    wider = registry.patch(path, {**both, "event_types": [SIGNED, THRESHOLD]}, version=3, role="agency")

    assert (paused.json["active"], narrowed.json["event_types"]) == (False, [THRESHOLD])
    assert (wider.json["code"], wider.json["facts"]["event_types"]) == ("endpoint-type-not-granted", [SIGNED])


def test_a_removed_endpoint_has_no_secret_and_cannot_be_changed(registry: Registry):
    granted(registry)
    path = f"{HERE}/{added(registry).json['endpoint_id']}"

    removed = registry.post(f"{path}/removal", role="agency")

    assert removed.json["removed_at"]
    assert len(events_of(registry, EndpointRemoved)) == 1
    assert registry.get(f"{path}/secrets", role="agency").status_code == 404
    assert registry.patch(path, {"url": URL}, version=1, role="agency").status_code == 404
    assert registry.post(f"{path}/removal", role="agency").status_code == 404


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"event_types": [THRESHOLD]}, "endpoint-type-not-granted"),
        ({"event_types": ["clearwater.registry.contact.recorded.v1"]}, "endpoint-type-not-granted"),
        *(
            ({"url": url}, "body-invalid")
            for url in (
                "ftp://agency.example/", "https://user:secret@agency.example/", "https://agency.example/#x", "file:///etc/passwd",
                "https://", "https://agency.example:port/", "https://a.example/\r\nX: y", "https://澄江.example/", "//agency.example/",
                "https://agency.example\\@127.0.0.1/", "https://agency.example/" + "x" * 500,
            )
        ),
    ],
)  # fmt: skip
def test_an_invalid_endpoint_is_refused(registry: Registry, change, code):
    granted(registry)

    assert added(registry, **change).json["code"] == code
    assert events_of(registry, EndpointRegistered) == []


def test_an_agency_has_ten_endpoints_in_a_district_at_most(registry: Registry):
    granted(registry)
    answers = [added(registry) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [201] * 10 + [409]
    assert answers[-1].json["code"] == "endpoints-too-many"


def test_another_agency_sees_and_changes_nothing(registry: Registry):
    granted(registry)
    path = f"{HERE}/{added(registry).json['endpoint_id']}"
    granted(registry, agency="tax", client="agency-440305")

    def as_tax(act, *rest, **named):
        return act(*rest, role="agency", district="440305", **named)

    assert as_tax(registry.get, path).status_code == 404
    assert as_tax(registry.get, f"{path}/secrets").status_code == 404
    assert as_tax(registry.get, HERE).json["items"] == []
    assert as_tax(registry.patch, path, {"url": URL}).status_code == 404
    assert as_tax(registry.post, f"{path}/secrets", {}).status_code == 404
    assert as_tax(registry.post, f"{path}/removal").status_code == 404


@pytest.mark.parametrize("district", [DISTRICT, "440305", "nowhere"])
def test_without_a_grant_a_district_looks_like_one_that_does_not_exist(registry: Registry, district: str):
    registry.post("/districts", {"district": DISTRICT, "name": "样例区"}, role="city")
    answer = registry.post(f"/districts/{district}/endpoints", {"url": URL}, role="agency")

    assert (answer.status_code, answer.json["code"]) == (403, "grant-missing")


def test_a_revoked_grant_lets_no_endpoint_be_registered(registry: Registry):
    grant_id = granted(registry)
    registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核未完成"}, role="city")

    assert added(registry).json["code"] == "grant-missing"


def test_an_agency_reads_its_own_grants_and_nothing_of_those_who_decided(registry: Registry):
    grant_id = granted(registry)
    registry.post("/agencies", {**AGENCY, "agency": "tax-bureau", "clients": ["agency-440305"]}, role="city")
    registry.post("/agencies/tax-bureau/grants", TERMS, role="city")

    [mine] = registry.get(f"/districts/{DISTRICT}/grants", role="agency").json["items"]
    registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核"}, role="command")
    [after] = registry.get(f"/districts/{DISTRICT}/grants", role="agency").json["items"]

    assert (mine["grant_id"], mine["state"], mine["purpose"]) == (grant_id, "approved", TERMS["purpose"])
    assert (after["state"], after["reason"]) == ("revoked", "年度复核")
    assert not [name for name in mine if name.endswith("_by")]
    for district in ("440305", "nowhere"):
        assert registry.get(f"/districts/{district}/grants", role="agency").json["code"] == "grant-missing"
