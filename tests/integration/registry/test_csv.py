"""A csv from the upload to the roll: same register as from a workbook, same codes at the same cells."""

import csv
import io
from datetime import date

import openpyxl
import pytest

from services.registry.domain import sample
from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET
from shared.events import roll
from shared.events.registry import UnitRegistered
from tests.integration.registry.conftest import DISTRICT, Registry, as_csv, events_of, workbook

NAME = "units.csv"
FIRST = 5  # the row of the first right-holder: below the buildings, an empty row and the header


def small() -> sample.Sample:
    made = sample.made(seed=1, units=20, district=DISTRICT)
    for line in made.holders:
        line["titled_on"] = date(1997, 5, 1)
    return made


def edited(made: sample.Sample, row: int, column: int, written: str) -> bytes:
    """Rows and columns counted from 1, as in a spreadsheet."""
    rows = list(csv.reader(io.StringIO(as_csv(made).decode())))
    rows[row - 1][column - 1] = written
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def without_ids(unit: dict) -> dict:
    holders = [without_ids(item) for item in unit.get("right_holders", ())]
    kept = {name: value for name, value in unit.items() if not name.endswith("_id") and name != "district"}
    return kept | ({"right_holders": sorted(holders, key=str)} if holders else {})


def registered(registry: Registry, content: bytes, name: str) -> tuple[list, dict]:
    """What a project holds after this import, without what differs by project, and its frozen roll."""
    district = "440303" if name == NAME else "440305"
    project_id = registry.project(small(), district=district)
    report = registry.imported(project_id, content, name=name, district=district)
    assert report["state"] == "committed", report
    units = registry.get(f"/projects/{project_id}/units?limit=200", district=district).json["items"]
    frozen = registry.post(f"/projects/{project_id}/roll", district=district).json
    return sorted((without_ids(unit) for unit in units), key=lambda item: item["unit_code"]), frozen


def test_a_csv_makes_the_same_units_and_totals_as_its_workbook(registry: Registry):
    made = small()
    from_csv, csv_roll = registered(registry, as_csv(made), NAME)
    from_workbook, workbook_roll = registered(registry, workbook(made), "units.xlsx")

    assert len(from_csv) == 20 and from_csv == from_workbook
    assert csv_roll["totals"] == workbook_roll["totals"]


def test_a_csv_over_its_workbook_changes_nothing_and_leaves_the_rolls_digest(registry: Registry):
    made = small()
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made))
    digest = roll.digest(roll.current(events_of(registry, UnitRegistered)))
    for content in (as_csv(made), as_csv(made).decode("utf-8-sig").encode("gb18030")):
        report = registry.imported(project_id, content, name=NAME)
        assert (report["state"], report["changes"]) == ("committed", {"new": 0, "changed": 0, "unchanged": 20})

    assert registry.post(f"/projects/{project_id}/roll").json["digest"] == digest


def test_a_csv_changes_only_the_values_that_differ(registry: Registry):
    made = small()
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made))
    report = registry.imported(project_id, edited(made, FIRST, 11, "70.01"), name=NAME)
    assert (report["state"], report["changes"]) == ("committed", {"new": 0, "changed": 1, "unchanged": 19})
    assert [(item["row"], item["changed_columns"]) for item in report["changed"]] == [(FIRST, ["surveyed_area"])]
    again = registry.imported(project_id, edited(made, FIRST, 11, "70.01"), name=NAME, commit=False)
    assert again["changes"]["unchanged"] == 20


@pytest.mark.parametrize(
    ("row", "column", "written", "fault"),
    [
        (FIRST, 17, "440399198002290001", (HOLDERS_SHEET, "Q5", "check-digit")),
        (FIRST, 17, "4.40399E+17", (HOLDERS_SHEET, "Q5", "number-not-text")),
        (FIRST + 1, 18, "1/2", (HOLDERS_SHEET, "R6", "shares-not-one")),
        (FIRST, 2, "9栋", (HOLDERS_SHEET, "B5", "unknown-building")),
        (FIRST, 26, "二十组", (HOLDERS_SHEET, "Z5", "unknown-group")),
        (FIRST, 13, "1997年5月", (HOLDERS_SHEET, "M5", "not-a-date")),
        (FIRST, 15, "", (HOLDERS_SHEET, "O5", "missing")),
        (2, 4, "两个", (BUILDINGS_SHEET, "D2", "not-an-integer")),
    ],
)
def test_a_mistake_is_named_at_the_letter_of_the_template_and_the_row_of_the_file(
    registry: Registry, row: int, column: int, written: str, fault: tuple[str, str, str]
):
    made = small()
    project_id = registry.project(made)
    report = registry.imported(project_id, edited(made, row, column, written), name=NAME, commit=False)

    assert report["state"] == "faulty"
    assert fault in {(line["sheet"], line["cell"], line["code"]) for line in report["listed"]}, report["listed"]
    assert all(line["text"] for line in report["listed"])
    assert registry.post(f"/imports/{report['import_id']}/commit").json["code"] == "import-faulty"


