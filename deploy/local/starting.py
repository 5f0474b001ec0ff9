"""From started to ready: processes side by side, each as soon as what it depends on answers.

Invariant: a start that fails names one process and the last error that it logged; what keeps ending is not waited for.
Left to others: which processes there are (processes.py), starting them again when they end (supervise.py).
"""

import json
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit
from xmlrpc.client import Fault

from deploy.local.place import HOST, CannotStart, Place
from deploy.local.processes import Process
from deploy.local.supervise import Supervisor

_READY_SECONDS = 300  # 20 on two idle cores; what cannot become ready ends by itself, which is noticed sooner
_LIVES = 3
_BETWEEN_PROBES_SECONDS = 0.2
_OK = 200
_POINTER = "(Background on this error"  # SQLAlchemy's, to its manual


def start(supervisor: Supervisor, place: Place, declared: Sequence[Process]) -> None:
    """Returns when each is ready. What they depend on is among them or ready already. Raises CannotStart."""
    begin(supervisor, declared, only=lambda process: not process.depends)
    waiting = _Waiting(supervisor, place, {process.name: process for process in declared})
    patience = time.monotonic() + _READY_SECONDS
    with ThreadPoolExecutor(max_workers=8) as probes:
        while waiting.missing:
            waiting.look(probes)
            if waiting.missing and time.monotonic() > patience:
                raise waiting.failure(next(iter(waiting.missing)), f"is not ready after {_READY_SECONDS} s")
            time.sleep(_BETWEEN_PROBES_SECONDS)


def begin(supervisor: Supervisor, declared: Sequence[Process], *, only: Callable[[Process], bool]) -> None:
    """Starts the processes that `only` selects and waits for none."""
    for process in filter(only, declared):
        supervisor.start(process.name)


def side_by_side(*calls: Callable[[], object]) -> None:
    """Runs all to their end, then raises what the first of them raised."""
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        running = [pool.submit(call) for call in calls]
    for future in running:
        future.result()


def is_ready(process: Process) -> bool:
    if not process.ready:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, process.port)) == 0
    # Not httpx: it loads all certificates for each request, which takes longer than the request.
    connection = HTTPConnection(HOST, process.port, timeout=5)
    try:
        connection.request("GET", urlsplit(process.ready).path)
        return connection.getresponse().status == _OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def last_line(place: Place, name: str) -> str:
    """The last error of its log in one line, or the last line where there is none: after a fault a process logs that it stopped."""
    log = place.path("logs", f"{name}.log")
    written = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    lines = [line.strip() for line in written if not line.startswith(_POINTER)]
    errors = [line for line in lines if '"level": "error"' in line]
    return f"{_in_words((errors or lines)[-1]) if lines else 'it has logged nothing'} ({log})"


def _in_words(line: str) -> str:
    """A line of our own as its event and the last line of its traceback; any other line as it is."""
    try:
        logged = json.loads(line)
        trace = [part for part in logged.get("exception", "").splitlines() if part and not part.startswith(_POINTER)]
        return ": ".join([logged["event"], *trace[-1:]])
    except (ValueError, KeyError, AttributeError):
        return line


@dataclass
class _Waiting:
    supervisor: Supervisor
    place: Place
    missing: dict[str, Process]
    pids: dict[str, set[int]] = field(default_factory=dict)

    def look(self, probes: ThreadPoolExecutor) -> None:
        """Looks once at each process. Starts those whose dependencies are ready. Raises CannotStart for one that keeps ending."""
        looked = list(self.missing.values())
        for process, ready in zip(looked, probes.map(is_ready, looked), strict=True):
            if ready:
                del self.missing[process.name]
        begin(
            self.supervisor,
            list(self.missing.values()),
            only=lambda process: process.name not in self.pids and self.missing.keys().isdisjoint(process.depends),
        )
        for name, pid in self._running().items():
            lives = self.pids.setdefault(name, set())
            lives.add(pid)
            if len(lives) > _LIVES and name in self.missing:
                raise self.failure(name, f"has ended {_LIVES} times")

    def failure(self, name: str, what: str) -> CannotStart:
        return CannotStart(f"{name} {what}. The last line of its log: {last_line(self.place, name)}")

    def _running(self) -> dict[str, int]:
        try:
            return {name: int(state["pid"]) for name, state in self.supervisor.states().items() if state["pid"]}
        except (OSError, HTTPException, Fault) as error:
            raise self.failure("supervisord", "has ended") from error
