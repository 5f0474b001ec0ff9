"""Exports follow the template: masked by default, readable for a recorded reason; a re-import changes nothing."""

import io
from datetime import date

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.registry.domain import sample
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook

WHY = {"reason": "交规划部门核对底册"}
PERSONAL = ("name", "document_number", "mobile", "email", "guardian_name", "guardian_document_number")


@pytest.fixture
def made() -> sample.Sample:
    made = sample.made(seed=1, units=60, district=DISTRICT)
    for line in made.holders:
        if line["unit_code"] == made.holders[0]["unit_code"]:
            line.update(titled_on=date(1997, 5, 1), floor="1至2", door="101、199")
    return made


@pytest.fixture
def project_id(registry: Registry, made: sample.Sample) -> str:
    opened = registry.project(made)
    report = registry.imported(opened, workbook(made))
    assert report["state"] == "committed", report["listed"]
    return opened


def rows(content: bytes, sheet: str = HOLDERS_SHEET) -> list[dict]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == [HOLDERS_SHEET, BUILDINGS_SHEET]
    columns = HOLDERS if sheet == HOLDERS_SHEET else BUILDINGS
    header, *lines = book[sheet].values
    assert [item.removesuffix("*") for item in header] == [column.header for column in columns]
    return [dict(zip([column.name for column in columns], line, strict=True)) for line in lines]


def readable(registry: Registry, project_id: str, **how: str):
    return registry.post(f"/projects/{project_id}/exports", WHY, **how)


def test_a_readable_export_imported_again_changes_nothing(registry: Registry, project_id: str, made: sample.Sample):
    exported = readable(registry, project_id)
    assert (exported.status_code, exported.mimetype) == (200, workbook_type()), exported.text
    report = registry.imported(project_id, exported.data, commit=False)

    assert (report["state"], report["faults"]) == ("clean", 0), report["listed"]
    assert report["changes"] == {"new": 0, "changed": 0, "unchanged": 60}, report["changed"]
    written = {(row["unit_code"], row["document_number"]): row for row in rows(exported.data)}
    for line in made.holders:
        row = written[line["unit_code"], line["document_number"]]
        assert {name: row[name] for name in PERSONAL} == {name: line.get(name) for name in PERSONAL}
    assert len(rows(exported.data, BUILDINGS_SHEET)) == len(made.buildings)


def workbook_type() -> str:
    return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_an_export_shows_corrections_and_reassignments(registry: Registry, project_id: str):
    unit = registry.get(f"/projects/{project_id}/units").json["items"][5]
    correction = {"reason": "复测面积", "surveyed_area": "70.01"}
    assert registry.patch(f"/units/{unit['unit_id']}", correction).status_code == 200
    groups = {group["name"]: group for group in registry.get(f"/projects/{project_id}/groups").json["items"]}
    to = {"group_id": groups["二组"]["group_id"], "unit_ids": [unit["unit_id"]]}
    assert registry.post(f"/projects/{project_id}/assignments", to).status_code == 201
    exported = readable(registry, project_id).data

    row = next(item for item in rows(exported) if item["unit_code"] == unit["unit_code"])
    assert (row["surveyed_area"], row["group"], row["officer"]) == (70.01, "二组", None)
    report = registry.imported(project_id, exported, commit=False)
    assert report["changes"]["unchanged"] == 60, report["changed"]


@pytest.mark.parametrize("role", ["auditor", "city", "clerk", "command"])
def test_an_export_without_a_reason_masks_every_name(
    registry: Registry, project_id: str, made: sample.Sample, role: str
):
    exported = registry.get(f"/projects/{project_id}/export.xlsx", role=role)
    assert (exported.status_code, exported.mimetype) == (200, workbook_type())
    assert "attachment" in exported.headers["Content-Disposition"]
    found = rows(exported.data)

    assert len(found) == len(made.holders) and all(item["name"].endswith("**") for item in found)
    shown = {str(value) for row in found for value in row.values()}
    planted = {str(line[name]) for line in made.holders for name in PERSONAL if name in line}
    assert shown & planted == set()


def test_every_readable_export_is_recorded_in_an_append_only_table(registry: Registry, project_id: str):
    assert registry.get("/exports", role="auditor").json["items"] == []
    readable(registry, project_id, role="command")
    (noted,) = registry.get("/exports", role="auditor").json["items"]

    assert (noted["project_id"], noted["reason"], noted["roles"]) == (project_id, WHY["reason"], ["command"])
    assert noted["units"] == 60
    with pytest.raises(DBAPIError), database.begin(registry.engine, district=DISTRICT) as tx:
        tx.connection.execute(text("delete from exports"))


def test_a_wrong_role_or_a_foreign_district_gets_no_export(registry: Registry, project_id: str):
    assert {role: readable(registry, project_id, role=role).status_code for role in ("city", "auditor", "desk")} == {
        "city": 403,
        "auditor": 403,
        "desk": 403,
    }
    assert readable(registry, project_id, district="440305").status_code == 404
    assert registry.get(f"/projects/{project_id}/export.xlsx", district="440305").status_code == 404
    assert registry.get(f"/projects/{project_id}/export.xlsx", role="officer").status_code == 403
    assert registry.get("/exports", role="clerk").status_code == 403
    assert registry.post(f"/projects/{project_id}/exports", {**WHY, "all": True}).json["code"] == "body-invalid"
    assert registry.post(f"/projects/{project_id}/exports", {}).json["code"] == "body-invalid"
    assert registry.get("/exports", role="auditor").json["items"] == []


def test_a_forgotten_person_is_not_exported(registry: Registry, project_id: str, made: sample.Sample):
    person = registry.get("/people").json["items"][0]
    registry.post(f"/people/{person['person_id']}/forgetting", {"reason": "本人书面要求"}, role="command")

    found = [row for row in rows(readable(registry, project_id).data) if row["name"] == "**"]
    assert len(found) == len(person["units"]) and {row["document_number"] for row in found} == {None}


def test_the_api_description_declares_files_as_binary(registry: Registry):
    paths = registry.app.test_client().get("/api/v1/openapi.json").json["paths"]
    files = [
        paths["/api/v1/imports/template"]["get"],
        paths["/api/v1/imports/{import_id}/annotated.xlsx"]["get"],
        paths["/api/v1/projects/{project_id}/export.xlsx"]["get"],
        paths["/api/v1/projects/{project_id}/exports"]["post"],
    ]
    upload = paths["/api/v1/projects/{project_id}/imports"]["post"]["requestBody"]["content"]

    assert [list(file["responses"]["200"]["content"]) for file in files] == [[workbook_type()]] * 4
    assert upload["multipart/form-data"]["schema"]["required"] == ["file"]
