"""The declaration as processes of this machine: the command, environment and port of each.

Invariant: nothing is started that deploy/declaration.py does not declare.
Left to others: turning a process into a running one (supervise.py), and their order in time (system.py).
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy import declaration, kinds
from deploy.debezium import worker
from deploy.declaration import ARCHIVE, ARCHIVE_FILE, DEBEZIUM, PLATFORM, SERVICES
from deploy.local import broker, keys, postgres
from deploy.local.place import HOST, ROOT, Place


@dataclass(frozen=True)
class Process:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    ready: str = ""  # an http address that answers 200; empty: it is ready when its port accepts a connection
    depends: tuple[str, ...] = ()
    user: str | None = None
    stop_signal: str = "TERM"


@dataclass(frozen=True)
class LocalSite:
    """The local platform as a Site: everything on loopback, a browser's addresses too, and one directory for all files."""

    place: Place
    secrets: Mapping[str, str]
    bind: str = HOST

    def host(self, _: str) -> str:
        return HOST

    def port(self, name: str) -> int:
        return self.place.port(name)

    def public_url(self, process: str) -> str:
        return self.place.url(process)

    @property
    def front_url(self) -> str:
        return self.place.front_url

    def secret(self, name: str) -> str:
        return self.secrets[name]

    def file(self, *parts: str) -> str:
        return str(self.place.path(*parts))

    @property
    def bus_ca_file(self) -> str:
        return self.place.bus_ca_file

    @property
    def clock_file(self) -> str:
        return self.file("clock.json")

    @property
    def events_leave_by(self) -> str:
        return os.environ.get(declaration.LEAVE_BY) or "relay"

    @property
    def collector(self) -> str:
        return os.environ.get(declaration.COLLECTOR, "")


def local_site(place: Place) -> LocalSite:
    return LocalSite(place, keys.load(place.local_dir))


def declared(place: Place) -> list[Process]:
    """In the order of starting: whatever a process depends on stands before it."""
    site = local_site(place)
    own = [_process(site, process) for process in declaration.processes()]
    archive = [_archive(place)] if archive_file(place).exists() else []
    debezium = [_debezium(site)] if site.events_leave_by == DEBEZIUM else []
    return [*platform(place), *own, *archive, *debezium]


def supervised(place: Place) -> list[Process]:
    """All that the supervisor knows: also the second process of each API, which runs only while the first is replaced."""
    site = local_site(place)
    return [*declared(place), *(_process(site, process) for process in declaration.seconds())]


def platform(place: Place) -> list[Process]:
    return [
        Process(
            name="postgres",
            command=postgres.command(place),
            port=place.port("postgres"),
            user=postgres.runs_as(),
            stop_signal="INT",  # "fast": ends sessions instead of waiting for them
        ),
        Process(name="kafka", command=broker.command(place), port=place.port("kafka")),
    ]


def archive_file(place: Place) -> Path:
    """Where backups go. It is there from the first one on."""
    return place.path(ARCHIVE_FILE)


def _archive(place: Place) -> Process:
    return Process(
        name=ARCHIVE,
        command=(sys.executable, "-m", "deploy.backups", "archive"),
        environment=_python()
        | {
            "LOCAL_DIR": str(place.local_dir),
            "PORT_BASE": str(place.port_base),
            "BACKUPS_TO": json.loads(archive_file(place).read_text())["to"],
        },
        port=place.port(ARCHIVE),
        ready=f"{place.url(ARCHIVE)}/ready",
        depends=("postgres",),
    )


def _debezium(site: LocalSite) -> Process:
    """Kafka Connect, which reads the write-ahead log of all services in place of their relays."""
    return Process(
        name=DEBEZIUM,
        command=worker.command(),
        environment=worker.variables(site),
        port=site.port(DEBEZIUM),
        ready=f"{declaration.url(site, DEBEZIUM)}/connectors",
        depends=PLATFORM,
    )


def environment(place: Place, service: str, role: str = "") -> dict[str, str]:
    """What `python -m services.<service> <role>` reads; its config.py says what each means. Without a role: for a command."""
    of = SERVICES[service]
    found = next((candidate for candidate in of.roles if candidate.name == role), None)
    return _python() | declaration.service_environment(local_site(place), of, found)


def _process(site: LocalSite, process: kinds.Process) -> Process:
    return Process(
        name=process.name,
        command=(sys.executable, "-m", process.module, *process.arguments),
        environment=_python() | process.environment(site),
        port=site.port(process.name),
        ready=declaration.url(site, process.name) + process.ready if process.ready else "",
        depends=process.needs,
    )


def _python() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
