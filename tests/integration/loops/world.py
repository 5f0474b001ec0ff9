"""What a case of a loop is made of: two items, and an exception planted in one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event

from shared.service import database as databases
from shared.service.lifecycle import Loop

BAD, GOOD = "440303", "440305"


class Planted(Exception):  # noqa: N818 - it is planted
    """An exception that no code handles by name."""


@dataclass(frozen=True)
class World:
    platform: Any
    database: Any
    empty_database: Any
    stack: ExitStack

    def engine(self, url: str, **more: Any) -> Engine:
        engine = databases.connect(url, application_name="loops", pool_size=12, **more)
        self.stack.callback(engine.dispose)
        return engine

    def planted(self, engine: Engine, *marks: str) -> Callable[[], bool]:
        """Makes every statement fail that contains all marks in its text or values. Returns a check whether one did."""
        return self.stack.enter_context(_planted(engine, marks))


@contextmanager
def _planted(engine: Engine, marks: tuple[str, ...]) -> Iterator[Callable[[], bool]]:
    met: list[str] = []

    def fail(_: Connection, __: object, statement: str, given: object, *___: object) -> None:
        if all(mark in f"{statement} {given}" for mark in marks):
            met.append(statement)
            raise Planted

    event.listen(engine, "before_cursor_execute", fail)
    yield lambda: bool(met)
    event.remove(engine, "before_cursor_execute", fail)


@dataclass(frozen=True)
class Case:
    loop: Loop
    others_are_served: Callable[[], bool]
    met: Callable[[], bool]


@dataclass(frozen=True)
class Of:
    """`of` is the loop's class."""

    of: type
    make: Callable[[World], Case]
