"""Another agency's reader: knows EVENTS.md, the schemas and a Kafka address. It imports nothing of ours, on purpose.

Reads every record of the topics that match, from the first to the last that was there when it began, and reports
every breach of EVENTS.md.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker
from kafka import KafkaConsumer, TopicPartition

_UUID_VERSION = 7
_SILENT_POLLS = 20
_TOPIC = re.compile(r"clearwater\.([0-9]{6})\.([a-z]+-[a-z]+)")
_TYPE = re.compile(r"clearwater\.([a-z]+)(\.[a-z]+)+\.v[0-9]+")
# Rows of EVENTS.md: | `kind` | owner | `key` | audience | ordering | partitions | keeps |
_KIND_ROW = re.compile(r"^\| `([a-z-]+)` \| (\w+) \| `(\w+)` \| (\w+) \| (contiguous|latest) \| (\d+) \|", re.MULTILINE)
_HEADER_ROW = re.compile(r"^\| `([a-z_-]+)` \| (always|where known) \|", re.MULTILINE)


class Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]

    @property
    def place(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


class Kind(NamedTuple):
    owner: str
    key: str
    contiguous: bool


@dataclass(frozen=True)
class Contract:
    """What the published documents say."""

    kinds: Mapping[str, Kind]
    headers: Sequence[str]
    schemas: Mapping[str, Draft202012Validator]

    @staticmethod
    def read(schemas_dir: Path) -> "Contract":
        words = (schemas_dir.parent / "EVENTS.md").read_text(encoding="utf-8")
        kinds = {row[0]: Kind(row[1], row[2], row[4] == "contiguous") for row in _KIND_ROW.findall(words)}
        headers = [name for name, present in _HEADER_ROW.findall(words) if present == "always"]
        return Contract(kinds, headers, {path.stem: _validator(path) for path in schemas_dir.glob("*.json")})


@dataclass
class Report:
    """`problems` is empty when everything is as promised. `last` is n for each (topic, key) that counted 1 … n."""

    records: int = 0
    repeats: int = 0
    types: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    last: dict[tuple[str, str], int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_all(
    connection: Mapping[str, Any], topics_regex: str, schemas_dir: Path, *, planted: Iterable[str] = ()
) -> Report:
    """`planted`: personal values known to be in the system, none of which may be readable in any record."""
    return check(records(connection, topics_regex), Contract.read(schemas_dir), planted=planted)


def records(connection: Mapping[str, Any], topics_regex: str) -> list[Record]:
    """Every record that the matching topics hold now, in order within each partition."""
    consumer = KafkaConsumer(**connection, enable_auto_commit=False, bootstrap_timeout_ms=10_000)
    try:
        names = sorted(name for name in consumer.topics() if re.search(topics_regex, name))
        places = [
            TopicPartition(name, number) for name in names for number in consumer.partitions_for_topic(name) or ()
        ]
        if not places:
            return []
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        return _read_to(consumer, consumer.end_offsets(places))
    finally:
        consumer.close()


def check(found: Iterable[Record], contract: Contract, *, planted: Iterable[str] = ()) -> Report:
    """Checks records against the contract. Records are in order within each partition."""
    report = Report()
    reading = _Reading(report, contract, tuple(value.encode() for value in planted))
    for record in found:
        reading.take(record)
    reading.finish()
    return report


class _Reading:
    def __init__(self, report: Report, contract: Contract, planted: Sequence[bytes]) -> None:
        self._report, self._contract, self._planted = report, contract, planted
        self._sequences: dict[tuple[str, str], dict[int, str]] = {}
        self._partitions: dict[tuple[str, str], int] = {}
        self._ids: dict[str, tuple[str, str, int]] = {}

    def take(self, record: Record) -> None:
        report = self._report
        report.records += 1
        report.topics[record.topic] += 1
        headers = {name: value.decode() for name, value in record.headers}
        wrong = [*self._envelope(record, headers), *self._leaks(record)]
        if not wrong:
            report.types[headers["ce_type"]] += 1
            wrong = [*self._payload(record, headers), *self._order(record, headers)]
        report.problems += [f"{record.place}: {problem}" for problem in wrong]

    def finish(self) -> None:
        """Order within a key is judged at the end: a repeat may come before what fills its gap."""
        for (topic, key), sequences in self._sequences.items():
            self._report.last[topic, key] = max(sequences)
            missing = set(range(1, max(sequences) + 1)) - sequences.keys()
            if missing and self._kind(topic).contiguous:
                self._report.problems.append(f"{topic} {key}: missing {sorted(missing)[:10]}")

    def _kind(self, topic: str) -> Kind:
        return self._contract.kinds[topic.split(".")[2]]

    def _envelope(self, record: Record, headers: Mapping[str, str]) -> list[str]:
        missing = [name for name in self._contract.headers if not headers.get(name)]
        if missing:
            return [f"no {name}" for name in missing]
        named = _TOPIC.fullmatch(record.topic)
        if not named or named[2] not in self._contract.kinds:
            return ["topic is not in EVENTS.md"]
        owner, key = self._contract.kinds[named[2]].owner, (record.key or b"").decode()
        rules = {
            "content-type": headers["content-type"] == "application/json",
            "ce_specversion": headers["ce_specversion"] == "1.0",
            "ce_id": _is_uuid7(headers["ce_id"]),
            "ce_type": bool(_TYPE.fullmatch(headers["ce_type"])) and headers["ce_type"] in self._contract.schemas,
            "ce_source": headers["ce_source"] == f"/{named[1]}/{owner}",
            "ce_subject": headers["ce_subject"] == key,
            "ce_time": _is_instant(headers["ce_time"]),
            "ce_dataschema": headers["ce_dataschema"] == f"urn:clearwater:schema:{headers['ce_type']}",
            "ce_sequence": bool(re.fullmatch(r"[0-9]{20}", headers["ce_sequence"])) and int(headers["ce_sequence"]) > 0,
            "ce_partitionkey": bool(key) and headers["ce_partitionkey"] == key,
            "ce_epoch": bool(re.fullmatch(r"[1-9][0-9]*", headers["ce_epoch"])),
        }
        return [f"{name} is {headers[name]!r}" for name, holds in rules.items() if not holds]

    def _leaks(self, record: Record) -> list[str]:
        everything = b"\n".join([record.key or b"", record.value or b"", *(value for _, value in record.headers)])
        # JSON may write other scripts as \\u escapes; unescaped they must not be readable either.
        unescaped = re.sub(
            rb"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)).encode("utf-8", "ignore"), everything
        )
        return [f"readable personal value no. {n}" for n, value in enumerate(self._planted) if value in unescaped]

    def _payload(self, record: Record, headers: Mapping[str, str]) -> list[str]:
        try:
            payload = None if record.value is None else json.loads(record.value)
        except ValueError:
            return ["value is not JSON"]
        errors = self._contract.schemas[headers["ce_type"]].iter_errors(payload)
        wrong = [f"payload {error.json_path}: {error.message}" for error in errors]
        key = (record.key or b"").decode()
        if isinstance(payload, dict) and str(payload.get(self._kind(record.topic).key)) != key:
            wrong.append("record key is not the payload's key field")
        return wrong

    def _order(self, record: Record, headers: Mapping[str, str]) -> list[str]:
        stream, sequence = (record.topic, headers["ce_subject"]), int(headers["ce_sequence"])
        if self._partitions.setdefault(stream, record.partition) != record.partition:
            return ["key is on two partitions"]
        event = (*stream, sequence)
        if self._ids.setdefault(headers["ce_id"], event) != event:
            return ["ce_id names two events"]
        seen = self._sequences.setdefault(stream, {})
        if sequence in seen:
            self._report.repeats += 1
            return [] if seen[sequence] == headers["ce_id"] else [f"sequence {sequence} names two events"]
        overtaken = bool(seen) and sequence < max(seen)
        seen[sequence] = headers["ce_id"]
        return [f"sequence {sequence} first comes after {max(seen)}"] if overtaken else []


def _read_to(consumer: Any, ends: Mapping[Any, int]) -> list[Record]:
    """Raises TimeoutError when the broker stays silent although there is more to read."""
    found: list[Record] = []
    silent_polls = 0
    while behind := [place for place, end in ends.items() if consumer.position(place) < end]:
        polled = [record for records in consumer.poll(timeout_ms=1_000).values() for record in records]
        found += [Record(r.topic, r.partition, r.offset, r.key, r.value, list(r.headers)) for r in polled]
        silent_polls = 0 if polled else silent_polls + 1
        if silent_polls > _SILENT_POLLS:
            raise TimeoutError(f"nothing more from {behind}")
    return found


def _validator(path: Path) -> Draft202012Validator:
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def _is_uuid7(text: str) -> bool:
    try:
        return UUID(text).version == _UUID_VERSION
    except ValueError:
        return False


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
