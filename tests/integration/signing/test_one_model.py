"""An act answers what reading the same thing answers right after it: one model, one builder."""

from datetime import timedelta
from typing import Any

from tests.integration.signing.conftest import Desk
from tests.integration.signing.test_http import PAPERS, TERMS, self_signature
from tests.support.signing import LAUNCH, District, a_holder

DONE = {"evidence": "交房单 0411"}
REASON = {"reason": "amount_wrong", "note": "面积"}


def acted(desk: Desk, path: str, body: dict[str, Any], *, reads: str = "", role: str = "desk") -> dict[str, Any]:
    """The answer to a POST, compared with a GET of what it is about: its fields, and its version."""
    answer = desk.post(path, body, role=role)
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json
    stands = desk.ask(reads or f"/agreements/{given['agreement_id']}")
    assert {name: value for name, value in given.items() if name != "checklist"} == stands.json
    assert answer.headers["ETag"] == stands.headers["ETag"]
    return given


def test_every_act_on_an_agreement_answers_the_agreement_as_it_is_read(desk: Desk, district: District) -> None:
    owners = [a_holder("1/3"), a_holder("2/3")]
    unit = district.register(*owners)
    other = district.register()
    district.freeze()
    for item in (unit, other):
        acted(desk, f"/cases/{item}/rights/confirmations", {}, reads=f"/cases/{item}")
    drafted = acted(desk, f"/cases/{unit}/agreements", TERMS)["agreement_id"]
    returned = acted(desk, f"/cases/{other}/agreements", TERMS)["agreement_id"]
    acted(desk, f"/agreements/{returned}/returns", REASON)
    acted(desk, f"/agreements/{drafted}/reviews", PAPERS)
    acted(desk, f"/agreements/{drafted}/locks", {})
    acted(desk, f"/agreements/{drafted}/unlocks", REASON, role="command")
    acted(desk, f"/agreements/{drafted}/reviews", PAPERS)
    acted(desk, f"/agreements/{drafted}/locks", {})
    successor = acted(desk, f"/agreements/{drafted}/supersessions", TERMS | REASON, role="command")["agreement_id"]
    assert desk.ask(f"/agreements/{drafted}").json["superseded_by"] == successor
    acted(desk, f"/agreements/{successor}/reviews", PAPERS)
    acted(desk, f"/agreements/{successor}/locks", {})
    acted(desk, f"/agreements/{successor}/pre-registrations", {})
    acted(desk, f"/agreements/{successor}/signatures", self_signature(owners[0].person_id))
    signed = acted(desk, f"/agreements/{successor}/signatures", self_signature(owners[1].person_id))
    assert signed["sequence_number"] == 1
    undone = acted(desk, f"/agreements/{successor}/rescissions", REASON, role="command")
    assert (undone["detached_for"], undone["sequence_number"]) == ("amount_wrong", 1)


def test_acts_on_rights_and_projects_answer_them_as_they_are_read(desk: Desk, district: District) -> None:
    district.open_project(("units", 50))
    unit = district.register()
    district.freeze()
    case, project = f"/cases/{unit}", f"/projects/{district.project_id}"

    acted(desk, f"{case}/rights/reviews", {}, reads=case)
    acted(desk, f"{case}/rights/confirmations", {}, reads=case)
    acted(desk, f"{case}/rights/disputes", {"reason": "inheritance"}, reads=case)
    acted(desk, f"{case}/area-disputes", {"disputed": True, "reason": "balcony"}, reads=case)
    acted(desk, f"{case}/area-disputes", {"disputed": False, "reason": "balcony"}, reads=case)
    agreement_id = district.signed(unit)
    declared = acted(desk, f"{project}/declarations", {"document_number": "1"}, reads=project, role="command")
    assert (declared["live"], declared["numbers"]) == ({"cash": 1}, {"cash": 1})
    acted(desk, f"/agreements/{agreement_id}/performances", DONE, role="command")
    desk.app.extensions["clearwater"].clock.set(LAUNCH + timedelta(days=16))
    acted(desk, f"{project}/closings", {}, reads=project, role="command")


def test_a_mandate_is_answered_as_its_case_shows_it(desk: Desk, district: District) -> None:
    owner, agent = a_holder(), a_holder()
    unit = district.register(owner)
    district.register(agent)
    body = {"right_holder": str(owner.person_id), "hand": str(agent.person_id), "kind": "agent",
            "valid_until": "2027-01-01", "evidence": "公证书 1"}  # fmt: skip

    answer = desk.post(f"/cases/{unit}/mandates", body)

    assert answer.status_code == 201, answer.text
    assert answer.json == desk.ask(f"/cases/{unit}").json["mandates"][0]
    assert answer.json["hand_capable"] is True
