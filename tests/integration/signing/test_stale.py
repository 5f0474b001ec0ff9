"""An act with an outdated version is refused; an act without a version is accepted."""

from datetime import timedelta

import pytest

from tests.integration.signing.conftest import Desk
from tests.integration.signing.test_http import PAPERS, TERMS, ready, self_signature
from tests.support.signing import LAUNCH, District, a_holder


def test_a_review_and_a_lock_hold_for_the_version_that_was_read(desk: Desk, district: District) -> None:
    unit = district.register()
    desk.post(f"/cases/{unit}/rights/confirmations", {})
    drafted = desk.post(f"/cases/{unit}/agreements", TERMS)
    path, stale = f"/agreements/{drafted.json['agreement_id']}", {"If-Match": drafted.headers["ETag"]}
    edited = desk.put(f"{path}/terms", {**TERMS, "rule_set_version": "4"}, version=drafted.json["version"])

    refused = desk.post(f"{path}/reviews", PAPERS, **stale)
    assert (refused.status_code, refused.json["code"]) == (412, "version-superseded")
    reviewed = desk.post(f"{path}/reviews", PAPERS, **{"If-Match": edited.headers["ETag"]})
    assert (reviewed.status_code, reviewed.json["state"]) == (201, "reviewed")
    refused = desk.post(f"{path}/locks", {}, **stale)
    assert (refused.status_code, refused.json["code"]) == (412, "version-superseded")
    assert desk.post(f"{path}/locks", {}, **{"If-Match": reviewed.headers["ETag"]}).json["state"] == "locked"


@pytest.mark.parametrize(
    ("acts", "last", "role"),
    [
        (0, "returns", "desk"),
        (2, "pre-registrations", "desk"),
        (2, "unlocks", "command"),
        (3, "rescissions", "command"),
    ],
)
def test_undoing_an_agreement_needs_the_version_that_was_read(
    desk: Desk, district: District, acts: int, last: str, role: str
) -> None:
    unit = district.register()
    desk.post(f"/cases/{unit}/rights/confirmations", {})
    path = f"/agreements/{desk.post(f'/cases/{unit}/agreements', TERMS).json['agreement_id']}"
    before = (("reviews", PAPERS), ("locks", {}), ("signatures", self_signature(district.owners(unit)[0])))
    for name, body in before[:acts]:
        desk.post(f"{path}/{name}", body)
    read, body = desk.ask(path), {} if last == "pre-registrations" else {"reason": "other"}

    refused = desk.post(f"{path}/{last}", body, role=role, **{"If-Match": f'"{read.json["version"] + 1}"'})
    assert (refused.status_code, refused.json["code"]) == (412, "version-superseded")
    assert desk.ask(path).json["state"] == read.json["state"]
    done = desk.post(f"{path}/{last}", body, role=role, **{"If-Match": read.headers["ETag"]})
    assert done.status_code == 201 and done.json["state"] != read.json["state"]


def test_a_signature_holds_for_the_terms_on_the_paper(desk: Desk, district: District) -> None:
    unit = district.register()
    path = f"/agreements/{ready(desk, unit)}"
    locked = desk.ask(path).json["terms_digest"]
    signature = self_signature(district.owners(unit)[0])

    refused = desk.post(f"{path}/signatures", {**signature, "terms_digest": "0" * 64})
    assert (refused.status_code, refused.json["code"]) == (409, "terms-changed-since-read")
    assert refused.json["facts"]["terms_digest"] == locked
    assert district.rows("select * from signatures") == []
    assert desk.post(f"{path}/signatures", {**signature, "terms_digest": locked}).json["state"] == "signed"


def test_a_confirmation_holds_for_the_rights_that_were_read(desk: Desk, district: District) -> None:
    unit = district.register()
    path, read = f"/cases/{unit}/rights/confirmations", desk.ask(f"/cases/{unit}").json["revision"]
    district.correct(unit, right_holders=(a_holder(),))

    refused = desk.post(path, {"revision": read})
    assert (refused.status_code, refused.json["code"]) == (409, "rights-changed-since-read")
    district.correct(unit, floor=7)  # no change of rights: revision 2 has the same rights
    assert desk.post(path, {"revision": read + 1}).json["rights"] == "confirmed"


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1999-12-31", "2200-01-01"])
def test_a_day_outside_the_supported_years_is_refused(desk: Desk, district: District, day: str) -> None:
    refused = desk.post(f"/projects/{district.project_id}/days", {"business_on": day}, role="command")

    assert (refused.status_code, refused.json["code"]) == (422, "body-invalid")


def test_a_declared_project_answers_with_its_version(desk: Desk, district: District) -> None:
    district.signed(district.register())
    district.freeze()
    path, body = f"/projects/{district.project_id}", {"document_number": "罗府〔2026〕1号"}

    declared = desk.post(f"{path}/declarations", body, role="command")
    again = desk.post(f"{path}/declarations", body, role="command")
    district.clock.set(LAUNCH + timedelta(days=1))

    assert declared.headers["ETag"] == again.headers["ETag"] == desk.ask(path).headers["ETag"]
