"""Places the units of a building on the grid: one row per floor, one field per stairwell, columns by door.

Invariant: every column of every row is filled exactly once, so the page can place cells by their order. A unit on several floors spans
their rows, a unit with several doors their columns. Floors without units are left out; there is no floor 0. A unit whose floors are none
stands on the floor that it names: its building is drawn all the same.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID


class Cell(Protocol):
    """What a unit must say of its place: of now (queries/cells.py) or of a closed day (queries/past.py)."""

    @property
    def unit_id(self) -> UUID: ...
    @property
    def stairwell(self) -> str: ...
    @property
    def floor(self) -> int: ...
    @property
    def top_floor(self) -> int | None: ...
    @property
    def door(self) -> str: ...


_WIDEST: Final = 12  # rows or columns of one unit that grid.css can draw


@dataclass(frozen=True)
class Place:
    """`cell` None: an empty place. `floors` and `doors`: how many rows and columns it spans."""

    cell: Cell | None = None
    floors: int = 1
    doors: int = 1


@dataclass(frozen=True)
class Well:
    """A stairwell with its places, row by row from the top, and how many doors it has across."""

    name: str
    doors: int
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Building:
    """`floors` from the top."""

    floors: tuple[int, ...]
    wells: tuple[Well, ...]


def building(cells: Sequence[Cell]) -> Building:
    floors = sorted({floor for cell in cells for floor in _floors(cell)}, reverse=True)
    names = sorted({cell.stairwell for cell in cells}, key=lambda name: (len(name), name))
    wells = [_well(name, [cell for cell in cells if cell.stairwell == name], floors) for name in names]
    return Building(tuple(floors), tuple(wells))


def _well(name: str, cells: Sequence[Cell], floors: Sequence[int]) -> Well:
    taken = _taken(cells, floors)
    across = max(column for _, column in taken) + 1
    return Well(name, across, tuple(_places(taken, floors, across)))


def _taken(cells: Sequence[Cell], floors: Sequence[int]) -> dict[tuple[int, int], Cell]:
    """(floor, column) → unit. From the bottom up, so that a unit keeps its column on every floor that it reaches."""
    taken: dict[tuple[int, int], Cell] = {}
    for floor in reversed(floors):
        column = 0
        for cell in sorted((cell for cell in cells if cell.floor == floor), key=_first_door):
            mine = range(_doors(cell))
            while any((floor, column + door) in taken for floor in _floors(cell) for door in mine):
                column += 1
            taken |= {(floor, column + door): cell for floor in _floors(cell) for door in mine}
            column += len(mine)
    return taken


def _places(taken: dict[tuple[int, int], Cell], floors: Sequence[int], across: int) -> Iterator[Place]:
    begun = set()
    for floor in floors:
        for column in range(across):
            cell = taken.get((floor, column))
            if cell is None:
                yield Place()
            elif cell.unit_id not in begun:
                begun.add(cell.unit_id)
                yield Place(cell, len(_floors(cell)), _doors(cell))


def _floors(cell: Cell) -> list[int]:
    """Of a building: -1, 1, 2 …"""
    floors = [floor for floor in range(cell.floor, (cell.top_floor or cell.floor) + 1) if floor]
    return floors[:_WIDEST] or [cell.floor]


def _doors(cell: Cell) -> int:
    """How many doors lie side by side. These differ in the last two characters: 502、602 lie one above the other."""
    return min(_WIDEST, max(Counter(door[:-2] for door in cell.door.split("、")).values()))


def _first_door(cell: Cell) -> tuple[int, str]:
    """In the order of the corridor: 99 before 101."""
    first = cell.door.split("、")[0]
    return len(first), first
