"""Positions in the wall's SVG charts, computed once on the server. The script only changes colours.

Sizes are those of the mock-up at 1920 x 1080: a panel is 896 wide, text is at least 20.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from unicodedata import east_asian_width

from services.reporting.domain.rates import Basis, scale
from services.reporting.queries.cells import Cell

WIDTH: Final = 896
HEIGHT: Final = 534
_PITCH_X, _PITCH_Y = 9.9, 7.3
_GAP, _COMPOUND_GAP, _LEAST_SLOT = 18.0, 44.0, 64.0
_TEXT = 22.0  # a compound's name, in px
_HEAD, _FOOT = 58.0, 34.0  # above the cells: compound and the building's figure; below: its name
_SCALES: Final = (4.0, 3.4, 2.8, 2.4, 2.0, 1.7, 1.4, 1.2, 1.0, 0.85, 0.7, 0.55)


@dataclass(frozen=True)
class Square:
    cell: Cell
    x: float
    y: float


@dataclass(frozen=True)
class Block:
    """One building: its cells by floor, its name, how many are left. `heads` is the compound's name over its first building."""

    compound: str
    building: str
    heads: bool
    x: float
    base: float
    width: float
    top: float
    squares: tuple[Square, ...]

    @property
    def left(self) -> int:
        return sum(not square.cell.done for square in self.squares)

    @property
    def name(self) -> str:
        return f"{self.compound} {self.building}"


@dataclass(frozen=True)
class Map:
    blocks: tuple[Block, ...]
    cell_width: float
    cell_height: float
    height: float

    def worst(self, most: int = 3) -> list[Block]:
        return [block for block in sorted(self.blocks, key=lambda block: -block.left)[:most] if block.left]

    def compound_left(self, compound: str) -> tuple[int, int]:
        mine = [block for block in self.blocks if block.compound == compound]
        return sum(block.left for block in mine), sum(len(block.squares) for block in mine)


def building_map(cells: Sequence[Cell]) -> Map:
    """One cell per unit, in the largest size at which all buildings fit."""
    for size in _SCALES:
        drawn = _flow(cells, size)
        if drawn.height <= HEIGHT:
            return drawn
    return drawn


def _flow(cells: Sequence[Cell], size: float) -> Map:
    blocks: list[Block] = []
    x, y, tallest, before, named_to = 0.0, 0.0, 0.0, "", 0.0
    for (compound, _), group in groupby(cells, key=lambda cell: (cell.compound, cell.building)):
        floors = _floors(list(group))
        width, tall = max(map(len, floors)) * _PITCH_X * size, len(floors) * _PITCH_Y * size
        if x:
            x = x + _GAP if compound == before else max(x + _COMPOUND_GAP, named_to + _GAP)
        heads, reaches = compound != before or not x, x + _name_width(compound)
        if x and max(x + max(width, _LEAST_SLOT), reaches if heads else 0.0) > WIDTH:
            x, y, tallest, heads, reaches = 0.0, y + tallest + _HEAD + _FOOT, 0.0, True, _name_width(compound)
        blocks.append(_block(floors, heads=heads, at=(x, y), size=size))
        named_to = reaches if heads else named_to
        x, tallest, before = x + max(width, _LEAST_SLOT), max(tallest, tall), compound
    return Map(
        tuple(blocks), (_PITCH_X - 1.5) * size, (_PITCH_Y - 1.4) * size, y + tallest + _HEAD + _FOOT if blocks else 0.0
    )


def _name_width(compound: str) -> float:
    return sum(_TEXT if east_asian_width(character) in "WF" else _TEXT * 0.6 for character in compound)


def _floors(cells: list[Cell]) -> list[list[Cell]]:
    """From the top floor down."""
    by_floor: dict[int, list[Cell]] = {}
    for cell in cells:
        by_floor.setdefault(cell.floor, []).append(cell)
    return [by_floor[floor] for floor in sorted(by_floor, reverse=True)]


def _block(floors: list[list[Cell]], *, heads: bool, at: tuple[float, float], size: float) -> Block:
    x, top = at[0], at[1] + _HEAD
    squares = tuple(
        Square(cell, round(x + column * _PITCH_X * size, 1), round(top + row * _PITCH_Y * size, 1))
        for row, floor in enumerate(floors)
        for column, cell in enumerate(floor)
    )
    width = max(map(len, floors)) * _PITCH_X * size
    first = floors[0][0]
    return Block(first.compound, first.building, heads, x, top + len(floors) * _PITCH_Y * size, width, top, squares)


@dataclass(frozen=True)
class Axis:
    """The common scale of all bases: its ends in hundredths of a percent, positions in percent of its length.

    `threshold`: the percent that every required basis must reach; None where they differ, or there is none.
    """

    low: int
    high: int
    threshold: int | None = None

    def place(self, hundredths: int | None) -> float | None:
        return None if hundredths is None else round((hundredths - self.low) / (self.high - self.low) * 100, 2)


def axis(bases: Sequence[Basis]) -> Axis:
    thresholds = {basis.percent for basis in bases if basis.percent is not None}
    return Axis(*scale(list(bases)), thresholds.pop() if len(thresholds) == 1 else None)
