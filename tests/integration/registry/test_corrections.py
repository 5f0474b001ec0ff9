"""Corrections after the import: same checks, next revision, with person and reason; the counted roll never changes."""

from uuid import UUID

import pytest
from sqlalchemy import text

from services.registry.domain import sample
from services.registry.domain.invented import Invented, Inventor
from shared.events import roll
from shared.events.registry import ContactDetails, ContactRecorded, KeyWrapped, UnitAssigned, UnitRegistered
from shared.messaging import sealing
from tests.integration.registry.conftest import DISTRICT, PRIVATE, Registry, events_of, workbook

WHY = "权属资料复核"
NEWCOMER = Inventor(99).hong_kong()


@pytest.fixture
def made() -> sample.Sample:
    return sample.made(seed=1, units=20, district=DISTRICT)


@pytest.fixture
def project_id(registry: Registry, made: sample.Sample) -> str:
    opened = registry.project(made)
    registry.imported(opened, workbook(made))
    return opened


def unit(registry: Registry, project_id: str, ownership: str = "sole", place: int = 0) -> dict:
    units = registry.get(f"/projects/{project_id}/units?limit=200").json["items"]
    return [unit for unit in units if unit["ownership"] == ownership][place]


def holder(share: str) -> dict:
    return {
        "person": {"name": NEWCOMER.name, "document_type": "mainland_permit_hk", "document_number": "H99000001"},
        "share": share,
        "language": "zh-Hant",
        "mobile": "+85251234567",
    }


def test_a_correction_makes_the_next_revision_and_one_event(registry: Registry, project_id: str):
    before = unit(registry, project_id)
    registered_before, assigned_before = (
        len(events_of(registry, UnitRegistered)),
        len(events_of(registry, UnitAssigned)),
    )
    body = {"reason": WHY, "registered_area": "70.01", "use": "commercial", "floor": 1, "top_floor": 2}
    corrected = registry.patch(f"/units/{before['unit_id']}", body)

    assert corrected.status_code == 200, corrected.text
    assert (corrected.json["revision"], corrected.headers["ETag"]) == (2, '"2"')
    changed = {name for name, value in corrected.json.items() if value != before[name]}
    assert changed == {"revision", "registered_area", "use", "top_floor"}
    (event,) = events_of(registry, UnitRegistered)[registered_before:]
    assert (event.revision, event.area_hundredths_m2, event.top_floor) == (2, 7001, 2)
    assert len(events_of(registry, UnitAssigned)) == assigned_before
    (noted,) = registry.get(f"/units/{before['unit_id']}/corrections", role="auditor").json["items"]
    assert (noted["changed"], noted["reason"]) == (["floor", "registered_area", "use"], WHY)

    again = registry.patch(f"/units/{before['unit_id']}", body, version=2)
    assert (again.json["revision"], len(events_of(registry, UnitRegistered))) == (2, registered_before + 1)
    with registry.mechanism.connect() as connection:
        assert connection.execute(text("select count(*) from imports where state <> 'committed'")).scalar() == 0


def test_a_correction_that_is_sent_again_gets_the_answer_that_was_lost(registry: Registry, project_id: str):
    path = f"/units/{unit(registry, project_id)['unit_id']}"
    body = {"reason": WHY, "registered_area": "70.01"}
    first, again = (registry.patch(path, body, key="k") for _ in range(2))

    assert (first.status_code, again.status_code, again.headers.get("Replayed")) == (200, 200, "true")
    assert (again.data, again.headers["ETag"]) == (first.data, '"2"')
    others = (
        registry.patch(path, body, key="k", version=2),
        registry.patch(path, {**body, "registered_area": "70.02"}, key="k"),
        registry.patch(path, {**body, "household": None}, key="k"),  # null clears, left out stays
    )
    assert [other.json["code"] for other in others] == ["idempotency-key-reused"] * 3
    assert registry.patch(path, body, key=" ").json["code"] == "idempotency-key-missing"
    assert registry.get(path).json["revision"] == 2