def test_a_faulty_csv_comes_back_as_a_workbook_that_can_be_corrected_and_uploaded(registry: Registry):
    made = small()
    project_id = registry.project(made)
    report = registry.imported(project_id, edited(made, FIRST, 17, "440399198002290001"), name=NAME, commit=False)
    annotated = registry.get(f"/imports/{report['import_id']}/annotated.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(annotated.data))
    sheet = book[HOLDERS_SHEET]
    assert sheet.cell(FIRST, len(HOLDERS) + 1).value == "证件号码：校验位不对，请核对原件"
    assert sheet[f"Q{FIRST}"].fill.fgColor.rgb == "FFFDEEEC" and sheet[f"M{FIRST}"].is_date

    sheet[f"Q{FIRST}"].value = made.holders[0]["document_number"]
    corrected = io.BytesIO()
    book.save(corrected)
    assert registry.imported(project_id, corrected.getvalue(), commit=False)["state"] == "clean"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (lambda content: content.decode("utf-8-sig").encode("utf-16"), 422, "csv-encoding"),
        (lambda content: content + b"\0", 422, "csv-nul"),
        (lambda content: b'"' + content, 422, "csv-quotes"),
        (lambda content: content.partition(b"\r\n")[2].lstrip(), 422, "workbook-wrong-columns"),
        (lambda content: b"," * 200_000 + content, 413, "workbook-too-large"),
    ],
    ids=["encoding", "nul", "quotes", "header", "endless"],
)
def test_an_unreadable_csv_is_refused_during_the_upload(registry: Registry, change, status: int, code: str):
    project_id = registry.project()
    refused = registry.upload(project_id, change(as_csv(small())), name=NAME)

    assert (refused.status_code, refused.json["code"]) == (status, code) and refused.json["next"]
    assert registry.get(f"/projects/{project_id}/imports").json["items"] == []


@pytest.mark.parametrize(
    ("change", "code", "facts"),
    [
        (lambda content: content + b"x," * 40, "csv-ragged", {"row": 38, "expected": len(HOLDERS), "found": 40}),
        (lambda content: content + b'"x,', "csv-quotes", {"row": 38}),
        (lambda content: content.partition(b"\r\n\r\n")[0], "workbook-wrong-sheet", {"expected": HOLDERS_SHEET}),
        (
            lambda content: content.replace("单元*".encode(), "门洞".encode()),
            "workbook-wrong-columns",
            {"cell": "C4", "expected": "单元", "found": "门洞"},
        ),
    ],
    ids=["ragged", "quotes", "table", "columns"],
)
def test_a_mistake_found_while_reading_is_reported_and_nothing_is_stored(registry: Registry, change, code: str, facts):
    made = small()
    report = registry.imported(registry.project(made), change(as_csv(made)), name=NAME, commit=False)

    refusal = report["refusal"]
    assert (report["state"], refusal["code"], refusal["facts"]) == ("refused", code, facts)
    assert refusal["title"] and refusal["next"]
    annotated = registry.get(f"/imports/{report['import_id']}/annotated.xlsx")
    assert (annotated.status_code, annotated.json["code"]) == (409, "import-not-faulty")


def test_the_csv_template_is_readable_by_the_import(registry: Registry):
    answer = registry.get("/imports/template.csv")

    assert (answer.mimetype, answer.data[:3]) == ("text/csv", b"\xef\xbb\xbf")
    report = registry.imported(registry.project(), answer.data, name=NAME, commit=False)
    assert (report["state"], report["refusal"]["code"]) == ("refused", "workbook-empty")
