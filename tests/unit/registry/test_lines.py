"""A clerk's line: is each mistake named at its cell, and nothing corrected silently?"""

from datetime import date
from decimal import Decimal

import pytest

from services.registry.domain import cells, lines, sample, template
from services.registry.domain.cells import Cell
from services.registry.domain.checkdigits import mod_11_2

TODAY = date(2026, 11, 24)


def a_line(**changed: Cell | str | None) -> dict[str, Cell]:
    """The first line of the sample, with some cells written otherwise; None leaves one out."""
    written = {
        name: Cell("text", str(value))
        for name, value in sample.made(seed=1, units=20, district="440303").holders[0].items()
    }
    written["registered_area"] = Cell("number", "65.18")
    for name, cell in changed.items():
        written[name] = Cell("text", cell) if isinstance(cell, str) else cell
    return {name: cell for name, cell in written.items() if cell is not None}


def faults(**changed: Cell | str | None) -> set[tuple[str, str]]:
    return {(fault.column, fault.code) for fault in lines.holder(2, a_line(**changed), today=TODAY)[1]}


def test_a_right_line_has_no_faults():
    assert faults() == set()


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"name": None}, ("name", "missing")),
        ({"name": "陈安 "}, ("name", "outer-spaces")),
        ({"name": "陈\u200b安"}, ("name", "not-printable")),
        ({"door": "3" * 21}, ("door", "too-long")),
        ({"floor": "３"}, ("floor", "full-width")),
        ({"floor": "三"}, ("floor", "not-an-integer")),
        ({"use": "别墅"}, ("use", "unknown-choice")),
        ({"registered_area": "六十五"}, ("registered_area", "area-not-a-number")),
        ({"registered_area": Cell("number", "0")}, ("registered_area", "area-not-positive")),
        ({"registered_area": Cell("number", "65.185")}, ("registered_area", "area-not-a-number")),
        ({"registered_area": Cell("formula", "65.18")}, ("registered_area", "formula-cell")),
        ({"registered_area": Cell("error", "#REF!")}, ("registered_area", "error-value")),
        ({"titled_on": "1997年5月"}, ("titled_on", "date-as-text")),
        ({"unit_code": "440303"}, ("unit_code", "unit-code-form")),
        ({"house_code": "440303"}, ("house_code", "house-code-form")),
        ({"document_number": "440399198002290001"}, ("document_number", "check-digit")),
        ({"document_number": Cell("number", "440399198002290000")}, ("document_number", "number-not-text")),
        ({"mobile": "12345"}, ("mobile", "mobile-form")),
        ({"email": "nobody"}, ("email", "email-form")),
        ({"share": "33%"}, ("share", "share-form")),
        ({"mobile": "١٣٨٠٠٠٠٠٠٠٠"}, ("mobile", "mobile-form")),
        ({"door": Cell("number", "1E999999999")}, ("door", "error-value")),
        ({"titled_on": Cell("number", "NaN")}, ("titled_on", "error-value")),
        ({"capacity": "限制"}, ("guardian_name", "guardian-missing")),
        ({"guardian_name": "陈安"}, ("guardian_name", "guardian-not-needed")),
    ],
)
def test_a_mistake_is_named_at_its_cell(changed, fault):
    assert fault in faults(**changed)


def test_a_minor_is_marked_as_one():
    child = next(line for line in sample.made(seed=1, units=20, district="440303").holders if line.get("capacity"))

    assert faults(document_number=str(child["document_number"])) == {("capacity", "minor-not-marked")}


def test_a_minor_whose_number_ends_in_a_small_x_is_one_all_the_same():
    assert ("capacity", "minor-not-marked") in faults(document_number=a_child_with_x())


def a_child_with_x() -> str:
    bodies = (f"44039920150101{order:03d}" for order in range(1000))
    return next(f"{body}x" for body in bodies if mod_11_2(body) == "X")


def test_a_number_of_the_sheet_becomes_what_was_typed():
    typed = a_line(registered_area=Cell("number", "65.180000000000007"), titled_on=Cell("date", "1997-05-01"))
    values = lines.holder(2, typed, today=TODAY)[0].values

    assert (values["registered_area"], values["titled_on"]) == (Decimal("65.18"), date(1997, 5, 1))


def test_columns_have_the_letters_of_a_spreadsheet():
    assert [template.letter(place) for place in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@pytest.mark.parametrize(
    ("column", "written", "code"),
    [
        ("titled_on", "2005/2/30", "not-a-date"),
        ("titled_on", "二〇〇五年", "not-a-date"),
        ("titled_on", "1899-12-30", "date-outside"),
        ("document_number", "4.40399E+17", "number-not-text"),
        ("document_number", "４４０399", "full-width"),
        ("registered_area", "=60+5", "formula-cell"),
        ("registered_area", "#REF!", "error-value"),
        ("registered_area", "1,065.18", "area-not-a-number"),
        ("name", "陈\n帆", "not-printable"),
        ("officer", "\tG01-2", "outer-spaces"),
    ],
)
def test_a_csvs_cell_has_the_codes_of_a_sheets(column: str, written: str, code: str):
    of = next(item for item in template.HOLDERS if item.name == column)

    assert faults(**{column: cells.typed(of, written)}) == {(column, code)}


@pytest.mark.parametrize("written", ["1997-05-01", "1997-5-1", "1997/5/1", "1997/05/01"])
def test_a_day_is_read_as_a_chinese_spreadsheet_shows_it_in_a_csv(written: str):
    of = next(column for column in template.HOLDERS if column.name == "titled_on")

    assert cells.read(of, cells.typed(of, written)) == (date(1997, 5, 1), None)
