"""Whom a change of the contract breaks: the incompatible changes between two contracts, and the readers of what they change.

A contract is that of this code, the one that an installation serves (xregistry.py), or a folder of former schemas. A reader is an
agency's grant, or one that this repository declares (readers.toml).
"""

import json
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from shared.events import catalogue, compatibility, described, topics
from shared.events.release import RELEASED
from shared.events.schemas import Document

READERS = Path(__file__).parent / "readers.toml"
_TRAVELS = ("audience", "topic", "key", "ordering")


class Published(NamedTuple):
    """`travels`: how the event travels, as far as that is known of a former contract."""

    schema: Document
    travels: Mapping[str, str]


Contract = Mapping[str, Published]


@dataclass(frozen=True)
class Reader:
    """`types`: those that it reads; `*` stands for all. `fields`: of the value it reads these alone; None: any of them."""

    name: str
    types: frozenset[str]
    fields: frozenset[str] | None = None

    def reads(self, event_type: str) -> bool:
        return event_type in self.types or "*" in self.types


class Change(NamedTuple):
    """`field`: its path in the value, as `right_holders[].share`; empty where it concerns the event as a whole."""

    event_type: str
    field: str
    sentence: str


class Broken(NamedTuple):
    reader: Reader
    change: Change


def current() -> Contract:
    return {event.type: Published(event.schema, _travels(event.labels)) for event in described.every()}


def served(document: Document) -> Contract:
    """Of an installation's /events/xregistry.json. Raises KeyError for a document of another kind."""
    schemas = {
        name: schema["versions"][schema["meta"]["defaultversionid"]]["schema"]
        for group in document["schemagroups"].values()
        for name, schema in group["schemas"].items()
    }
    labels = {
        name: message["versions"][message["meta"]["defaultversionid"]]["labels"]
        for group in document["messagegroups"].values()
        for name, message in group["messages"].items()
    }
    return {name: Published(schema, _travels(labels[name])) for name, schema in schemas.items()}


def former(folder: Path) -> Contract:
    """A folder of schemas by type, such as released/ of an older checkout. How the events travelled it does not say."""
    return {
        path.name.removesuffix(".json"): Published(json.loads(path.read_text(encoding="utf-8")), {})
        for path in sorted(folder.glob("clearwater.*.json"))
    }


def changes(before: Contract, after: Contract) -> list[Change]:
    """Every change that a reader of the former contract may not survive; what is added breaks nobody."""
    found: list[Change] = []
    for event_type, published in before.items():
        if event_type not in after:
            found.append(Change(event_type, "", "is no longer published"))
            continue
        found += _moved(event_type, published.travels, after[event_type].travels)
        for sentence in compatibility.breaks(published.schema, after[event_type].schema):
            place = sentence.partition(":")[0]
            found.append(Change(event_type, place[1:] if place.startswith(".") else "", sentence))
    return found


def broken(found: Iterable[Change], readers: Iterable[Reader]) -> list[Broken]:
    known = list(readers)
    return [Broken(reader, change) for change in found for reader in known if _breaks(change, reader)]


def declared(file: Path = READERS) -> list[Reader]:
    """The readers in this repository."""
    return [_reader(name, about) for name, about in tomllib.loads(file.read_text(encoding="utf-8")).items()]


def sentences(released: Path = RELEASED) -> list[str]:
    """For CI: each declared reader that the change since the last release breaks."""
    found = broken(changes(former(released), current()), declared())
    return [f"{change.event_type} {change.sentence}: breaks {reader.name}" for reader, change in found]


def _breaks(change: Change, reader: Reader) -> bool:
    if not reader.reads(change.event_type):
        return False
    return reader.fields is None or not change.field or any(_touches(change.field, field) for field in reader.fields)


def _touches(changed: str, read: str) -> bool:
    """One is the other, or a part of it."""
    one, other = _steps(changed), _steps(read)
    return all(step == step_of_other for step, step_of_other in zip(one, other, strict=False))


def _steps(field: str) -> list[str]:
    return [step for step in field.replace("[]", "").replace("{}", "").split(".") if step]


def _moved(event_type: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name, value in before.items():
        if after.get(name) != value:
            yield Change(event_type, "", f"{name} {value} became {after.get(name)}")


def _travels(labels: Mapping[str, str]) -> Mapping[str, str]:
    return {name: labels[name] for name in _TRAVELS if name in labels}


def _reader(name: str, about: Mapping[str, Any]) -> Reader:
    fields = about.get("fields")
    types = about["types"] if "types" in about else _types_of_topics(topics.read_by(about["every_topic_of"]))
    return Reader(name, frozenset(types), None if fields is None else frozenset(fields))


def _types_of_topics(kinds: Container[str]) -> list[str]:
    return [event.declared.type for event in catalogue.events() if event.declared.topic in kinds]
