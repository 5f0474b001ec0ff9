"""The desk over HTTP: the whole path, one answer for fifty identical posts, refusals with a next step."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from tests.integration.signing.conftest import DISTRICT, Desk
from tests.support.signing import LAUNCH, District

OTHER_DISTRICT = "440305"
TERMS = {
    "form": "mixed",
    "rule_set_version": "3",
    "lines": [
        {"head": "exchange_housing", "kind": "area", "quantity": "78.22"},
        {"head": "relocation_fee", "kind": "once", "amount_fen": 260720, "quantity": "65.18", "unit_price_fen": 4000},
    ],
}
PAPERS = {"papers": ["identity", "title_certificate", "account"]}


def ready(desk: Desk, unit: UUID) -> str:
    """Through the API, as a desk does it. Returns the agreement's id."""
    assert desk.post(f"/cases/{unit}/rights/confirmations", {}).status_code == 201
    drafted = desk.post(f"/cases/{unit}/agreements", TERMS)
    assert drafted.status_code == 201, drafted.text
    agreement_id: str = drafted.json["agreement_id"]
    assert desk.post(f"/agreements/{agreement_id}/reviews", PAPERS).status_code == 201
    locked = desk.post(f"/agreements/{agreement_id}/locks", {})
    assert (locked.json["state"], len(locked.json["terms_digest"])) == ("locked", 64)
    return agreement_id


def self_signature(owner: UUID) -> dict[str, str]:
    return {"right_holder": str(owner), "hand": str(owner), "capacity": "self"}


def test_a_desk_takes_a_unit_from_confirmation_to_its_number(desk: Desk, district: District) -> None:
    unit = district.register()
    district.freeze()
    agreement_id = ready(desk, unit)

    signed = desk.post(f"/agreements/{agreement_id}/signatures", self_signature(district.owners(unit)[0]))

    assert (signed.status_code, signed.json["state"], signed.json["sequence_number"]) == (201, "signed", 1)
    assert signed.json["series"] == "exchange"  # mixed counts as exchange
    case = desk.ask(f"/cases/{unit}").json
    assert (case["stage"], case["agreement"]["sequence_number"]) == ("signed", 1)
    assert [act["kind"] for act in case["acts"]] == [
        "rights-confirmed",
        "drafted",
        "reviewed",
        "locked",
        "signature-taken",
    ]
    assert desk.ask("/cases", unsigned="true").json["items"] == []
    assert desk.ask(f"/projects/{district.project_id}/numbers").json["items"][0]["number"] == 1
    counted = desk.ask(f"/projects/{district.project_id}").json
    assert counted["bases"][0] | {"legal_ground": ""} == {
        "basis": "units", "percent": 95, "legal_ground": "", "signed": 1, "total": 1, "missing": 0, "reached": True,
    }  # fmt: skip


def test_fifty_posts_under_one_key_are_one_number_and_one_answer(desk: Desk, district: District) -> None:
    unit = district.register()
    path, body = f"/agreements/{ready(desk, unit)}/signatures", self_signature(district.owners(unit)[0])

    with ThreadPoolExecutor(50) as windows:
        answers = list(
            windows.map(lambda _: desk.post(path, body, key="k", **{"Clearwater-District": DISTRICT}), range(50))
        )

    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert district.rows("select count(*) as many from numbers")[0].many == 1
    second_window = desk.post(path, body, key="another")
    assert second_window.json == answers[0].json
    assert "Replayed" not in second_window.headers


def test_a_refusal_names_the_reason_and_the_next_step(desk: Desk, district: District) -> None:
    unit = district.register()
    drafted = desk.post(f"/cases/{unit}/agreements", TERMS).json["agreement_id"]

    refused = desk.post(f"/agreements/{drafted}/reviews", {"papers": ["identity"]})

    assert (refused.status_code, refused.json["code"]) == (422, "review-incomplete")
    assert set(refused.json["facts"]["failed"]) == {"rights-confirmed", "papers-complete"}
    assert refused.json["next"]