def test_re_import_of_a_corrected_value_leaves_the_unit_unchanged(registry: Registry, project_id: str, made):
    before = unit(registry, project_id)
    registry.patch(f"/units/{before['unit_id']}", {"reason": WHY, "surveyed_area": "70.01"})
    for line in made.holders:
        if line["unit_code"] == before["unit_code"]:
            line["surveyed_area"] = 70.01
    report = registry.imported(project_id, workbook(made), commit=False)

    assert report["changes"]["unchanged"] == 20, report["changed"]


def test_right_holders_are_replaced_by_known_and_new_ones(registry: Registry, project_id: str):
    before = unit(registry, project_id)
    old = before["right_holders"][0]["person_id"]
    body = {
        "reason": WHY,
        "ownership": "shares",
        "right_holders": [{"person_id": old, "share": "1/3"}, holder("2/3")],
    }
    corrected = registry.patch(f"/units/{before['unit_id']}", body)

    assert corrected.status_code == 200, corrected.text
    shown = corrected.json["right_holders"]
    assert [(item["share"], item["overseas"]) for item in shown] == [("1/3", False), ("2/3", True)]
    assert (shown[0]["person_id"], shown[1]["masked_name"][1:]) == (old, "**")
    assert [str(holder.person_id) for holder in events_of(registry, UnitRegistered)[-1].right_holders] == [
        item["person_id"] for item in shown
    ]
    assert contact(registry, shown[1]["person_id"]).name == NEWCOMER.name
    assert NEWCOMER.name not in corrected.text + registry.get(f"/projects/{project_id}/units?limit=200").text


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"registered_area": "many"}, ("/registered_area", "area-not-a-number")),
        ({"door": None}, ("/door", "missing")),
        ({"building": "9栋"}, ("/building", "unknown-building")),
        ({"floor": 99}, ("/floor", "floor-outside")),
        ({"floor": 2, "top_floor": 1}, ("/floor", "not-an-integer")),
        ({"house_code": "12"}, ("/house_code", "house-code-form")),
        ({"ownership": "joint"}, ("/ownership", "joint-owner-alone")),
        ({"ownership": "shares", "right_holders": [holder("1/2")]}, ("/right_holders/0/share", "shares-not-one")),
        ({"right_holders": [holder("33%")]}, ("/right_holders/0/share", "share-form")),
        (
            {"right_holders": [{"person": {"name": "陈安", "document_type": "citizen_id", "document_number": "1"}}]},
            ("/right_holders/0/document_number", "document-form"),
        ),
        (
            {"right_holders": [{**holder("1"), "capacity": "none"}]},
            ("/right_holders/0/guardian_name", "guardian-missing"),
        ),
        ({"right_holders": [{**holder("1"), "mobile": "12"}]}, ("/right_holders/0/mobile", "mobile-form")),
    ],
)
def test_a_correction_obeys_the_rules_of_a_workbook(registry: Registry, project_id: str, change, fault):
    before = unit(registry, project_id)
    refused = registry.patch(f"/units/{before['unit_id']}", {"reason": WHY, **change})

    assert (refused.status_code, refused.json["code"]) == (422, "correction-faulty"), refused.text
    assert fault in {(item["field"], item["code"]) for item in refused.json["facts"]["faults"]}, refused.text
    assert refused.json["next"] and registry.get(f"/units/{before['unit_id']}").json == before


