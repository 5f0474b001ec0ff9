"""What a look at an installation has seen: no opinion yet. looking.py makes it, findings.py judges it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from deploy.declaration import SECOND, SERVICES

OTHER_SCHEMA = "migrations are"  # so begins what /ready says of a schema that the code does not work with
NO_DATABASE = "database"  # and of a database that does not answer
UNSEEN = "topics not to be seen: "  # and what it says of topics that are gone, or may not be read
STARTS = "clearwater_process_starts"  # watch.py counts them: one look cannot
STARTED = "process_start_time_seconds"  # the one figure of Python's own that is looked at
MOST_STARTS = 2  # within ten minutes: a person and an upgrade
_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Sample(NamedTuple):
    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Process:
    """`ready`: what /ready has answered, "" when it is ready; None when nothing answers. `hangs`: it takes a connection and says nothing.
    `clock_off`: seconds before ours.
    """

    name: str
    service: str
    ready: str | None
    samples: tuple[Sample, ...] = ()
    clock_off: float | None = None
    hangs: bool = False


@dataclass(frozen=True)
class Seen:
    """`servers`: whether PostgreSQL, Kafka, the front door and the like answer. `certificates`: begin and end, by whose it is.

    `disks`: size and free bytes of others than the installation's own; processes may show the same ones.
    """

    at: datetime
    processes: tuple[Process, ...]
    servers: Mapping[str, bool]
    disk_total: int
    disk_free: int
    certificates: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    disks: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def named(self, name: str) -> Iterator[Process]:
        return (process for process in self.processes if process.name == name)

    def is_gone(self, server: str) -> bool:
        """It was looked at and did not answer."""
        return not self.servers.get(server, True)

    def explains(self, ready: str) -> bool:
        """The database or the broker that does not answer does: that is one finding, not fifteen."""
        gone = {"database": "postgres", "stopping": "postgres", "broker": "kafka", "the broker": "kafka"}
        return any(ready.startswith(word) and self.is_gone(name) for word, name in gone.items())

    def explains_silence(self, process: Process) -> bool:
        """PostgreSQL that is gone does: who asks it hangs, and loops end. An API that is down is so for another reason."""
        if not self.is_gone("postgres") or process.service not in SERVICES:
            return False
        serving = {SERVICES[process.service].process(role) for role in SERVICES[process.service].roles if role.serves}
        return process.hangs or process.name.removesuffix(SECOND) not in serving

    def restarting(self) -> Mapping[str, int]:
        """How often each process was started of late, of those that end again and again."""
        counted = {sample.labels["process"]: int(sample.value) for _, sample in self.samples(STARTS)}
        return {name: starts for name, starts in counted.items() if starts > MOST_STARTS}

    def samples(self, name: str) -> Iterator[tuple[Process, Sample]]:
        return (
            (process, sample) for process in self.processes for sample in process.samples if sample.name == name
        )  # fmt: skip


def parsed(text: str) -> tuple[Sample, ...]:
    """Prometheus' text format, as our processes write it."""
    found = (_SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Sample(line["name"], dict(_LABEL.findall(line["labels"] or "")), float(line["value"])) for line in found if line
    )
