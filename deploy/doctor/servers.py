"""What the programs of others take of this machine: PostgreSQL, Kafka and the front door show no such figure of themselves.

Invariant: only processes of this installation are looked at, by the mark and the name that supervisord has given to each. A container sees
none but its own: there, and in Kubernetes, the engine has these figures for every container.
"""

from collections.abc import Iterator
from contextlib import suppress
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


def samples(installation: str) -> Iterator[Sample]:
    """`installation`: what MARK says in the environment of its processes; empty: none can be seen."""
    if not installation:
        return
    import psutil  # noqa: PLC0415 - of the local platform: our images have none, and no mark

    marked: dict[str, dict[int, psutil.Process]] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # ended in between, or another user's
            given = process.environ()
            if given.get(MARK) == installation and (name := given.get(_NAME)) in _NAMES:
                marked.setdefault(name, {})[process.pid] = process
    for name, processes in marked.items():
        with suppress(psutil.Error):
            # A child of the process that supervisord has started may bear the same environment.
            first = next(process for process in processes.values() if process.ppid() not in processes)
            memory, seconds = 0, 0.0
            for one in (first, *first.children(recursive=True)):
                with suppress(psutil.Error):
                    times = one.cpu_times()
                    memory += one.memory_full_info().pss  # its own pages, and its part of those that it shares
                    seconds += times.user + times.system + times.children_user + times.children_system
            yield MEMORY.of(memory, name)
            yield CPU.of(seconds, name)
