"""Where things stand in the wall's charts: positions for SVG, computed once on the server and only recoloured by script.

Sizes are those of the mock-up at 1920 x 1080: a panel is 896 wide, text is at least 20.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from unicodedata import east_asian_width

from services.reporting.domain.rates import Basis, scale
from services.reporting.queries.cells import Cell
from shared.service.clock import SHANGHAI

WIDTH: Final = 896
HEIGHT: Final = 534
_PITCH_X, _PITCH_Y = 9.9, 7.3
_GAP, _COMPOUND_GAP, _LEAST_SLOT = 18.0, 44.0, 64.0
_TEXT = 22.0  # a compound's name, in px
_HEAD, _FOOT = 58.0, 34.0  # above the cells: compound and the building's figure; below: its name
_OPENS, _CLOSES = 8, 20  # the desks' day in Shanghai; a day with signings outside it is drawn whole
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
    """One cell a unit, in the largest size at which every building has its place."""
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
    return sum(_TEXT if east_asian_width(each) in "WF" else _TEXT * 0.6 for each in compound)


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
    """The line all bases share: its ends in whole percent, and places on it in percent of its length."""

    low: int
    high: int

    def place(self, hundredths: int | None) -> float | None:
        return None if hundredths is None else round((hundredths - self.low) / (self.high - self.low) * 100, 2)


def axis(bases: Sequence[Basis]) -> Axis:
    return Axis(*scale(list(bases)))


@dataclass(frozen=True)
class Pace:
    """The day's running count as a path in a field of 432 x 246, from the first to the last full hour that has anything to show."""

    path: str
    x: float
    y: float
    hours: tuple[tuple[float, int], ...]
    gained: int


def pace(points: Sequence[tuple[datetime, int]], *, now: datetime, total: int) -> Pace:
    left, right, top, bottom = 0.0, 372.0, 22.0, 212.0
    local = now.astimezone(SHANGHAI)
    opens = local.replace(hour=_OPENS, minute=0, second=0, microsecond=0)
    early = any(at < opens for at, _ in points[1:]) or local < opens
    start = opens.replace(hour=0) if early else opens
    span = timedelta(hours=_CLOSES - _OPENS if not early and local.hour < _CLOSES else 24 - start.hour)
    highest = max(total, *(count for _, count in points), 1)

    def place(at: datetime, count: int) -> tuple[float, float]:
        across = min(1.0, max(0.0, (at - start) / span))
        return round(left + across * (right - left), 1), round(bottom - count / highest * (bottom - top), 1)

    points = [(max(at, start), count) for at, count in points]
    until = [*points, (max(now, points[-1][0]), points[-1][1])]
    steps: list[str] = []
    for index, (at, count) in enumerate(until):
        x, y = place(at, count)
        steps.append(f"M{x} {y}" if not index else f"H{x}V{y}")
    x, y = place(*until[-1])
    hours = range(start.hour, start.hour + int(span / timedelta(hours=1)) + 1, 4)
    ticks = tuple((place(start + timedelta(hours=hour - start.hour), 0)[0], hour) for hour in hours)
    return Pace("".join(steps), x, y, ticks, points[-1][1] - points[0][1])