def test_terms_are_edited_on_the_version_that_was_read(desk: Desk, district: District) -> None:
    drafted = desk.post(f"/cases/{district.register()}/agreements", TERMS).json
    path, changed = f"/agreements/{drafted['agreement_id']}/terms", {**TERMS, "rule_set_version": "4"}

    assert desk.put(path, changed, version=drafted["version"]).status_code == 200
    stale = desk.put(path, TERMS, version=drafted["version"])

    assert (stale.status_code, stale.json["code"]) == (412, "version-superseded")
    assert desk.ask(f"/agreements/{drafted['agreement_id']}").json["rule_set_version"] == "4"


def test_a_second_draft_of_a_unit_is_refused_and_names_the_first(desk: Desk, district: District) -> None:
    unit = district.register()
    first = desk.post(f"/cases/{unit}/agreements", TERMS).json["agreement_id"]

    second = desk.post(f"/cases/{unit}/agreements", TERMS)

    assert (second.status_code, second.json["code"]) == (409, "live-agreement-exists")
    assert second.json["facts"]["agreement_id"] == first


def test_privileges_belong_to_their_roles(desk: Desk, district: District) -> None:
    agreement_id = ready(desk, district.register())
    reason = {"reason": "amount_wrong"}

    assert desk.post(f"/agreements/{agreement_id}/unlocks", reason).status_code == 403
    assert desk.post(f"/agreements/{agreement_id}/unlocks", reason, role="command").json["state"] == "drafted"
    assert (
        desk.post(f"/projects/{district.project_id}/declarations", {"document_number": "罗府〔2026〕1号"}).status_code
        == 403
    )


def test_another_district_sees_nothing_and_changes_nothing(desk: Desk, district: District) -> None:
    unit = district.register()
    agreement_id = ready(desk, unit)
    elsewhere = Desk(desk.app, desk.issuer, OTHER_DISTRICT)

    assert elsewhere.ask(f"/cases/{unit}").status_code == 404
    assert elsewhere.ask("/cases").json["items"] == []
    assert (
        elsewhere.post(f"/agreements/{agreement_id}/signatures", self_signature(district.owners(unit)[0])).status_code
        == 404
    )


def test_a_decision_of_the_project_over_http(desk: Desk, district: District) -> None:
    unit, path = district.register(), f"/projects/{district.project_id}"
    district.freeze()
    early = desk.post(f"{path}/declarations", {"document_number": "罗府〔2026〕1号"}, role="command")
    district.signed(unit)

    declared = desk.post(f"{path}/declarations", {"document_number": "罗府〔2026〕1号"}, role="command")
    district.fan_out()

    assert (early.status_code, early.json["code"], early.json["facts"]["missing"]) == (
        409,
        "threshold-not-reached",
        {"units": 1},
    )
    assert (declared.status_code, declared.json["document_number"]) == (201, "罗府〔2026〕1号")
    assert desk.ask(f"/cases/{unit}").json["stage"] == "effective"
    still_open = desk.post(f"{path}/closings", {}, role="command")
    assert (still_open.status_code, still_open.json["code"]) == (409, "period-still-open")
    not_over = desk.post(f"{path}/days", {"business_on": LAUNCH.date().isoformat()}, role="command")
    assert (not_over.status_code, not_over.json["code"]) == (409, "day-not-over")


def test_the_description_of_the_api_names_every_route(desk: Desk) -> None:
    described = desk.app.test_client().get("/api/v1/openapi.json").json["paths"]

    assert "/api/v1/agreements/{agreement_id}/signatures" in described
    assert {"404", "409", "422"} <= set(described["/api/v1/agreements/{agreement_id}/signatures"]["post"]["responses"])


def test_the_auditor_reads_every_act_the_latest_first_and_page_by_page(desk: Desk, district: District) -> None:
    first, second = district.register(), district.register()
    ready(desk, first)
    ready(desk, second)

    pages, cursor = [], {}
    while cursor is not None:
        found = desk.ask("/acts", role="auditor", limit="3", **cursor).json
        pages.append(found["items"])
        cursor = {"cursor": found["next"]} if found["next"] else None

    acts = [act for page in pages for act in page]
    assert [len(page) for page in pages] == [3, 3, 2]
    kinds = ["locked", "reviewed", "drafted", "rights-confirmed"]
    assert [(act["unit_id"], act["kind"]) for act in acts] == [
        (str(unit), kind) for unit in (second, first) for kind in kinds
    ]
    assert desk.ask("/acts", role="auditor", since=acts[0]["at"]).json["items"][0] == acts[0]
    assert desk.ask("/acts").status_code == 403
