"""Does a reader that knows only the published documents accept correct records and find each kind of breach?"""

import ast
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.events import examples, generate
from tests.support import foreign_reader
from tests.support.foreign_reader import Contract, Record, Report

SCHEMAS = generate.FOLDER / "schemas"
SIGNED = "clearwater.signing.agreement.signed.v1"


def golden() -> list[Record]:
    """All examples as records, numbered anew within each key: an example may be of any number."""
    loaded = [examples.load(path) for path in examples.FOLDER.glob("clearwater.*.json")]
    loaded.sort(key=lambda item: (item["topic"], item["key"], item["headers"]["ce_sequence"]))
    counted: Counter[tuple[str, str]] = Counter()
    found = []
    for offset, example in enumerate(loaded):
        counted[example["topic"], example["key"]] += 1
        found.append(_record(example, offset, sequence=counted[example["topic"], example["key"]]))
    return found


def _record(example: dict[str, object], offset: int, *, sequence: int) -> Record:
    headers, payload = example["headers"], example["payload"]
    assert isinstance(headers, dict)
    headers["ce_sequence"] = f"{sequence:020d}"
    return Record(
        topic=str(example["topic"]),
        partition=0,
        offset=offset,
        key=str(example["key"]).encode(),
        value=None if payload is None else json.dumps(payload).encode(),
        headers=[(name, value.encode()) for name, value in headers.items()],
    )


def read(records: list[Record], *planted: str) -> Report:
    return foreign_reader.check(records, Contract.read(SCHEMAS), planted=planted)


def test_the_golden_records_are_as_promised() -> None:
    found = golden()

    report = read(found + found[:5], "陈小明", "13812345678")

    assert report.problems == []
    assert report.records == len(found) + 5
    assert report.repeats == 5


def _header(name: str, value: bytes | None) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        rest = [header for header in record.headers if header[0] != name]
        return record._replace(headers=rest if value is None else [*rest, (name, value)])

    return change


BROKEN: dict[str, tuple[Callable[[Record], Record], str]] = {
    "no id": (_header("ce_id", None), "no ce_id"),
    "no content type": (_header("content-type", None), "no content-type"),
    "id not of version 7": (_header("ce_id", b"7d444840-9dc0-41d1-b245-5ffdce74fad2"), "ce_id is"),
    "unknown type": (_header("ce_type", b"clearwater.signing.agreement.signed.v9"), "ce_type is"),
    "foreign source": (_header("ce_source", b"/440303/notify"), "ce_source is"),
    "short sequence": (_header("ce_sequence", b"9"), "ce_sequence is"),
    "no epoch": (_header("ce_epoch", None), "no ce_epoch"),
    "a gap": (_header("ce_sequence", b"00000000000000000099"), "missing"),
    "another key": (lambda record: record._replace(key=b"other"), "ce_subject is"),
    "no key": (lambda record: record._replace(key=None), "ce_partitionkey is"),
    "not JSON": (lambda record: record._replace(value=b"{"), "not JSON"),
    "field missing": (lambda record: record._replace(value=b"{}"), "required property"),
    "no value": (lambda record: record._replace(value=None), "payload $"),
    "foreign topic": (lambda record: record._replace(topic="clearwater.440303.signing-visit"), "not in EVENTS.md"),
    "a name in clear": (lambda record: record._replace(value=json.dumps("陈小明").encode()), "readable personal value"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_breach_is_noticed(name: str) -> None:
    change, expected = BROKEN[name]
    changed = [change(record) if dict(record.headers)["ce_type"].decode() == SIGNED else record for record in golden()]

    assert any(expected in problem for problem in read(changed, "陈小明").problems)


def test_two_events_under_one_sequence_and_an_overtaking_are_noticed() -> None:
    found = golden()
    case = [record for record in found if record.topic.endswith("signing-case")]
    doubled = _header("ce_id", b"019ac2d4-0000-7000-8000-00000000ffff")(case[0])

    assert any("names two events" in problem for problem in read([*found, doubled]).problems)
    assert any("first comes after" in problem for problem in read([case[1], case[0], *case[2:]]).problems)
    assert any("two partitions" in problem for problem in read([*found, case[0]._replace(partition=3)]).problems)


def test_the_foreign_reader_imports_nothing_of_the_project() -> None:
    tree = ast.parse(Path(foreign_reader.__file__).read_text(encoding="utf-8"))

    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert not {name for name in imported if name and name.split(".")[0] in {"shared", "services", "tests", "deploy"}}