def test_a_frozen_roll_lets_right_holders_change_and_nothing_that_is_counted(registry: Registry, project_id: str):
    before = unit(registry, project_id)
    frozen = registry.post(f"/projects/{project_id}/roll").json
    path = f"/units/{before['unit_id']}"
    for change, field in (({"registered_area": "70.01"}, "registered_area"), ({"household": "H9"}, "household")):
        refused = registry.patch(path, {"reason": WHY, **change})
        assert (refused.status_code, refused.json["code"], refused.json["facts"]) == (
            409,
            "roll-frozen",
            {"fields": [field]},
        )
    changed = registry.patch(path, {"reason": WHY, "structure": "mixed", "right_holders": [holder("1")]})

    assert (changed.status_code, changed.json["revision"]) == (200, 2), changed.text
    assert changed.json["right_holders"][0]["person_id"] != before["right_holders"][0]["person_id"]
    assert registry.get(f"/projects/{project_id}/roll").json == frozen
    lines = registry.get(f"/projects/{project_id}/roll/units?limit=200").json["items"]
    (line,) = [line for line in lines if line["unit_id"] == before["unit_id"]]
    assert line["right_holders"] == [{"person_id": before["right_holders"][0]["person_id"], "share": "1"}]
    of_unit = [event for event in events_of(registry, UnitRegistered) if str(event.unit_id) == before["unit_id"]]
    assert [(item.revision, item.after_freeze) for item in of_unit] == [(1, False), (2, True)]
    assert roll.digest(roll.current(events_of(registry, UnitRegistered))) == frozen["digest"]


def test_a_guardian_and_shares_stay_when_only_the_unit_is_put_right(registry: Registry, project_id: str):
    for place in range(3):
        before = unit(registry, project_id, "shares", place)
        after = registry.patch(f"/units/{before['unit_id']}", {"reason": WHY, "structure": "mixed"}).json
        assert (after["right_holders"], after["structure"]) == (before["right_holders"], "mixed")


def test_concurrent_corrections_do_not_overwrite_each_other(registry: Registry, project_id: str):
    path = f"/units/{unit(registry, project_id)['unit_id']}"
    body = {"reason": WHY, "structure": "mixed"}

    assert registry.patch(path, body).status_code == 200
    late = registry.patch(path, {**body, "structure": "steel"})
    assert (late.status_code, late.json["code"]) == (412, "version-superseded")
    unnamed = registry.patch(path, body, version=None)
    assert (unnamed.status_code, unnamed.json["code"]) == (428, "version-required")


def test_a_wrong_role_a_foreign_district_and_an_unknown_field_change_nothing(registry: Registry, project_id: str):
    before = unit(registry, project_id)
    person = f"/people/{before['right_holders'][0]['person_id']}"
    for path, body in ((f"/units/{before['unit_id']}", {"structure": "mixed"}), (person, {"language": "en"})):
        body_with_reason = {"reason": WHY, **body}
        assert registry.patch(path, body_with_reason, role="auditor").status_code == 403
        assert registry.patch(path, body_with_reason, district="440305").status_code == 404
        assert registry.patch(path, {**body_with_reason, "colour": "blue"}).json["code"] == "body-invalid"
        assert registry.patch(path, {**body_with_reason, "reason": "x"}).json["code"] == "body-invalid"
        assert registry.get(f"{path}/corrections", district="440305").status_code == 404
        assert registry.get(f"{path}/corrections", role="officer").status_code == 403
    nobody = {"reason": WHY, "right_holders": [{"person_id": before["unit_id"]}]}
    assert registry.patch(f"/units/{before['unit_id']}", nobody).status_code == 404
    assert registry.get(f"/units/{before['unit_id']}").json == before


def contact(registry: Registry, person_id: str) -> ContactDetails:
    """The newest contact as notify can read it."""
    wrapped = next(event for event in events_of(registry, KeyWrapped) if str(event.person_id) == person_id)
    newest = [event for event in events_of(registry, ContactRecorded) if str(event.person_id) == person_id][-1]
    key = sealing.unwrap(
        wrapped.wrapped["notify"],
        key_id=wrapped.key_id,
        person_id=UUID(person_id),
        reader="notify",
        private_key=PRIVATE,
    )
    content = sealing.open_sealed(
        newest.sealed, key=key, person_id=UUID(person_id), event_type=ContactRecorded.declared.type
    )
    return ContactDetails.model_validate_json(content)


