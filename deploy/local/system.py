"""Up, down and status: the order of things in time.

Invariant: `up` returns when everything declared answers, and leaves nothing behind when it fails or is interrupted.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from deploy import declaration
from deploy.declaration import MARK, PLATFORM, PORTS, SERVICES
from deploy.local import admin, broker, databases, keys, machine, postgres, processes, progress, starting, topics
from deploy.local.place import ROOT, CannotStart, Place
from deploy.local.processes import Process
from deploy.local.supervise import Supervisor, members

SAMPLE_DISTRICTS = ("440303", "440305")


def up(place: Place) -> None:
    """Everything. Raises CannotStart; then, as after Ctrl-C, nothing of it runs."""
    if place.local_dir.exists() and members(place) and not Supervisor(place).answers():
        down(place, "stopping what was left without a supervisor")
    with progress.step("checking the machine"):
        check(place)
    try:
        start_services(start_platform(place), place)
    except BaseException:  # Ctrl-C too: an interrupted start leaves nothing running
        down(place)
        raise


def check(place: Place, ports: Iterable[str] = PORTS) -> None:
    """Raises CannotStart. An installation that runs is named, not one of its ports."""
    if place.local_dir.exists() and members(place):
        raise CannotStart(f"Already running from {place.local_dir}: `make status` shows it, `make down` stops it.")
    machine.check(place, ports)


def start_platform(place: Place) -> Supervisor:
    """PostgreSQL and Kafka, with each service's database and roles. The rest is declared and not started."""
    secrets = keys.load(place.local_dir)
    password = secrets["postgres_password"]
    by_log = processes.local_site(place).events_leave_by == declaration.DEBEZIUM
    with progress.step("preparing PostgreSQL and Kafka"):
        prepare = partial(postgres.prepare, place, password, logical=by_log)
        starting.side_by_side(prepare, partial(broker.prepare, place))
        if by_log:
            place.path(declaration.DEBEZIUM).mkdir(exist_ok=True)
    supervisor = Supervisor(place)
    supervisor.launch(processes.supervised(place))
    with progress.step("starting PostgreSQL and Kafka"):
        starting.start(supervisor, place, processes.platform(place))
    with progress.step("databases and roles"):
        wanted = {
            service: {role: secrets[f"{service}_{role}_password"] for role in declaration.DATABASE_ROLES}
            for service in SERVICES
        }
        ensure = partial(databases.ensure, postgres.superuser_url(place, password), wanted)
        starting.side_by_side(ensure, partial(_store_users_and_rights, place))
        if by_log:
            readers = {service: secrets[declaration.debezium_key(service)] for service in declaration.publishing()}
            topics.create_heartbeats(admin.as_admin(place))
            databases.ensure_debezium(postgres.superuser_url(place, password), readers)
    return supervisor


def _store_users_and_rights(place: Place) -> None:
    """Users and rights on the broker, at every start: a broker of a former version has neither."""
    admin.store_users(admin.as_founder(place), keys.load(place.local_dir))
    topics.keep_rights(admin.as_admin(place))


def start_services(
    supervisor: Supervisor,
    place: Place,
    *,
    services: Collection[str] = SERVICES,
    before: Callable[[], None] | None = None,
) -> None:
    """Starts these services and the helpers of the platform (issuer, mailbox, front door). Raises CannotStart.

    `before`: what is done between the migrations and the first process of a service.
    """
    others = [process.name for process in declaration.processes() if process.image and process.image not in services]
    declared = [process for process in processes.declared(place) if process.name not in (*PLATFORM, *others)]
    with progress.step(f"topics of districts {' and '.join(SAMPLE_DISTRICTS)}, migrations of {len(services)} services"):
        # The issuer and the mailbox need none of it: they come up meanwhile.
        starting.begin(supervisor, declared, only=lambda process: not process.depends)
        starting.side_by_side(
            *(partial(topics.create, admin.as_admin(place), district) for district in SAMPLE_DISTRICTS),
            *(partial(migrate, place, service) for service in services),
        )
    if before:
        with progress.step("epochs, topics, erasures and what was lost"):
            before()
    with progress.step(f"starting {len(declared)} processes"):
        starting.start(supervisor, place, declared)
    write_addresses(place)


def migrate(place: Place, service: str, **changed: str) -> None:
    """Runs the service's own migrations as its owner. `changed` replaces environment variables, for a test's database."""
    environment = processes.environment(place, service) | changed | {MARK: str(place.local_dir)}
    done = subprocess.run(
        [sys.executable, "-m", f"services.{service}", "migrate"],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        name = f"{service}-migrate"
        place.path("logs", f"{name}.log").write_text(done.stdout + done.stderr)
        raise CannotStart(f"The migrations of {service} fail: {starting.last_line(place, name)}")


def down(place: Place, what: str = "") -> None:
    """Returns when nothing of it runs any more."""
    with _undisturbed(), progress.step(what or f"stopping all of {place.local_dir}"):
        if place.local_dir.exists():
            Supervisor(place).shut_down()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignores a second Ctrl-C: it must not leave half of the system running, and stopping ends by itself."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def status(place: Place) -> list[str]:
    """One line per process; the caller reads from the words whether all are ready."""
    if not place.local_dir.exists() or not members(place):
        return [f"not running ({place.local_dir})"]
    states = Supervisor(place).states()
    return [_line(process, states.get(process.name, {})) for process in processes.declared(place)]


def write_addresses(place: Place) -> None:
    """run.env: where everything is, for people, scripts and the demo. Holds passwords of this machine's databases, hence 0600."""
    site = processes.local_site(place)
    password = keys.load(place.local_dir)["postgres_password"]
    lines = {
        "LOCAL_DIR": str(place.local_dir),
        "PORT_BASE": str(place.port_base),
        "KAFKA_BOOTSTRAP": place.kafka_bootstrap,
        "FRONT_URL": site.front_url,
        **{f"{service.upper()}_URL": site.public_url(f"{service}-api") for service in SERVICES},
        "STREAM_URL": site.public_url("reporting-stream"),
        "ISSUER_URL": site.public_url("issuer"),
        "MESSAGES_URL": site.public_url("messages"),
    }
    # For a person who looks for the session that holds a lock: no user of a service may see or end another one's.
    lines["DATABASE_URL_SUPERUSER"] = postgres.superuser_url(place, password)
    for service in SERVICES:
        lines[f"DATABASE_URL_{service.upper()}"] = declaration.database_url(site, service, "mechanism")
        for role in ("app", "owner"):
            lines[f"DATABASE_URL_{service.upper()}_{role.upper()}"] = declaration.database_url(site, service, role)
    path = place.path("run.env")
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))


def _line(process: Process, state: Mapping[str, Any]) -> str:
    state_name = str(state.get("statename", "not declared")).lower()
    answer = "ready" if state_name == "running" and starting.is_ready(process) else "not ready"
    return f"{process.name:20} {state_name:10} {answer:10} pid {state.get('pid') or '-':>7}  port {process.port}"
