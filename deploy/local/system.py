"""Up, down and status: the order of things in time.

Stays true: `up` returns when everything declared answers, and leaves nothing behind when it fails or is interrupted.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from deploy.local import broker, databases, keys, machine, postgres, processes, progress, topics
from deploy.local.place import HOST, ROOT, STEPS, CannotStart, Place
from deploy.local.processes import Process
from deploy.local.supervise import Supervisor, members, wait_until

SAMPLE_DISTRICTS = ("440303", "440305")
_READY_SECONDS = 120  # half of it on two busy cores


def up(place: Place) -> None:
    """Everything. Raises CannotStart; then, as after Ctrl-C, nothing of it runs."""
    with progress.step("checking the machine"):
        check(place)
    try:
        supervisor = start_platform(place)
        for district in SAMPLE_DISTRICTS:
            with progress.step(f"topics of district {district}"):
                topics.create(place.kafka_bootstrap, district)
        for service in processes.ROLES:
            with progress.step(f"migrations of {service}"):
                migrate(place, service)
        declared = [each for each in processes.declared(place) if each.name not in processes.PLATFORM]
        with progress.step(f"starting {len(declared)} processes"):
            start(supervisor, place, declared)
        write_addresses(place)
    except BaseException:  # Ctrl-C too: whoever interrupts wants nothing left running
        down(place)
        raise


def check(place: Place, ports: Iterable[str] = STEPS) -> None:
    """Raises CannotStart. What is left of an installation whose supervisor was killed is named, not a busy port."""
    if place.local_dir.exists() and (running := members(place)):
        if Supervisor(place).answers():
            raise CannotStart(f"Already running from {place.local_dir}: `make status` shows it, `make down` stops it.")
        raise CannotStart(
            f"{len(running)} processes of {place.local_dir} were left without a supervisor: `make down` stops them."
        )
    machine.check(place, ports)


def start_platform(place: Place, *, only_platform: bool = False) -> Supervisor:
    """PostgreSQL and Kafka, with each service's database and roles."""
    secrets = keys.load(place.local_dir)
    with progress.step("preparing PostgreSQL and Kafka"):
        postgres.prepare(place, secrets["postgres_password"])
        broker.prepare(place)
    supervisor = Supervisor(place)
    declared = processes.platform(place) if only_platform else processes.declared(place)
    supervisor.launch(declared)
    with progress.step("starting PostgreSQL and Kafka"):
        start(supervisor, place, [each for each in declared if each.name in processes.PLATFORM])
    with progress.step("databases and roles"):
        wanted = {
            service: {role: secrets[f"{service}_{role}_password"] for role in keys.DATABASE_ROLES}
            for service in keys.SERVICES
        }
        databases.ensure(postgres.superuser_url(place, secrets["postgres_password"]), wanted)
    return supervisor


def migrate(place: Place, service: str, **changed: str) -> None:
    """Runs the service's own migrations as its owner. `changed` replaces environment variables, for a test's database."""
    environment = processes.environment(place, service) | changed
    done = subprocess.run(
        [sys.executable, "-m", f"services.{service}", "migrate"],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        log = place.path("logs", f"{service}-migrate.log")
        log.write_text(done.stdout + done.stderr)
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise CannotStart(f"The migrations of {service} fail: {reason} (all of it in {log})")


def start(supervisor: Supervisor, place: Place, declared: Sequence[Process]) -> None:
    """Starts them side by side and returns when each is ready. Raises CannotStart with the last line that the slow one logged."""
    for process in declared:
        if metrics := process.environment.get("PROMETHEUS_MULTIPROC_DIR"):
            Path(metrics).mkdir(parents=True, exist_ok=True)
        supervisor.start(process.name)
    for process in declared:
        wait_until(
            lambda process=process: is_ready(process),  # type: ignore[misc]
            seconds=_READY_SECONDS,
            what=f"{process.name} (its log: {place.path('logs', process.name + '.log')})",
        )


def is_ready(process: Process) -> bool:
    if not process.ready:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, process.port)) == 0
    try:
        return httpx.get(process.ready, timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def down(place: Place) -> None:
    if place.local_dir.exists():
        Supervisor(place).shut_down()


def status(place: Place) -> list[str]:
    """One line per process, and whether all of them answer is the caller's to see from the words."""
    if not place.local_dir.exists() or not members(place):
        return [f"not running ({place.local_dir})"]
    states = Supervisor(place).states()
    return [_line(process, states.get(process.name, {})) for process in processes.declared(place)]


def write_addresses(place: Place) -> None:
    """run.env: where everything is, for people, scripts and the demo. Holds passwords of this machine's databases, hence 0600."""
    secrets = keys.load(place.local_dir)
    lines = {
        "LOCAL_DIR": str(place.local_dir),
        "PORT_BASE": str(place.port_base),
        "KAFKA_BOOTSTRAP": place.kafka_bootstrap,
        **{f"{service.upper()}_URL": place.url(f"{service}-api") for service in processes.ROLES},
        "STREAM_URL": place.url("reporting-stream"),
        "ISSUER_URL": place.url("issuer"),
        "MESSAGES_URL": place.url("messages"),
    }
    for service in processes.ROLES:
        lines[f"DATABASE_URL_{service.upper()}"] = processes.database_url(place, secrets, service, "mechanism")
        for role in ("app", "owner"):
            lines[f"DATABASE_URL_{service.upper()}_{role.upper()}"] = processes.database_url(
                place, secrets, service, role
            )
    path = place.path("run.env")
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))


def _line(process: Process, state: Mapping[str, Any]) -> str:
    said = str(state.get("statename", "not declared")).lower()
    answer = "ready" if said == "running" and is_ready(process) else "not ready"
    return f"{process.name:20} {said:10} {answer:10} pid {state.get('pid') or '-':>7}  port {process.port}"
