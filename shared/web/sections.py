"""The parts of the product that have pages, with their short addresses at the front door."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

STAFF: Final = ("clerk", "desk", "officer", "command", "city", "auditor")


@dataclass(frozen=True)
class Section:
    """`name` is its text in the catalogue; `roles` are those that its pages let in."""

    name: str
    roles: tuple[str, ...] = STAFF

    @property
    def path(self) -> str:
        return f"/{self.name}"


SECTIONS: Final = (
    Section("wall"),
    Section("map"),
    Section("city"),
    Section("report"),
    Section("mine", ("officer",)),
    Section("desk", ("desk", "officer", "command")),
    Section("register"),
    Section("messages"),
    Section("parked", ("command", "city")),
    Section("taken", ("city", "auditor")),
    Section("agency", ("agency",)),
    Section("events", ("agency", "city", "auditor")),
)


def open_to(roles: Collection[str]) -> list[Section]:
    """In the order in which a page lists them."""
    return [section for section in SECTIONS if not set(roles).isdisjoint(section.roles)]


def of(path: str) -> str | None:
    """The part that a path belongs to."""
    return next(
        (section.name for section in SECTIONS if path == section.path or path.startswith(f"{section.path}/")), None
    )
