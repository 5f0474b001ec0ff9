"""The wall's map: one cell per unit, buildings side by side in lines, each compound under one bracket.

Invariant: down to size 1 a cell is 8.4 x 6.2 px on a screen of 1920 x 1080, and no text is narrower than the words that it holds.
Sizes are px at 1920 x 1080; the page writes them in rem, so that they grow with the screen. A project that does not fit loses first
the words beside the figures, then the size of its cells; one that has too many buildings for their names gets a block per compound.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from math import ceil
from typing import Final
from unicodedata import east_asian_width

from services.reporting.queries.cells import Cell

WIDTH: Final = 896.0
HEIGHT: Final = 510.0
CELL_WIDTH, CELL_HEIGHT = 8.4, 6.2
PITCH_X, PITCH_Y = 9.9, 7.6
GAP, COMPOUND_GAP = 11.0, 28.0
TEXT: Final = 20.0
_FIGURE: Final = 24.0  # of the units left, over a building
_LINE: Final = 92.0  # what a line takes beside its cells: bracket, figure, name, gap
_WIDEST_NAME: Final = 140.0
_SIZES: Final = (*(4.0 * 0.92**step for step in range(17)), 1.025, 1.0)
_SMALLER: Final = (0.8, 0.6, 0.45, 0.3, 0.2)
_TALL: Final = (30, 24, 20, 17, 14, 12, 10, 9, 8, 7, 6, 5, 4, 3)  # rows of a block whose cells are not drawn by floor


def brief_label(name: str, left: int, total: int) -> str:
    return f"{name} {left:,} / {total:,}"


Label = Callable[[str, int, int], str]


@dataclass(frozen=True)
class Block:
    """One building. `name` is short, without its compound's name; `size` is that of its cells."""

    compound: str
    building: str
    name: str
    rows: tuple[tuple[Cell, ...], ...]
    size: float

    @property
    def left(self) -> int:
        return sum(not cell.done for row in self.rows for cell in row)

    @property
    def full_name(self) -> str:
        return f"{self.compound} {self.building}".strip()

    @property
    def short_name(self) -> str:
        return f"{_short(self.compound, _WIDEST_NAME)}{self.name}"

    @property
    def across(self) -> float:
        return round(max(map(len, self.rows)) * PITCH_X, 1)

    @property
    def down(self) -> float:
        return round(len(self.rows) * PITCH_Y, 1)


@dataclass(frozen=True)
class Run:
    """Buildings of one compound on one line. `begins`: its bracket has the compound's figures; on a later line only its name."""

    compound: str
    name: str
    begins: bool
    width: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Map:
    """`brief`: there is no room for the words beside a compound's figures."""

    lines: tuple[tuple[Run, ...], ...]
    size: float
    brief: bool = False

    @property
    def blocks(self) -> list[Block]:
        return [block for line in self.lines for run in line for block in run.blocks]

    @property
    def legible(self) -> tuple[bool, bool, float]:
        """What is worth more comes first: the words, a row for each floor, large cells."""
        by_floor = all(len({cell.floor for cell in row}) == 1 for block in self.blocks for row in block.rows)
        return not self.brief, by_floor, self.size

    def worst(self, most: int = 3) -> list[Block]:
        return [block for block in sorted(self.blocks, key=lambda block: -block.left)[:most] if block.left]

    def of_compound(self, compound: str) -> tuple[int, int]:
        """How many of its units are unsigned, and how many it has."""
        mine = [block for block in self.blocks if block.compound == compound]
        return sum(block.left for block in mine), sum(len(row) for block in mine for row in block.rows)


def fitted(cells: Sequence[Cell], label: Label) -> Map:
    """Compounds as they are given, or the largest first: a small one before a large one can leave half of a line empty."""
    units = Counter(cell.compound for cell in cells)
    largest_first = sorted(cells, key=lambda cell: -units[cell.compound])
    return max((arranged(order, label) for order in (cells, largest_first)), key=lambda drawn: drawn.legible)


def arranged(cells: Sequence[Cell], label: Label) -> Map:
    """In the largest size at which all fits. `label` words a compound's figures: name, unsigned, all."""
    by_building = _buildings(cells, lambda cell: (cell.compound, cell.building))
    by_compound = _buildings(cells, lambda cell: (cell.compound, ""))
    tries = (
        (by_building, _SIZES, False),
        (by_building, (*_SIZES, *_SMALLER), True),
        (by_compound, (*_SIZES, *_SMALLER), True),
    )
    for buildings, sizes, brief in tries:
        floors = [_by_floor(building.cells) for building in buildings]
        words = brief_label if brief else label
        for shapes, size in _candidates([len(building.cells) for building in buildings], floors, sizes):
            lines = _flow(buildings, shapes, size, words)
            if _height(lines, shapes, size) <= HEIGHT:
                break
        else:
            continue
        break
    packed = [
        mine if _shape(mine) == shape else _packed(building.cells, shape[0])
        for building, mine, shape in zip(buildings, floors, shapes, strict=True)
    ]
    return Map(
        tuple(tuple(_run(buildings, packed, place, size) for place in line) for line in lines if line), size, brief
    )


