"""Replaces every process of a running installation, one after the other, while people sign: `make upgrade`.

    migrate (expand) ─▶ of each service: second API up ─▶ first API anew ─▶ second API down ─▶ its other processes, one by one

Invariant: of each API one process is ready at every moment, and the front door knows which (deploy/front_door/caddyfile.py). A process that
does not become ready stops the upgrade there: its second goes on serving, and everything that is not replaced yet runs on as it was.
Left to others: which schema an old process still works with (shared/service/migrations.py), a broker or a database of a new version.
"""

from collections.abc import Callable, Collection
from functools import partial

from deploy import declaration
from deploy.declaration import API, SECOND, SERVICES
from deploy.local import processes, starting, system
from deploy.local.place import CannotStart, Place
from deploy.local.processes import Process
from deploy.local.supervise import Supervisor


def upgrade(place: Place, show_line: Callable[[str], None], *, services: Collection[str] = SERVICES) -> None:
    """Raises CannotStart, also when the schema that the new code brings does not serve the old processes."""
    if not place.local_dir.exists() or not Supervisor(place).answers():
        raise CannotStart(f"{place.local_dir} does not run: `make up` starts it with the new version.")
    _expand(place, services)
    show_line("the schemas are those of this version")
    supervisor, known = Supervisor(place), {process.name: process for process in processes.supervised(place)}
    replacing = _Replacing(place, supervisor, known)
    for service in services:
        replacing.api(SERVICES[service].process(API))
        for role in SERVICES[service].roles[1:]:
            replacing.anew(SERVICES[service].process(role))
        show_line(f"{service}: every process is replaced")
    for process in declaration.processes():
        if process.image == "" and process.name != declaration.FRONT_DOOR:
            replacing.anew(process.name)


def restart(place: Place, name: str) -> None:
    """Stops one process, if it runs, and starts it; returns when it is ready. Raises CannotStart."""
    supervisor, known = _known(place, name)
    _Replacing(place, supervisor, known).anew(name)


def stop(place: Place, name: str) -> None:
    """One process, until `restart` starts it; returns when it has ended. Raises CannotStart."""
    supervisor, _ = _known(place, name)
    supervisor.stop(name)


def _known(place: Place, name: str) -> tuple[Supervisor, dict[str, Process]]:
    """All processes that are declared, this one among them. Raises CannotStart."""
    if not place.local_dir.exists() or not Supervisor(place).answers():
        raise CannotStart(f"{place.local_dir} does not run: `make up` starts everything.")
    known = {process.name: process for process in processes.declared(place)}
    if name not in known:
        raise CannotStart(f"PROCESS={name} is no process: choose one of {', '.join(known)}.")
    return Supervisor(place), known


def _expand(place: Place, services: Collection[str]) -> None:
    starting.side_by_side(*(partial(system.migrate, place, service) for service in services))
    for process in processes.declared(place):
        if process.name in {SERVICES[service].process(API) for service in services} and not starting.is_ready(process):
            raise CannotStart(f"{process.name} does not work with the new schema: see SchemaBehind in docs/runbook.md.")


class _Replacing:
    def __init__(self, place: Place, supervisor: Supervisor, known: dict[str, Process]) -> None:
        self._place, self._supervisor, self._known = place, supervisor, known

    def api(self, name: str) -> None:
        self._start(name + SECOND)
        self.anew(name)
        self._supervisor.stop(name + SECOND)

    def anew(self, name: str) -> None:
        self._supervisor.stop(name)
        self._start(name)

    def _start(self, name: str) -> None:
        """Returns when it is ready. Raises CannotStart."""
        self._supervisor.start(name)
        starting.start(self._supervisor, self._place, [self._known[name]])
