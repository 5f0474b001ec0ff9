"""The time zone for a person's messages: from the sheet to the sealed contact, and into the export."""

import io

import openpyxl

from services.registry.domain import sample
from services.registry.domain.template import HOLDERS, HOLDERS_SHEET
from tests.integration.registry.conftest import Registry
from tests.integration.registry.test_corrections import contact
from tests.support.clerk import Clerk, citizen
from tests.support.spreadsheet import Sheet, written


def imported(registry: Registry, clerk: Clerk) -> tuple[str, str]:
    project_id = registry.project(sample.Sample("", [], [], clerk.groups))
    assert registry.imported(project_id, clerk.file())["state"] == "committed"
    (person,) = registry.get("/people").json["items"]
    return project_id, person["person_id"]


def owner(**more: str) -> Clerk:
    clerk = Clerk()
    clerk.unit("单独所有", {"name": "陈安", "document_number": citizen("19600101"), "mobile": "+442071234567", **more})
    return clerk


def without_the_column(clerk: Clerk) -> bytes:
    """A file from a template without the column."""
    return written([Sheet(HOLDERS_SHEET, HOLDERS[:-1], clerk.holders.rows), clerk.buildings])


def test_a_time_zone_goes_into_the_sealed_contact_and_comes_out_in_an_export(registry: Registry):
    project_id, person_id = imported(registry, owner(time_zone="Europe/London"))
    assert contact(registry, person_id).time_zone == "Europe/London"

    answer = registry.post(f"/projects/{project_id}/exports", {"reason": "核对联系方式"})
    row = next(openpyxl.load_workbook(io.BytesIO(answer.data))[HOLDERS_SHEET].iter_rows(min_row=2, values_only=True))
    assert row[27] == "Europe/London"
    again = registry.imported(project_id, answer.data, commit=False)
    assert (again["changes"], again["contacts_changed"]) == ({"new": 0, "changed": 0, "unchanged": 1}, 0)


def test_a_file_without_the_column_leaves_the_time_zone_as_it_is(registry: Registry):
    project_id, person_id = imported(registry, owner(time_zone="Europe/London"))
    report = registry.imported(project_id, without_the_column(owner()))

    assert (report["state"], report["listed"]) == ("committed", [])
    assert contact(registry, person_id).time_zone == "Europe/London"


def test_a_time_zone_is_corrected_and_an_invalid_one_refused(registry: Registry):
    _, person_id = imported(registry, owner())
    assert contact(registry, person_id).time_zone is None
    refused = registry.patch(f"/people/{person_id}", {"reason": "来电更正", "time_zone": "北京时间"})
    assert (refused.status_code, refused.json["facts"]["faults"]) == (
        422,
        [{"field": "/time_zone", "code": "time-zone-form"}],
    )
    assert (
        registry.patch(f"/people/{person_id}", {"reason": "来电更正", "time_zone": "America/Toronto"}).status_code
        == 200
    )
    assert contact(registry, person_id).time_zone == "America/Toronto"


def test_a_corrected_name_obeys_the_rule_of_names(registry: Registry):
    _, person_id = imported(registry, owner())
    for name, code in (("陈?", "name-lost-text"), ("陈安1", "name-with-digits"), ("陈\ue000", "private-use")):
        refused = registry.patch(f"/people/{person_id}", {"reason": "来电更正", "name": name})
        assert refused.status_code == 422, refused.text
        assert [fault["code"] for fault in refused.json["facts"]["faults"]] == [code]


def test_an_international_mail_address_goes_out_in_its_ascii_form(registry: Registry):
    _, person_id = imported(registry, owner(email="o'neil@例子.中国"))

    assert contact(registry, person_id).email == "o'neil@xn--fsqu00a.xn--fiqs8s"
