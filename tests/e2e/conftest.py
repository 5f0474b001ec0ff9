"""The whole system with two districts opened as the demo opens them: a workbook each, a frozen roll, some agreements ready to be signed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.demo import day
from deploy.demo.desk import Desk
from deploy.demo.opening import District, Opened, open_district
from deploy.demo.people import Person
from deploy.local.place import Place
from tests.support.platform import Platform

UNITS, READY = 8, 4


@dataclass
class Side:
    """One district with its desk and the agreements that are ready there; a test takes the next."""

    opened: Opened
    desk: Desk
    ready: list[str]

    @property
    def code(self) -> str:
        return self.opened.district.code


def open_side(place: Place, district: District) -> Side:
    opened = open_district(place, district, units=UNITS, show_mistakes=False)
    desk = Desk(place, opened)
    return Side(opened, desk, list(desk.ready(READY, told=lambda _: None)))


@pytest.fixture(scope="session")
def sides(system: Platform) -> Iterator[list[Side]]:
    day.begin(system.place, speed=1)
    opened = [
        open_side(system.place, District("440303", "示例一区", "澄水湾片区", seed=1)),
        open_side(system.place, District("440305", "示例二区", "云汀里片区", seed=2)),
    ]
    yield opened
    for side in opened:
        side.desk.close()


@pytest.fixture
def person(system: Platform) -> Iterator[Any]:
    """person("desk", "440303") asks over HTTP with a token of that role and district."""
    made: list[Person] = []

    def make(role: str, district: str) -> Person:
        made.append(Person(system.place, role, district))
        return made[-1]

    yield make
    for each in made:
        each.__exit__()
