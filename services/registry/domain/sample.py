"""A whole invented project, in the words of the template: 澄水湾片区 with its 37 buildings, or a small one of any size.

Invariant: the same seed and size give the same project. Every kind of right-holder is among the first ten units, so that the
smallest sample has them too. The reference project also has real-life cases: top floors that are not full, shops below ground,
a unit with two doors, one on two storeys.
Held by tests/unit/registry/test_sample.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random

from services.registry.domain.invented import Invented, Inventor

Line = dict[str, object]

_COMPOUNDS = {"A": "澄水湾生活小区", "B": "和丰苑", "C": "银泉阁", "D": "翠坪里", "E": "长盛居", "F": "东仓院"}
# compound and number, units, columns of the block, group
_REFERENCE = (
    "A1 40 5 1|A2 40 5 1|A3 40 5 1|A4 40 5 1|A5 52 6 2|A6 52 6 2|A7 52 6 2|A8 38 5 3|A9 38 5 3|A10 38 5 3|A11 38 5 3|A12 44 5 4|"
    "B1 48 6 4|B2 48 6 4|B3 28 4 4|B4 52 6 5|B5 48 6 5|B6 48 6 5|B7 64 7 6|C1 48 6 6|C2 48 6 6|C3 60 6 7|C4 60 6 7|C5 64 7 8|"
    "D1 36 5 7|D2 50 5 8|D3 50 5 8|D4 40 5 9|D5 40 5 9|D6 36 5 10|E1 64 7 9|E2 44 5 10|E3 42 5 10|E4 42 5 11|"
    "F1 30 4 10|F2 53 6 11|F3 53 6 11"
)
_REFERENCE_UNITS = 1708
# By number: the first floor is a basement of shops; the last unit of the second floor has its neighbour's door with it; the last unit
# of all has the attic with it.
_BASEMENTS, _MERGED, _DUPLEXES = frozenset({5, 24, 36}), frozenset({3, 13, 28}), frozenset({8, 12, 37})
_NEIGHBOURS_AREA = 42.0  # m², of the other door of a merged unit
_TWO_UNIT_OWNERS = 53  # of 1,708 units, so that 1,655 households remain
_NUMERALS = "一二三四五六七八九十"
_GROUND_FLOOR_SHOPS = 0.1
_ABROAD = frozenset({"港澳居民来往内地通行证", "台湾居民来往大陆通行证", "护照"})
_SMALL_BLOCK, _SMALL_COLUMNS = 24, 4


@dataclass(frozen=True)
class Building:
    compound: str
    name: str
    number: int
    units: int
    columns: int
    group: int
    basement: bool = False
    merged: bool = False
    duplex: bool = False

    @property
    def floors(self) -> int:
        """Above ground."""
        return -(-self.units // self.columns) - self.basement + self.duplex

    @property
    def stairwells(self) -> int:
        return max(1, self.columns // 2)


@dataclass(frozen=True)
class Sample:
    """`holders` and `buildings` are the rows of the workbook's two sheets; `groups` maps a group to its officers' numbers.

    `mandates`: who signs for whom, by a paper that is recorded in signing and does not stand in the workbook.
    """

    name: str
    buildings: list[Line]
    holders: list[Line]
    groups: dict[str, list[tuple[str, str]]]
    mandates: list["Mandate"] = field(default_factory=list)


@dataclass(frozen=True)
class Mandate:
    """An owner abroad has given a neighbour a notary's paper. Both are the first right-holders of their units."""

    unit_code: str
    hand_unit_code: str
    valid_until: date
    evidence: str


def made(*, seed: int, units: int, district: str) -> Sample:
    """`district`: GB/T 2260. 1,708 units make the reference project; any other number a project of small blocks."""
    blocks = _reference() if units == _REFERENCE_UNITS else _small(units)
    author = _Author(seed, district, units)
    holders = [line for block in blocks for line in author.block(block)]
    groups = {_group(number): _officers(number) for number in sorted({block.group for block in blocks})}
    name = "澄水湾片区" if units == _REFERENCE_UNITS else f"云汀里片区（{units}套）"
    return Sample(name, [_building_line(block, district) for block in blocks], holders, groups, _mandates(holders))


