"""Does a unit stand on all its floors and doors, in one column, and is no place taken twice?"""

from services.reporting.queries.cells import Cell
from services.reporting.web import placing
from tests.support.cells import a_cell


def drawn(*cells: Cell) -> tuple[tuple[int, ...], list[list[str]]]:
    """The floors from the top, and per stairwell what its places say: door, and floors x doors where more than one."""
    building = placing.building(cells)

    def label(place: placing.Place) -> str:
        size = f" {place.floors}x{place.doors}" if (place.floors, place.doors) != (1, 1) else ""
        return f"{place.cell.door}{size}" if place.cell else "-"

    return building.floors, [[label(place) for place in well.places] for well in building.wells]


def test_a_duplex_keeps_the_column_of_its_lowest_floor_on_all_its_floors():
    cells = [a_cell(f"{floor}0{place}", floor) for floor in (7, 8) for place in (1, 2, 4)] + [a_cell("703", 7, 8)]

    assert drawn(*cells) == ((8, 7), [["801", "802", "703 2x1", "804", "701", "702", "704"]])


def test_a_merged_unit_takes_the_columns_of_its_doors_in_the_order_of_the_corridor():
    cells = [a_cell("602、603", 6), a_cell("601", 6), a_cell("604", 6), *(a_cell(f"50{place}", 5) for place in "1234")]

    assert drawn(*cells) == ((6, 5), [["601", "602、603 1x2", "604", "501", "502", "503", "504"]])


def test_doors_one_above_the_other_are_one_column_and_four_doors_on_two_floors_are_two():
    assert drawn(a_cell("502、602", 5, 6)) == ((6, 5), [["502、602 2x1"]])
    assert drawn(a_cell("301、302、401、402", 3, 4)) == ((4, 3), [["301、302、401、402 2x2"]])


def test_a_place_without_a_unit_stays_empty_and_there_is_no_floor_0():
    cells = [a_cell("B101", -1, 1, stairwell="1"), a_cell("102", 1, stairwell="1"), a_cell("301", 3, stairwell="2")]

    assert drawn(*cells) == ((3, 1, -1), [["-", "-", "B101 2x1", "102", "-"], ["301", "-", "-"]])


def test_two_that_claim_the_same_place_stand_beside_each_other():
    assert drawn(a_cell("501", 5, 6), a_cell("601", 6)) == ((6, 5), [["501 2x1", "601", "-"]])


def test_a_tower_of_one_unit_is_drawn_as_high_as_the_page_can():
    floors, [[*places]] = drawn(a_cell("101", 1, 30))

    assert floors == tuple(range(12, 0, -1)) and places == ["101 12x1"]


def test_a_unit_whose_floors_are_none_does_not_stop_its_building():
    assert drawn(a_cell("001", 0)) == ((0,), [["001"]])
    assert drawn(a_cell("901", 9, 3), a_cell("101", 1)) == ((9, 1), [["901", "101"]])