def test_a_new_telephone_number_and_language_reach_only_notify(registry: Registry, project_id: str):
    before = unit(registry, project_id)
    path = f"/people/{before['right_holders'][0]['person_id']}"
    body = {"reason": "本人来电更改", "mobile": "14009990001", "language": "en", "email": None}
    changed = registry.patch(path, body, role="officer")

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"'), changed.text
    found = contact(registry, before["right_holders"][0]["person_id"])
    assert (found.mobile, found.language, found.email) == ("+8614009990001", "en", None)
    assert registry.get(f"/units/{before['unit_id']}").json == before
    (noted,) = registry.get(f"{path}/corrections").json["items"]
    assert noted["changed"] == ["email", "language", "mobile"] and "1400999" not in changed.text + str(noted)
    events_before = len(events_of(registry, ContactRecorded))
    assert registry.patch(path, body, version=2, role="officer").headers["ETag"] == '"2"'
    assert len(events_of(registry, ContactRecorded)) == events_before


def test_a_corrected_name_is_published_with_every_unit_of_the_person(registry: Registry, project_id: str):
    people = registry.get("/people?limit=200").json["items"]
    owner = next(person for person in people if len(person["units"]) == 2)
    events_before = len(events_of(registry, UnitRegistered))
    changed = registry.patch(f"/people/{owner['person_id']}", {"reason": "姓名登记有误", "name": "欧阳安澜"})

    assert changed.json["masked_name"] == "欧阳**"
    events = events_of(registry, UnitRegistered)[events_before:]
    assert {str(event.unit_id) for event in events} == {unit["unit_id"] for unit in owner["units"]}
    assert {(event.revision, event.right_holders[0].masked_name) for event in events} == {(2, "欧阳**")}


@pytest.mark.parametrize(
    ("contact_fields", "fault"),
    [
        ({"mobile": "12"}, ("/mobile", "mobile-form")),
        ({"email": "nobody"}, ("/email", "email-form")),
        ({"name": "陈\u200b安"}, ("/name", "not-printable")),
    ],
)
def test_a_contact_that_reaches_nobody_is_refused(registry: Registry, project_id: str, contact_fields: dict, fault):
    path = f"/people/{unit(registry, project_id)['right_holders'][0]['person_id']}"
    refused = registry.patch(path, {"reason": WHY, **contact_fields})

    assert (refused.status_code, refused.json["code"]) == (422, "correction-faulty")
    assert [(item["field"], item["code"]) for item in refused.json["facts"]["faults"]] == [fault]


def tenant_to_be() -> Invented:
    """Nobody of the sample."""
    inventor = Inventor(98)
    return [inventor.citizen() for _ in range(500)][-1]


def test_a_tenant_is_a_person_like_any_other(registry: Registry, project_id: str):
    path = f"/units/{unit(registry, project_id)['unit_id']}/tenants"
    tenant = tenant_to_be()
    body = {
        "name": tenant.name,
        "document_type": "citizen_id",
        "document_number": tenant.document_number,
        "use": "shop",
    }
    kept = registry.post(path, body, role="officer", key="tenant")
    again = registry.post(path, body, role="officer", key="tenant")

    assert (kept.status_code, kept.json["masked_name"], kept.json["use"]) == (201, tenant.name[0] + "**", "shop")
    assert (again.data, registry.post(path, body).json["code"]) == (kept.data, "tenant-there")
    assert registry.get(path, role="auditor").json["items"] == [kept.json]
    assert tenant.name not in kept.text
    shown = registry.post(f"/people/{kept.json['person_id']}/reveals", {"reason": "清租前联系"}, role="officer")
    assert shown.json["name"] == tenant.name
    ended = registry.post(f"/tenancies/{kept.json['tenancy_id']}/end", {"ended_on": "2026-12-01"}, role="officer")
    assert ended.json["ended_on"] == "2026-12-01"
    assert registry.post(path, body).status_code == 201
    assert len(registry.get(path).json["items"]) == 2