@dataclass(frozen=True)
class _Building:
    compound: str
    building: str
    cells: list[Cell]

    @cached_property
    def name(self) -> str:
        return _short(self.building.removeprefix(self.compound).strip() or self.building, _WIDEST_NAME)

    @cached_property
    def least(self) -> float:
        """The width of its texts; the figure's when all are unsigned."""
        return max(width_of(self.name), width_of(str(len(self.cells))) * _FIGURE / TEXT)


Shape = tuple[int, int]  # how many cells wide and high a block is
Rows = tuple[tuple[Cell, ...], ...]


@dataclass
class _Place:
    """A bracket: over which buildings, from one number to before another."""

    compound: str
    begins: bool
    width: float
    first: int
    end: int


def _buildings(cells: Sequence[Cell], key: Callable[[Cell], tuple[str, str]]) -> list[_Building]:
    return [_Building(compound, building, list(group)) for (compound, building), group in groupby(cells, key=key)]


def _by_floor(cells: list[Cell]) -> Rows:
    floors: dict[int, list[Cell]] = {}
    for cell in cells:
        floors.setdefault(cell.floor, []).append(cell)
    return tuple(tuple(floors[floor]) for floor in sorted(floors, reverse=True))


def _shape(rows: Rows) -> Shape:
    return max(map(len, rows)), len(rows)


def _packed(cells: list[Cell], wide: int) -> Rows:
    from_the_top = sorted(cells, key=lambda cell: -cell.floor)
    return tuple(tuple(from_the_top[start : start + wide]) for start in range(0, len(cells), wide))


def _candidates(units: list[int], floors: list[Rows], sizes: Sequence[float]) -> Iterator[tuple[list[Shape], float]]:
    """The shape of every block: by floor in every size, then packed; the largest first."""
    built = [_shape(mine) for mine in floors]
    yield from ((built, size) for size in sizes)
    for size in sizes:
        for tall in _TALL:
            wide = [ceil(count / tall) for count in units]
            yield [(across, ceil(count / across)) for count, across in zip(units, wide, strict=True)], size


def _flow(buildings: list[_Building], shapes: list[Shape], size: float, label: Label) -> list[list[_Place]]:
    """Line by line, each with its brackets. A compound that does not fit on the rest of a line goes on on the next."""
    lines: list[list[_Place]] = [[]]
    x, first = 0.0, 0
    for compound, group in groupby(buildings, key=lambda building: building.compound):
        mine = list(group)
        total, end, begins = sum(len(building.cells) for building in mine), first + len(mine), True
        slots = [
            max(shape[0] * PITCH_X * size, building.least)
            for building, shape in zip(mine, shapes[first:end], strict=True)
        ]
        words = width_of(label(_bracket_name(compound), total, total))  # as wide as it can become
        while slots:
            start = x + COMPOUND_GAP if lines[-1] else 0.0
            taken, width = _taken(slots, WIDTH - start, words)
            if not taken and lines[-1]:
                lines.append([])
                continue
            taken = taken or 1
            lines[-1].append(_Place(compound, begins, width, first, first + taken))
            slots, first, begins, words, x = slots[taken:], first + taken, False, width_of(compound), start + width
    return lines


def _taken(slots: list[float], room: float, least: float) -> tuple[int, float]:
    """How many of the blocks fit side by side under one bracket, and the width that it has then."""
    taken, width = 0, 0.0
    for slot in slots:
        wider = width + (GAP if taken else 0.0) + slot
        if max(wider, least) > room:
            break
        taken, width = taken + 1, wider
    return taken, max(width, least)


def _height(lines: list[list[_Place]], shapes: list[Shape], size: float) -> float:
    tallest = [max(high for place in line for _, high in shapes[place.first : place.end]) for line in lines if line]
    return sum(_LINE + high * PITCH_Y * size for high in tallest)


def _run(buildings: list[_Building], packed: list[Rows], place: _Place, size: float) -> Run:
    mine = range(place.first, place.end)
    blocks = tuple(
        Block(buildings[index].compound, buildings[index].building, buildings[index].name, packed[index], size)
        for index in mine
    )
    return Run(place.compound, _bracket_name(place.compound), place.begins, place.width, blocks)


def _bracket_name(compound: str) -> str:
    return _short(compound, WIDTH / 4)


def _short(name: str, most: float) -> str:
    """Cut so that it fits; the page has the whole name in a title."""
    if width_of(name) <= most:
        return name
    while width_of(f"{name}…") > most:
        name = name[:-1]
    return f"{name}…"


@lru_cache(maxsize=4096)
def width_of(words: str) -> float:
    """At most so wide in the pages' font, bold."""
    return sum(TEXT if east_asian_width(character) in "WFA" else TEXT * 0.6 for character in words)
