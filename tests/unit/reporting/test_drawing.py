"""Does every building of a project have its place on the wall, and can every compound's name be read?"""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.web import drawing
from tests.support.cells import a_cell

_NAMES = st.text("澄水湾生活小区翠堤里Aa1", min_size=1, max_size=12)
_COMPOUNDS = st.dictionaries(
    _NAMES, st.lists(st.tuples(st.integers(1, 12), st.integers(1, 9)), min_size=1, max_size=9), max_size=7
)


@given(_COMPOUNDS)
def test_no_building_and_no_compounds_name_covers_another(compounds: dict[str, list[tuple[int, int]]]):
    cells = [
        a_cell(f"{floor}{door:02}", floor, compound=compound, building=f"{number}栋")
        for compound, buildings in compounds.items()
        for number, (floors, doors) in enumerate(buildings, 1)
        for floor in range(1, floors + 1)
        for door in range(1, doors + 1)
    ]
    drawn = drawing.building_map(cells)

    assert [(block.compound, block.building) for block in drawn.blocks] == [
        (compound, f"{number}栋")
        for compound, buildings in compounds.items()
        for number in range(1, len(buildings) + 1)
    ]
    assert sum(len(block.squares) for block in drawn.blocks) == len(cells)
    for block, beside in pairwise(drawn.blocks):
        if block.top != beside.top:
            assert beside.heads and block.top < beside.top
            continue
        assert block.x + block.width < beside.x
        assert beside.heads == (block.compound != beside.compound)
    for row in {block.top for block in drawn.blocks}:
        heads = [block for block in drawn.blocks if block.top == row and block.heads]
        for block, beside in pairwise(heads):
            assert block.x + 22 * sum(1 if ord(each) > 255 else 0.6 for each in block.compound) < beside.x
        for block in heads:
            assert block.x + 22 * sum(1 if ord(each) > 255 else 0.6 for each in block.compound) <= drawing.WIDTH
