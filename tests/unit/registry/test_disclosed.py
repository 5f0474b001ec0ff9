"""Is personal data found in a readable text, and is a place code never mistaken for it?"""

from datetime import date

import pytest

from services.registry.domain import cells, disclosed, lines, sample, template
from services.registry.domain.cells import Cell
from shared.events.registry import UnitRegistered
from tests.support.clerk import PERMIT, citizen

CITIZEN = citizen("19600101")
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    "text",
    [
        "13800138000", "138 0013 8000", "138-0013-8000", "138－0013－8000", "+86 138 0013 8000", "+8613800138000", "008613800138000",
        "8613800138000", "１３８００１３８０００", "①③⑧⓪⓪①③⑧⓪⓪⓪", "١٣٨٠٠١٣٨٠٠٠",
        "户主 13800138000", "H13800138000号", "2-13800138000", "1 3 8 0 0 1 3 8 0 0 0",
        "138 - 0013 - 8000", "138·0013·8000", "138   0013   8000", "一三八〇〇一三八〇〇〇", "chen.an@example.com", "o'neil@例子.中国",
        "+852 5123 4567", "138/0013/8000", "138#0013#8000", "138    0013    8000",
        "壹叁捌零零壹叁捌零零零", "幺三八零零幺三八零零零",
        f"{CITIZEN[:6]}/{CITIZEN[6:14]}/{CITIZEN[14:]}", CITIZEN, CITIZEN.lower(), f"{CITIZEN[:6]} {CITIZEN[6:14]} {CITIZEN[14:]}",
        PERMIT, f"H{CITIZEN}", f"1 {CITIZEN}",
    ],
)  # fmt: skip
def test_a_telephone_or_a_paper_s_number_is_seen_however_it_is_written(text: str):
    assert disclosed.is_personal(text)


@pytest.mark.parametrize(
    "text",
    [
        "440303001001GB00001F00010001", "4403030010010000001000001", "4403030010010000001", "12800138000", "1380013800", "138001380001",
        "301、302", "1301、1302、1303", "131、1302、1303", "131/132/133", "3栋", "H0001", "2026-11-24",
        "440399198002290001", CITIZEN[:-1] + ("0" if CITIZEN[-1] != "0" else "1"),
        f"0{CITIZEN}", "91440300MA5EXAMPL1", "云汀里13期", "G01-1", "1-3-0-1", "十一号楼三单元", "3@栋", "A座@云汀里",
    ],
)  # fmt: skip
def test_a_place_code_does_not_count_as_personal_data(text: str):
    assert not disclosed.is_personal(text)


def written(column: template.Column) -> dict[str, Cell]:
    line = sample.made(seed=1, units=20, district="440303").holders[0]
    return {
        **{name: Cell("text", str(value)) for name, value in line.items()},
        column.name: Cell("text", "138 0013 8000"),
    }


@pytest.mark.parametrize("column", [item for item in template.HOLDERS if not item.personal], ids=lambda item: item.name)
def test_no_column_that_is_not_sealed_lets_a_telephone_through(column: template.Column):
    """Takes the columns from the template, so that a new column is tested too."""
    line, faults = lines.holder(2, written(column), today=TODAY)

    assert column.name not in line.values and column.name in {fault.column for fault in faults}


@pytest.mark.parametrize("column", template.BUILDINGS, ids=lambda item: item.name)
def test_no_building_column_lets_a_telephone_through(column: template.Column):
    line, faults = lines.building(2, {column.name: Cell("text", "13800138000")})

    assert column.name not in line.values and column.name in {fault.column for fault in faults}


def test_unit_events_use_only_columns_that_are_not_sealed():
    sealed = {column.name for column in template.HOLDERS if column.personal}

    assert sealed.isdisjoint(UnitRegistered.model_fields)
    assert {"compound", "building", "stairwell", "door", "unit_code"} <= set(UnitRegistered.model_fields) - sealed


def test_a_telephone_typed_as_a_number_is_found():
    household = next(column for column in template.HOLDERS if column.name == "household")

    assert disclosed.is_personal(cells.plain(Cell("number", "1.3800138E10"))) and household.form == "text"
