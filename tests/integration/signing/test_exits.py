"""How an agreement ends: superseded in one act, or performed. The database refuses every other end."""

from uuid import UUID

from tests.integration.signing.conftest import Desk
from tests.integration.signing.test_http import PAPERS, TERMS, ready, self_signature
from tests.support.signing import District, a_holder

INSTEAD = {**TERMS, "form": "cash", "reason": "rule_set_superseded", "note": "规则第四版"}
DONE = {"evidence": "交房单 0411，付款回单 20270301"}


def succeeded(desk: Desk, agreement_id: str, **headers: str) -> str:
    answer = desk.post(f"/agreements/{agreement_id}/supersessions", INSTEAD, role="command", **headers)
    assert answer.status_code == 201, answer.text
    assert (answer.json["state"], answer.json["supersedes"]) == ("drafted", agreement_id)
    return answer.json["agreement_id"]  # type: ignore[no-any-return]


def in_force(desk: Desk, district: District) -> tuple[UUID, str]:
    unit = district.register()
    district.freeze()
    agreement_id = ready(desk, unit)
    assert (
        desk.post(f"/agreements/{agreement_id}/signatures", self_signature(district.owners(unit)[0])).status_code == 201
    )
    declared = {"document_number": "罗府〔2026〕1号"}
    assert desk.post(f"/projects/{district.project_id}/declarations", declared, role="command").status_code == 201
    return unit, agreement_id


def test_superseding_replaces_a_locked_agreement_in_one_transaction(desk: Desk, district: District) -> None:
    owners = [a_holder("1/2"), a_holder("1/2")]
    unit = district.register(*owners)
    old = ready(desk, unit)
    desk.post(f"/agreements/{old}/signatures", self_signature(owners[0].person_id))
    paper = desk.ask(f"/agreements/{old}").json

    new = succeeded(desk, old)

    stays = desk.ask(f"/agreements/{old}").json
    assert (stays["state"], stays["superseded_by"]) == ("superseded", new)
    assert stays["terms_digest"] == paper["terms_digest"] and stays["right_holders"] == paper["right_holders"]
    case = desk.ask(f"/cases/{unit}").json
    assert (case["agreement"]["agreement_id"], case["earlier_agreements"], case["stage"]) == (new, [old], "negotiating")
    superseded = next(act for act in case["acts"] if act["kind"] == "superseded")
    assert superseded["facts"] == {"note": "规则第四版", "successor": new, "signatures_void": 1}
    assert district.types(unit)[-2:] == ["agreement.superseded", "agreement.drafted"]
    assert desk.post(f"/agreements/{old}/signatures", self_signature(owners[1].person_id)).json["code"] == (
        "agreement-not-locked"
    )


def test_superseding_needs_the_role_the_version_that_was_read_and_a_locked_agreement(
    desk: Desk, district: District
) -> None:
    agreement_id = ready(desk, district.register())

    assert desk.post(f"/agreements/{agreement_id}/supersessions", INSTEAD).status_code == 403
    stale = desk.post(f"/agreements/{agreement_id}/supersessions", INSTEAD, role="command", **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json["code"]) == (412, "version-superseded")
    new = succeeded(desk, agreement_id)
    for other in (agreement_id, new):
        again = desk.post(f"/agreements/{other}/supersessions", INSTEAD, role="command")
        assert (again.status_code, again.json["code"]) == (409, "agreement-not-locked")


def test_the_successor_is_signed_with_the_first_number(desk: Desk, district: District) -> None:
    unit = district.register()
    district.freeze()
    new = succeeded(desk, ready(desk, unit))
    assert desk.post(f"/agreements/{new}/reviews", PAPERS).status_code == 201
    assert desk.post(f"/agreements/{new}/locks", {}).status_code == 201

    signed = desk.post(f"/agreements/{new}/signatures", self_signature(district.owners(unit)[0])).json

    assert (signed["series"], signed["sequence_number"]) == ("cash", 1)


def test_a_performed_agreement_stays_counted_and_cannot_be_rescinded(desk: Desk, district: District) -> None:
    unit, agreement_id = in_force(desk, district)

    # The fan-out has not reached this unit yet: the act applies the effect first, so nothing overtakes it.
    done = desk.post(f"/agreements/{agreement_id}/performances", DONE, role="command")
    again = desk.post(f"/agreements/{agreement_id}/performances", DONE, role="command")

    assert (done.status_code, done.json["state"], again.json) == (201, "performed", done.json)
    assert district.types(unit)[-3:] == ["agreement.signed", "agreement.effective", "agreement.performed"]
    undone = desk.post(f"/agreements/{agreement_id}/rescissions", {"reason": "owner_withdrew"}, role="command")
    assert (undone.status_code, undone.json["code"], undone.json["facts"]) == (
        409, "agreement-not-signed", {"state": "performed"},
    )  # fmt: skip
    counted = desk.ask(f"/projects/{district.project_id}").json
    assert (counted["bases"][0]["signed"], counted["live"]) == (1, {"exchange": 1})
    assert desk.ask("/cases", unsigned="true").json["items"] == []
    act = desk.ask(f"/cases/{unit}").json["acts"][-1]
    assert (act["kind"], act["facts"]) == ("performed", DONE)


def test_a_performance_holds_for_the_version_that_was_read_whoever_carries_the_effect_to_it(
    desk: Desk, district: District
) -> None:
    _, agreement_id = in_force(desk, district)
    path, read = f"/agreements/{agreement_id}/performances", desk.ask(f"/agreements/{agreement_id}")
    stale = {"If-Match": f'"{read.json["version"] - 1}"'}

    refused = desk.post(
        path, DONE, role="command", **stale
    )  # the effect was declared and has not been carried to it yet
    assert (refused.status_code, refused.json["code"]) == (412, "version-superseded")
    district.fan_out()
    assert desk.post(path, DONE, role="command", **stale).status_code == 412
    fresh = {"If-Match": desk.ask(f"/agreements/{agreement_id}").headers["ETag"]}
    assert desk.post(path, DONE, role="command", **fresh).json["state"] == "performed"


def test_only_an_effective_agreement_can_be_performed(desk: Desk, district: District) -> None:
    agreement_id = ready(desk, district.register())

    refused = desk.post(f"/agreements/{agreement_id}/performances", DONE, role="command")

    assert (refused.status_code, refused.json["code"]) == (409, "agreement-not-effective")
    assert desk.post(f"/agreements/{agreement_id}/performances", DONE).status_code == 403


def test_rights_are_taken_up_confirmed_disputed_and_taken_up_again(desk: Desk, district: District) -> None:
    unit = district.register()
    where = f"/cases/{unit}/rights"

    states = [desk.post(f"{where}/reviews", {}).json["rights"] for _ in range(2)]
    states.append(desk.post(f"{where}/confirmations", {}).json["rights"])
    again = desk.post(f"{where}/reviews", {})
    states.append(desk.post(f"{where}/disputes", {"reason": "inheritance", "note": "二儿子来电"}).json["rights"])
    states.append(desk.post(f"{where}/reviews", {}).json["rights"])

    assert states == ["reviewing", "reviewing", "confirmed", "disputed", "reviewing"]
    assert (again.status_code, again.json["code"]) == (409, "rights-already-confirmed")
    assert district.types(unit)[1:] == ["rights.reviewing", "rights.confirmed", "rights.disputed", "rights.reviewing"]
    disputed = next(act for act in desk.ask(f"/cases/{unit}").json["acts"] if act["kind"] == "rights-disputed")
    assert disputed["facts"] == {"note": "二儿子来电"}
