"""People are found by their name only for a stated reason, which is recorded; what is found stays masked."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.registry.domain import sample
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook

REASON = "来电核对本人"


@pytest.fixture
def made(registry: Registry) -> sample.Sample:
    """A register in which one person bears each of two names that people write in different ways."""
    made = sample.made(seed=1, units=20, district=DISTRICT)
    natural = [line for line in made.holders if line["document_type"] == "居民身份证"]
    first, second = list({line["document_number"]: line for line in natural}.values())[:2]
    for line in made.holders:
        if line["document_number"] == first["document_number"]:
            line["name"] = "陳麗華"
        if line["document_number"] == second["document_number"]:
            line["name"] = "阿依古丽·买买提"
    registry.imported(registry.project(made), workbook(made))
    return made


def search(registry: Registry, name: str, *, role: str = "desk", reason: str = REASON, district: str = DISTRICT):
    return registry.post("/people/searches", {"name": name, "reason": reason}, role=role, district=district)


@pytest.mark.parametrize(
    "written",
    ["陳麗華", "陈丽华", "陈丽", " 陈 丽 华 ", "阿依古丽·买买提", "阿依古丽・买买提", "阿依古丽買買提", "阿依"],
)
def test_a_person_is_found_however_the_name_is_written(registry: Registry, made: sample.Sample, written: str):
    found = search(registry, written).json

    assert found["found"] == len(found["people"]) == 1
    assert found["people"][0]["masked_name"] in ("陳**", "阿**")
    assert found["people"][0]["units"]


def test_latin_names_are_found_in_any_width_and_capitals(registry: Registry):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    passport = next(line for line in made.holders if line["document_type"] == "护照")
    for line in made.holders:
        if line["document_number"] == passport["document_number"]:
            line["name"] = "Morgan O’Neil"
    registry.imported(registry.project(made), workbook(made))

    for written in ("morgan o'neil", "ＭＯＲＧＡＮ　ＯＮＥＩＬ", "Morgan"):
        assert search(registry, written).json["found"] == 1, written


@pytest.mark.parametrize("written", ["陈丽花", "丽华", "陈·", "澄海"])
def test_another_name_finds_nobody_and_is_recorded_too(registry: Registry, made: sample.Sample, written: str):
    assert search(registry, written).json == {"found": 0, "people": []}
    [recorded] = registry.get("/name-searches", role="auditor").json["items"]
    assert recorded["found"] == []


def test_a_search_is_recorded_with_reader_and_reason_and_without_the_name(registry: Registry, made: sample.Sample):
    found = search(registry, "陈丽华", role="officer").json["people"]

    [recorded] = registry.get("/name-searches", role="auditor").json["items"]
    assert (recorded["reason"], recorded["roles"]) == (REASON, ["officer"])
    assert recorded["found"] == [person["person_id"] for person in found]
    with registry.mechanism.connect() as connection:
        kept = connection.execute(text("select name_searches::text from name_searches")).scalar_one()
    assert "陈" not in kept and "陳" not in kept


def test_the_record_cannot_be_corrected(registry: Registry, made: sample.Sample):
    search(registry, "陈丽华")
    for change in ("delete from name_searches", "update name_searches set reason = 'none'"):
        with pytest.raises(DBAPIError), database.begin(registry.engine, district=DISTRICT) as tx:
            tx.connection.execute(text(change))


@pytest.mark.parametrize("role", ["auditor", "city"])
def test_a_role_without_access_to_persons_is_refused(registry: Registry, made: sample.Sample, role: str):
    assert search(registry, "陈丽华", role=role).status_code == 403
    assert registry.get("/name-searches", role="clerk").status_code == 403


@pytest.mark.parametrize(("name", "reason"), [("陈", REASON), ("陈丽华", ""), ("陈丽华", "查")])
def test_a_search_needs_a_name_and_a_reason(registry: Registry, made: sample.Sample, name: str, reason: str):
    assert search(registry, name, reason=reason).json["code"] == "body-invalid"
    assert registry.get("/name-searches", role="auditor").json["items"] == []


def test_another_district_and_a_forgotten_person_are_not_found(registry: Registry, made: sample.Sample):
    [person] = search(registry, "陈丽华").json["people"]

    assert search(registry, "陈丽华", district="440305").json["found"] == 0
    registry.post(f"/people/{person['person_id']}/forgetting", {"reason": "本人书面要求"}, role="command")
    assert search(registry, "陈丽华").json["found"] == 0


def test_the_auditor_reads_who_searched_and_why(registry: Registry, made: sample.Sample):
    search(registry, "陈丽华")
    headers = {**registry.headers("auditor"), "Accept": "text/html"}

    shown = registry.app.test_client().get("/register/audit", headers=headers).text
    assert "按姓名查找 1 次" in shown and REASON in shown and "陈丽华" not in shown


def test_the_page_of_people_offers_the_search_and_puts_no_name_into_an_address(registry: Registry, made: sample.Sample):
    headers = {**registry.headers("desk"), "Accept": "text/html"}

    shown = registry.app.test_client().get("/register/people", headers=headers).text
    assert 'method="dialog" class="act" data-names="/api/registry/v1/people/searches"' in shown
