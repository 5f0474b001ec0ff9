"""Agencies and grants: two persons, an event for each act, and nothing of it can be changed afterwards, also not in the database."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.events import catalogue
from shared.events.registry import AgencyRegistered, GrantApproved, GrantProposed, GrantRevoked
from shared.service import database as databases
from tests.integration.registry.conftest import DISTRICT, Registry, events_of

AGENCY = {
    "agency": "real-estate",
    "name": "澄江市不动产登记中心",
    "office": "信息科",
    "email": "it@registry.example",
    "clients": ["agency-real-estate"],
}
SIGNED, THRESHOLD = "clearwater.signing.agreement.signed.v1", "clearwater.signing.threshold.reached.v1"
NOW = datetime.now(UTC)
TERMS = {
    "purpose": "注销原房产证",
    "legal_basis": "样例办法第八条",
    "audiences": ["public", "internal"],
    "event_types": [SIGNED],
    "starts_at": NOW.isoformat(),
    "ends_at": (NOW + timedelta(days=365)).isoformat(),
}


def proposed(registry: Registry, **change: object):
    registry.post("/districts", {"district": DISTRICT, "name": "样例区"}, role="city")
    registry.post("/agencies", AGENCY, role="city")
    return registry.post("/agencies/real-estate/grants", {**TERMS, **change}, role="city")


def approved(registry: Registry) -> str:
    grant_id: str = proposed(registry).json["grant_id"]
    assert registry.post(f"/grants/{grant_id}/approval", role="command").status_code == 201
    return grant_id


def test_each_act_is_an_event_of_the_agency(registry: Registry):
    grant_id = approved(registry)
    revoked = registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核未完成"}, role="city")

    assert (revoked.json["state"], revoked.json["reason"]) == ("revoked", "年度复核未完成")
    [agency], [proposal] = events_of(registry, AgencyRegistered), events_of(registry, GrantProposed)
    [approval], [revocation] = events_of(registry, GrantApproved), events_of(registry, GrantRevoked)
    assert (agency.key, agency.clients) == ("real-estate", ("agency-real-estate",))
    assert proposal.terms == approval.terms
    assert approval.terms.event_types == (SIGNED,)
    assert {str(approval.grant_id), str(revocation.grant_id)} == {grant_id}


def test_the_contact_of_an_agency_is_not_published(registry: Registry):
    proposed(registry)

    with registry.mechanism.connect() as connection:
        payloads = connection.execute(text("select convert_from(payload, 'UTF8') from events")).scalars().all()
    assert not [payload for payload in payloads if "it@registry.example" in payload or "信息科" in payload]


ABOUT_AGENCIES = [event.declared.type for event in catalogue.events() if event.declared.topic == "registry-agency"]


@pytest.mark.parametrize("event_type", ABOUT_AGENCIES)
def test_events_about_agencies_are_granted_to_nobody(registry: Registry, event_type: str):
    refused = proposed(registry, event_types=[SIGNED, event_type])

    assert (refused.status_code, refused.json["code"]) == (422, "event-type-not-granted")
    assert refused.json["facts"] == {"event_types": [event_type]}
    headers = {**registry.headers("city"), "Accept": "text/html"}
    form = registry.app.test_client().get(f"/register/agencies/{DISTRICT}/real-estate/grants/new", headers=headers)
    assert SIGNED in form.text and event_type not in form.text
    # Also where a grant of an earlier version names it: everything that is given out asks this function.
    assert catalogue.of_audiences([SIGNED, event_type], ["public", "internal"]) == {SIGNED}


def test_every_event_that_names_an_agency_is_about_agencies():
    """An event on another topic could name one, and would be granted."""
    named = {event.declared.type for event in catalogue.events() if "agency" in event.model_fields}

    assert named and named <= set(ABOUT_AGENCIES)
    assert {event.declared.topic for event in catalogue.grantable()}.isdisjoint({"registry-agency"})


def test_who_proposed_cannot_approve(registry: Registry):
    grant_id = proposed(registry).json["grant_id"]

    refused = registry.post(f"/grants/{grant_id}/approval", role="city")

    assert (refused.status_code, refused.json["code"]) == (403, "grant-needs-two")
    assert events_of(registry, GrantApproved) == []


def test_the_database_too_refuses_one_person_for_both(registry: Registry):
    grant_id = proposed(registry).json["grant_id"]

    with pytest.raises(DBAPIError, match="grants_check1"), databases.begin(registry.engine, district=DISTRICT) as tx:
        tx.connection.execute(
            text("update grants set approved_by = proposed_by, approved_at = now() where grant_id = :grant_id"),
            {"grant_id": grant_id},
        )


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("set event_types = array['clearwater.registry.contact.recorded.v1']", "permission denied"),
        ("set ends_at = ends_at + interval '10 years'", "permission denied"),
        ("set approved_by = 'somebody-else'", "was decided before"),
        ("set approved_at = now()", "was decided before"),
        ("set approved_by = null, approved_at = null", "was decided before"),
    ],
)
def test_an_approved_grant_cannot_be_changed_in_the_database(registry: Registry, change: str, refusal: str):
    approved(registry)

    with pytest.raises(DBAPIError, match=refusal), databases.begin(registry.engine, district=DISTRICT) as tx:
        tx.connection.execute(text(f"update grants {change}"))


@pytest.mark.parametrize(
    "change", ["set revoked_by = null, revoked_at = null, reason = null", "set approved_by = 'x', approved_at = now()"]
)
def test_a_revoked_grant_cannot_be_changed_in_the_database(registry: Registry, change: str):
    grant_id = proposed(registry).json["grant_id"]
    revoked = registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核未完成"}, role="command")
    assert revoked.status_code == 201

    with (
        pytest.raises(DBAPIError, match="was decided before"),
        databases.begin(registry.engine, district=DISTRICT) as tx,
    ):
        tx.connection.execute(text(f"update grants {change}"))


def test_a_grant_is_decided_once(registry: Registry):
    grant_id = approved(registry)

    again = registry.post(f"/grants/{grant_id}/approval", role="city")
    registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核未完成"}, role="command")
    twice = registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核未完成"}, role="command")
    late = registry.post(f"/grants/{grant_id}/approval", role="command")

    assert {answer.json["code"] for answer in (again, twice, late)} == {"grant-decided"}
    assert len(events_of(registry, GrantRevoked)) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"event_types": ["clearwater.registry.contact.recorded.v1"]}, "event-type-not-granted"),
        ({"event_types": ["clearwater.signing.agreement.signed.v9"]}, "event-type-not-granted"),
        ({"audiences": ["public"]}, "event-type-not-granted"),
        ({"audiences": ["restricted"]}, "body-invalid"),
        ({"event_types": []}, "body-invalid"),
        ({"fields": ["masked_name"]}, "body-invalid"),
        ({"ends_at": TERMS["starts_at"]}, "grant-period-empty"),
        ({"purpose": "联系 13800000000"}, "body-invalid"),
    ],
)
def test_an_invalid_grant_is_refused(registry: Registry, change, code):
    assert proposed(registry, **change).json["code"] == code
    assert events_of(registry, GrantProposed) == []


def test_an_agency_is_changed_from_the_version_that_was_read(registry: Registry):
    proposed(registry)
    changed = {**{name: value for name, value in AGENCY.items() if name != "agency"}, "clients": ["agency-new"]}

    stale = registry.patch("/agencies/real-estate", changed, version=7, role="city")
    done = registry.patch("/agencies/real-estate", changed, version=1, role="city")

    assert stale.json["code"] == "version-superseded"
    assert (done.json["revision"], done.json["clients"]) == (2, ["agency-new"])
    assert [item.clients for item in events_of(registry, AgencyRegistered)] == [
        ("agency-real-estate",),
        ("agency-new",),
    ]


def test_a_client_acts_for_one_agency(registry: Registry):
    proposed(registry)

    taken = registry.post("/agencies", {**AGENCY, "agency": "tax"}, role="city")

    assert (taken.status_code, taken.json["code"]) == (409, "client-taken")
    assert [agency["agency"] for agency in registry.get("/agencies", role="city").json["items"]] == ["real-estate"]


@pytest.mark.parametrize("role", ["clerk", "desk", "officer", "auditor", "agency"])
def test_only_those_who_decide_may_grant(registry: Registry, role: str):
    grant_id = proposed(registry).json["grant_id"]

    assert registry.post("/agencies", {**AGENCY, "agency": "tax"}, role=role).status_code == 403
    assert registry.post("/agencies/real-estate/grants", TERMS, role=role).status_code == 403
    assert registry.post(f"/grants/{grant_id}/approval", role=role).status_code == 403
    assert registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核"}, role=role).status_code == 403


def test_another_district_sees_neither_agency_nor_grant(registry: Registry):
    grant_id = proposed(registry).json["grant_id"]

    assert registry.get(f"/grants/{grant_id}", role="command", district="440305").status_code == 404
    assert registry.get("/grants", role="command", district="440305").json["items"] == []
    assert registry.get("/agencies", role="command", district="440305").json["items"] == []
    assert registry.post(f"/grants/{grant_id}/approval", role="command", district="440305").status_code == 404