def test_an_invalid_tenant_is_refused_and_no_tenant_is_visible_to_another_district(registry: Registry, project_id: str):
    path = f"/units/{unit(registry, project_id)['unit_id']}/tenants"
    tenant = tenant_to_be()
    body = {"name": tenant.name, "document_type": "citizen_id", "document_number": tenant.document_number}
    wrong = registry.post(path, {**body, "document_number": "440399198002290001"})
    backwards = registry.post(path, {**body, "since_on": "2026-02-01", "until_on": "2026-01-01"})

    owner = Inventor(1).citizen()
    known = registry.post(path, {**body, "document_number": owner.document_number})

    assert known.json["facts"]["faults"] == [{"field": "/name", "code": "person-name-differs"}]
    assert wrong.json["facts"]["faults"] == [{"field": "/document_number", "code": "check-digit"}]
    assert (backwards.status_code, backwards.json["code"]) == (422, "tenancy-ends-first")
    assert registry.post(path, {**body, "colour": "blue"}).json["code"] == "body-invalid"
    assert registry.post(path, body, role="auditor").status_code == 403
    assert registry.post(path, body, district="440305").status_code == 404
    assert registry.get(path, district="440305").status_code == 404
    kept = registry.post(path, body).json
    ending = {"ended_on": "2026-12-01"}
    assert registry.post(f"/tenancies/{kept['tenancy_id']}/end", ending, district="440305").status_code == 404


def test_an_import_does_not_undo_what_was_corrected_after_its_dry_run(
    registry: Registry, made: sample.Sample, project_id: str
):
    report = registry.imported(project_id, workbook(made), commit=False)
    assert (report["state"], report["changes"]) == ("clean", {"new": 0, "changed": 0, "unchanged": 20})
    before = unit(registry, project_id)
    corrected = registry.patch(f"/units/{before['unit_id']}", {"reason": WHY, "registered_area": "70.01"})
    assert corrected.status_code == 200, corrected.text

    registry.post(f"/imports/{report['import_id']}/commit")
    registry.work()

    ended = registry.get(f"/imports/{report['import_id']}").json
    assert (ended["state"], ended["refusal"]["code"]) == ("faulty", "import-outdated")
    assert registry.get(f"/units/{before['unit_id']}").json["registered_area"] == "70.01"
    again = registry.imported(project_id, workbook(made))
    assert (again["state"], again["changes"]["changed"]) == ("committed", 1)  # the clerk has seen it


def test_an_import_may_overwrite_what_its_dry_run_has_shown(registry: Registry, made: sample.Sample, project_id: str):
    before = unit(registry, project_id)
    registry.patch(f"/units/{before['unit_id']}", {"reason": WHY, "registered_area": "70.01"})
    report = registry.imported(project_id, workbook(made), commit=False)
    assert report["changes"]["changed"] == 1
    registry.patch(f"/units/{before['unit_id']}", {"reason": WHY, "registered_area": "70.02"}, version=2)

    registry.post(f"/imports/{report['import_id']}/commit")
    registry.work()

    assert registry.get(f"/imports/{report['import_id']}").json["state"] == "committed"
    assert registry.get(f"/units/{before['unit_id']}").json["registered_area"] == before["registered_area"]


def test_an_import_does_not_undo_a_contact_that_was_corrected_after_its_dry_run(
    registry: Registry, made: sample.Sample, project_id: str
):
    report = registry.imported(project_id, workbook(made), commit=False)
    assert (report["state"], report["contacts_changed"]) == ("clean", 0)
    person_id = unit(registry, project_id)["right_holders"][0]["person_id"]
    body = {"reason": "本人来电更改", "mobile": "14009990001"}
    assert registry.patch(f"/people/{person_id}", body).status_code == 200
    published = len(events_of(registry, ContactRecorded))

    registry.post(f"/imports/{report['import_id']}/commit")
    registry.work()

    ended = registry.get(f"/imports/{report['import_id']}").json
    assert (ended["state"], (ended["refusal"] or {}).get("code")) == ("faulty", "import-outdated")
    assert len(events_of(registry, ContactRecorded)) == published
