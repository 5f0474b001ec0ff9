"""Files that other programs wrote, as they left them (tests/support/workbooks): read by the upload, up to the report."""

from pathlib import Path

import pytest
from sqlalchemy import text

from services.registry.domain import sample
from services.registry.domain.template import HOLDERS_SHEET
from tests.integration.registry.conftest import DISTRICT, Registry

SHELF = Path(__file__).parents[2] / "support" / "workbooks"
CASES = SHELF / "cases"
PROGRAMS = (
    *("openpyxl", "xlsxwriter", "pyexcelerate", "sheetjs", "exceljs", "xlsxpopulate", "excel4node", "writeexcelfile"),
    *("excelize", "poi", "easyexcel", "fastexcel", "libreoffice"),
)


def faults(registry: Registry, path: Path) -> set[tuple[str, str, str]]:
    """The report of the file's import. The groups of the sample are formed first."""
    made = sample.made(seed=1, units=500, district=DISTRICT)
    report = registry.imported(registry.project(made), path.read_bytes(), name=path.name, commit=False)
    assert report["refusal"] is None, report["refusal"]
    return {(line["sheet"], line["cell"], line["code"]) for line in report["listed"]}


def test_no_program_is_missing_from_the_shelf():
    assert {path.stem.partition("-")[0] for path in SHELF.glob("*.xlsx")} == set(PROGRAMS)


@pytest.mark.parametrize("path", sorted(SHELF.glob("*.xlsx")), ids=lambda path: path.stem)
def test_a_correct_row_is_clean_and_a_wrong_one_is_named_at_its_cell(registry: Registry, path: Path):
    assert faults(registry, path) == {(HOLDERS_SHEET, "Q3", "check-digit")}
    with registry.mechanism.connect() as connection:
        (right, wrong) = connection.execute(text("select content from import_lines order by row")).scalars()
    assert right == {
        "compound": "云汀里", "building": "1栋", "stairwell": "1单元", "floor": 3, "door": "302",
        "unit_code": "440303001001GB00001F00010001", "use": "residential", "structure": "reinforced_concrete",
        "registered_area": "65.18", "surveyed_area": "65.20", "titled_on": "1997-05-01", "ownership": "sole",
    }  # fmt: skip
    assert (wrong["titled_on"], wrong["door"]) == ("1998-12-31", "303")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rare-characters-utf8.csv", set()),
        ("rare-characters-lost-in-gbk.csv", {("O5", "name-lost-text"), ("O6", "name-lost-text")}),
        ("bin-declared-excelize.xlsx", set()),
        ("bin-declared-sheetjs.xlsx", set()),
        ("han-extensions-h-and-i.xlsx", set()),
        (
            "numbers-shown-as-another-sheetjs.xlsx",
            {(cell, "number-as-another") for cell in ("E2", "B3", "L3")}
            | {("Q3", "check-digit"), ("", "beside-table")},
        ),
        ("table-with-totals-exceljs.xlsx", {("Q3", "check-digit"), ("A4", "totals-row")}),
        # Its 500 invented units hold four names that end in a number.
        ("style-per-cell-poi.xlsx", {(f"O{row}", "name-with-digits") for row in (13, 169, 342, 410)}),
    ],
)
def test_a_file_that_once_failed_is_read(registry: Registry, name: str, expected: set[tuple[str, str]]):
    assert faults(registry, CASES / name) == {(HOLDERS_SHEET, *item) for item in expected}