class _Author:
    def __init__(self, seed: int, district: str, units: int) -> None:
        self._inventor, self._random, self._district = Inventor(seed), Random(seed + 1), district  # noqa: S311
        self._unit = 0
        self._pairs = {8 + 32 * pair for pair in range(max(1, units * _TWO_UNIT_OWNERS // _REFERENCE_UNITS))}
        self._again: Invented | None = None
        self._first: dict[int, Callable[[], list[Line]]] = {
            1: self._three_heirs, 2: self._couple, 3: self._parent_and_child, 4: self._organisation, 5: self._hong_kong,
            6: self._permit_holder, 7: self._foreigner,
        }  # fmt: skip

    def block(self, block: Building) -> Iterator[Line]:
        for place in range(block.units):
            unit = self._placed(block, place)
            owners = self._owners()
            if self._unit - 1 in self._pairs:
                unit["household"] = f"H{self._unit:05d}"
            elif self._unit - 2 in self._pairs:
                unit["household"] = f"H{self._unit - 1:05d}"
            for owner in owners:
                yield {**unit, **owner}

    def _placed(self, block: Building, place: int) -> Line:
        self._unit += 1
        level, column = divmod(place, block.columns)
        area = self._random.randint(4_200, 11_800) / 100
        is_shop = level == 0 and (self._random.random() <= _GROUND_FLOOR_SHOPS or block.basement)
        floor = level if block.basement and level else level + 1
        floors, doors = [floor], [f"{floor}{column + 1:02d}"]
        if block.basement and level == 0:
            floors, doors = [-1], [f"B{column + 1:02d}"]
        if block.merged and place == 2 * block.columns - 1:
            doors.append(f"{floor}{column + 2:02d}")
            area = round(area + _NEIGHBOURS_AREA, 2)
        if block.duplex and place == block.units - 1:
            floors.append(floor + 1)
        officers = _officers(block.group)
        return {
            "compound": block.compound,
            "building": block.name,
            "stairwell": f"{column * block.stairwells // block.columns + 1}单元",
            "floor": floors[0] if len(floors) == 1 else "至".join(map(str, floors)),
            "door": "、".join(doors),
            "unit_code": f"{self._district}001001GB00001F{block.number:04d}{place + 1:04d}",
            "house_code": f"{_building_code(self._district, block)}{place + 1:06d}",
            "use": "商铺" if is_shop else "住宅",
            "structure": "钢混",
            "registered_area": area,
            "surveyed_area": area,
            "group": _group(block.group),
            "officer": officers[self._unit % len(officers)][0],
        }

    def _owners(self) -> list[Line]:
        place = self._unit - 1
        if place in self._pairs:
            self._again = self._inventor.citizen()
            return [_holder(self._again, "单独所有")]
        if self._again is not None:
            owner, self._again = self._again, None
            return [_holder(owner, "单独所有")]
        return self._first.get(place, self._usual)()

    def _usual(self) -> list[Line]:
        drawn = self._random.random()
        for limit, owners in ((0.62, self._alone), (0.88, self._couple), (0.93, self._halves), (0.96, self._three_heirs),
                              (0.97, self._parent_and_child), (0.98, self._hong_kong), (0.985, self._permit_holder),
                              (0.99, self._taiwan), (0.995, self._foreigner)):  # fmt: skip
            if drawn < limit:
                return owners()
        return self._organisation()

    def _alone(self) -> list[Line]:
        return [_holder(self._inventor.citizen(), "单独所有")]

    def _couple(self) -> list[Line]:
        return [_holder(self._inventor.citizen(), "共同共有") for _ in range(2)]

    def _halves(self) -> list[Line]:
        return [_holder(self._inventor.citizen(), "按份共有", share="1/2") for _ in range(2)]

    def _three_heirs(self) -> list[Line]:
        return [_holder(self._inventor.citizen(), "按份共有", share="1/3") for _ in range(3)]

    def _parent_and_child(self) -> list[Line]:
        parent, child = self._inventor.citizen(), self._inventor.child()
        guarded = _holder(child, "按份共有", share="1/2") | {
            "capacity": "限制",
            "guardian_name": parent.name,
            "guardian_document_type": parent.document_type,
            "guardian_document_number": parent.document_number,
        }
        return [_holder(parent, "按份共有", share="1/2"), guarded]

    def _organisation(self) -> list[Line]:
        return [_holder(self._inventor.organisation(), "单独所有")]

    def _hong_kong(self) -> list[Line]:
        return [_holder(self._inventor.hong_kong(), "单独所有")]

    def _permit_holder(self) -> list[Line]:
        return [_holder(self._inventor.permit_holder(), "单独所有")]

    def _taiwan(self) -> list[Line]:
        return [_holder(self._inventor.taiwan(), "单独所有")]

    def _foreigner(self) -> list[Line]:
        return [_holder(self._inventor.foreigner(), "单独所有")]


def _holder(person: Invented, ownership: str, *, share: str | None = None) -> Line:
    line: Line = {
        "ownership": ownership,
        "name": person.name,
        "document_type": person.document_type,
        "document_number": person.document_number,
        "share": share,
        "mobile": person.mobile,
        "email": person.email,
        "language": person.language,
    }
    return {name: value for name, value in line.items() if value is not None}


def _reference() -> list[Building]:
    rows = (entry.split() for entry in _REFERENCE.split("|"))
    return [
        Building(
            _COMPOUNDS[place[0]],
            f"{place[1:]}栋",
            number,
            int(units),
            int(columns),
            int(group),
            basement=number in _BASEMENTS,
            merged=number in _MERGED,
            duplex=number in _DUPLEXES,
        )
        for number, (place, units, columns, group) in enumerate(rows, start=1)
    ]


def _small(units: int) -> list[Building]:
    sizes = [min(_SMALL_BLOCK, units - start) for start in range(0, units, _SMALL_BLOCK)]
    return [
        Building("云汀里", f"{number}栋", number, size, _SMALL_COLUMNS, (number - 1) % 4 + 1)
        for number, size in enumerate(sizes, start=1)
    ]


def _building_code(district: str, block: Building) -> str:
    return f"{district}0010010{block.number:06d}"


def _building_line(block: Building, district: str) -> Line:
    return {
        "compound": block.compound,
        "building": block.name,
        "building_code": _building_code(district, block),
        "stairwells": block.stairwells,
        "floors_above": block.floors,
        "floors_below": int(block.basement),
    }


def _mandates(holders: list[Line]) -> list[Mandate]:
    """Of every second owner abroad, to the owner of the first unit in the workbook, who signs for themselves."""
    abroad = [str(line["unit_code"]) for line in holders if line["document_type"] in _ABROAD]
    return [
        Mandate(
            unit_code,
            str(holders[0]["unit_code"]),
            date(2027, 1 + number % 12, 28),
            f"（样例）公证委托书第 {number:04d} 号",
        )
        for number, unit_code in enumerate(abroad[::2], start=1)
    ]


def _group(number: int) -> str:
    ten, rest = divmod(number, 10)
    return ("十" if ten else "") + (_NUMERALS[rest - 1] if rest else "") + "组"


def _officers(group: int) -> list[tuple[str, str]]:
    """Number and name of three officers."""
    surnames = "邱何方石韩孟沈"
    given = ("敏", "静", "立")
    return [
        (f"G{group:02d}-{place}", surnames[(group + place) % len(surnames)] + given[place - 1]) for place in (1, 2, 3)
    ]
