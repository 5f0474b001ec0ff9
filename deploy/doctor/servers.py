"""What the programs of others take of this machine: PostgreSQL, Kafka and the front door show no such figure of themselves.

Invariant: only processes of this installation are looked at, by the mark and the name that supervisord has given to each. A container sees
none but its own: there, and in Kubernetes, the engine has these figures for every container.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from deploy.declaration import FRONT_DOOR, MARK, PLATFORM
from shared.telemetry.facts import Fact, Sample

MEMORY: Final = Fact(
    "clearwater_server_memory_bytes",
    "Memory of PostgreSQL, Kafka or the front door with all its processes, shared pages counted once; local platform only.",
    ("place",),
)
CPU: Final = Fact(
    "clearwater_server_cpu_seconds_total",
    "Seconds of the processor that PostgreSQL, Kafka or the front door has taken, with all its processes; local platform only.",
    ("place",),
    "counter",
)

_NAME: Final = "SUPERVISOR_PROCESS_NAME"
_NAMES: Final = (*PLATFORM, FRONT_DOOR)
_PROCESSES: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_GONE: Final = (OSError, ValueError)  # ended in between, or another user's


def samples(installation: str) -> Iterator[Sample]:
    """`installation`: what MARK says in the environment of its processes; empty: none can be seen."""
    if not installation:
        return
    children = _children()
    for name, first in _first(installation, children).items():
        family = list(_family(first, children))
        yield MEMORY.of(sum(map(_memory, family)), name)
        yield CPU.of(sum(map(_seconds, family)), name)


def _first(installation: str, children: Mapping[int, list[int]]) -> Mapping[str, int]:
    """By name, the process that supervisord has started. A child of it may bear the same environment."""
    found: dict[str, set[int]] = defaultdict(set)
    for pid in _pids():
        with suppress(*_GONE):
            variables = (_PROCESSES / str(pid) / "environ").read_bytes().decode(errors="replace").split("\0")
            given = dict(variable.split("=", 1) for variable in variables if "=" in variable)
            if given.get(MARK) == installation and (name := given.get(_NAME)) in _NAMES:
                found[name].add(pid)
    return {
        name: min(pids - {child for pid in pids for child in children.get(pid, ())}) for name, pids in found.items()
    }


def _pids() -> Iterator[int]:
    yield from (int(entry.name) for entry in _PROCESSES.iterdir() if entry.name.isdigit())


def _children() -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for pid in _pids():
        with suppress(*_GONE):
            found[int(_fields(pid)[1])].append(pid)
    return found


def _family(first: int, children: Mapping[int, list[int]]) -> Iterator[int]:
    yield first
    for child in children.get(first, ()):
        yield from _family(child, children)


def _fields(pid: int) -> list[str]:
    """Of /proc/<pid>/stat, from the state on; the name before it may hold anything."""
    return (_PROCESSES / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()


def _seconds(pid: int) -> float:
    """Of itself, and of its children that have ended."""
    with suppress(*_GONE):
        return sum(map(int, _fields(pid)[11:15])) / _TICKS
    return 0.0


def _memory(pid: int) -> int:
    """Its own pages, and its part of those that it shares."""
    with suppress(*_GONE):
        lines = (_PROCESSES / str(pid) / "smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return 0
