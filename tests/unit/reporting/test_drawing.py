"""Does every building of a project have its place on the wall, and can every compound's name be read?"""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.web import blocks
from tests.support.cells import a_cell
from tests.support.great import GreatLaunch

_NAMES = st.text("澄水湾生活小区翠堤里Aa1", min_size=1, max_size=12)
_COMPOUNDS = st.dictionaries(
    _NAMES, st.lists(st.tuples(st.integers(1, 12), st.integers(1, 9)), min_size=1, max_size=9), max_size=7
)


def label(name: str, left: int, total: int) -> str:
    return f"{name} unsigned {left:,} of {total:,}"


def in_chinese(name: str, left: int, total: int) -> str:
    return f"{name} 未签 {left:,} / {total:,}"


def cells_of(compounds: dict[str, list[tuple[int, int]]]) -> list:
    """Of each building the floors, and the doors of a floor."""
    return [
        a_cell(f"{floor}{door:02}", floor, compound=compound, building=f"{number}栋")
        for compound, buildings in compounds.items()
        for number, (floors, doors) in enumerate(buildings, 1)
        for floor in range(1, floors + 1)
        for door in range(1, doors + 1)
    ]


def widths(run: blocks.Run) -> float:
    """Of the blocks side by side, each at least as wide as its texts."""
    slots = [max(block.across * block.size, blocks.width_of(block.name)) for block in run.blocks]
    return sum(slots) + blocks.GAP * (len(slots) - 1)


@settings(max_examples=30)
@given(_COMPOUNDS)
def test_no_building_and_no_compounds_name_covers_another(compounds: dict[str, list[tuple[int, int]]]):
    cells = cells_of(compounds)
    drawn = blocks.arranged(cells, label)

    everything = [
        (compound, f"{number}栋")
        for compound, buildings in compounds.items()
        for number in range(1, len(buildings) + 1)
    ]
    merged = [(compound, "") for compound in compounds]
    assert [(block.compound, block.building) for block in drawn.blocks] in (everything, merged)
    assert sum(len(row) for block in drawn.blocks for row in block.rows) == len(cells)
    assert [run.compound for line in drawn.lines for run in line if run.begins] == list(compounds)
    for line in drawn.lines:
        assert sum(run.width for run in line) + blocks.COMPOUND_GAP * (len(line) - 1) <= blocks.WIDTH + 0.01
        for run in line:
            left, total = drawn.of_compound(run.compound)
            worded = blocks.brief_label if drawn.brief else label
            words = worded(run.name, left, total) if run.begins else run.name
            assert max(widths(run), blocks.width_of(words)) <= run.width + 0.01


def great_cells() -> list:
    units = sorted(GreatLaunch().register(), key=lambda unit: (unit.compound, len(unit.building), unit.building))
    return [a_cell(unit.door, unit.floor, compound=unit.compound, building=unit.building) for unit in units]


def test_a_whole_renewal_area_keeps_its_buildings_and_its_floors_at_full_size():
    drawn = blocks.arranged(great_cells(), label)

    assert drawn.size >= 1
    assert len(drawn.blocks) == 37
    assert all(len({cell.floor for cell in row}) == 1 for block in drawn.blocks for row in block.rows)


# The compounds of the demo in the order of their names: of each building the floors and the doors of a floor.
DEMO = {
    "东仓院": [(8, 4), (9, 6), (9, 6)],
    "和丰苑": [(8, 6), (8, 6), (7, 4), (9, 6), (8, 6), (8, 6), (10, 7)],
    "澄水湾生活小区": [(8, 5)] * 4 + [(9, 6)] * 3 + [(8, 5)] * 4 + [(9, 5)],
    "翠坪里": [(8, 5), (10, 5), (10, 5), (8, 5), (8, 5), (8, 5)],
    "银泉阁": [(8, 6), (8, 6), (10, 6), (10, 6), (10, 7)],
    "长盛居": [(10, 7), (9, 5), (9, 5), (9, 5)],
}


def test_compounds_that_leave_lines_half_empty_are_drawn_the_largest_first():
    cells = cells_of(DEMO)
    as_given, drawn = blocks.arranged(cells, in_chinese), blocks.fitted(cells, in_chinese)

    assert (as_given.brief, as_given.size < 1) == (True, True)
    assert (drawn.brief, drawn.size >= 1) == (False, True)
    assert blocks.fitted(cells, label).size >= 1  # the words do not fit in English; the cells do
    assert [run.compound for run in drawn.lines[0]] == ["澄水湾生活小区"]
    great = great_cells()
    assert blocks.fitted(great, label).legible >= blocks.arranged(great, label).legible


def test_towers_are_packed_and_far_too_many_buildings_become_one_block_per_compound():
    towers = [
        a_cell(f"{floor}{door:02}", floor, compound="银泉阁", building=f"{number}栋")
        for number in range(1, 13)
        for floor in range(34, 0, -1)
        for door in range(1, 5)
    ]
    many = [
        a_cell(f"{door}", 1, compound=f"第{number // 100}片", building=f"{number}栋")
        for number in range(600)
        for door in range(101, 105)
    ]

    packed, merged = blocks.arranged(towers, label), blocks.arranged(many, label)

    assert packed.size >= 1 and len(packed.blocks) == 12
    assert [(block.compound, block.building) for block in merged.blocks] == [
        (f"第{number}片", "") for number in range(6)
    ]


def test_a_building_that_repeats_its_compound_and_a_long_name_are_shortened():
    cells = [
        a_cell("101", 1, compound="银泉阁", building="银泉阁5栋"),
        a_cell("101", 1, compound="银泉阁", building="第一百二十三号商住综合楼东侧附楼"),
    ]

    names = [block.name for block in blocks.arranged(cells, label).blocks]

    assert names[0] == "5栋"
    assert names[1].endswith("…") and blocks.width_of(names[1]) <= 140
