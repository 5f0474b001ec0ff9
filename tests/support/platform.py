"""The platform under test: a real PostgreSQL and a real Kafka of this test session's own, and databases made quickly from templates.

Invariant: it shares nothing with an installation that a person started, and it stops all its processes at the end of the session.
"""

import os
import random
import shutil
import signal
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from deploy.declaration import DATABASE_ROLES, PORTS
from deploy.local import admin, databases, keys, machine, postgres, processes, system, topics
from deploy.local.place import CannotStart, Place
from deploy.local.supervise import Supervisor, members
from shared.messaging.credentials import Connection

_USER, _PASSWORD = "tests", "only-for-tests"  # on the broker
# Where a directory costs no writing to a disk, if there is room: a test's database is copied in 0.03 s there, not in 0.7.
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 * 1024**3
# Far from a person's 18000, and below the ports that the kernel gives to whoever connects (32768 and up). The sample service of
# test_fifth_service.py has ports above the fifty of ours: two installations side by side must not share them.
_BASES = range(20_000, 32_600, 100)


@dataclass(frozen=True)
class Database:
    """A database of one test. The three addresses are those of the service's three roles."""

    name: str
    owner: str
    app: str
    mechanism: str


@dataclass
class Platform:
    """Started by the fixture `platform`. `supervisor` stops, starts and names the pid of "postgres" and "kafka" for chaos."""

    place: Place
    supervisor: Supervisor
    _templates: dict[str, str] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)
    _districts: "count[int]" = field(default_factory=lambda: count(100_000))

    @property
    def connection(self) -> Connection:
        """The connection of the tests' own user, who may read, write and create every topic."""
        return {**admin.as_admin(self.place), "sasl_plain_username": _USER, "sasl_plain_password": _PASSWORD}

    def connection_of(self, role: str) -> Connection:
        """The connection of a process of this role."""
        return admin.as_role(self.place, role)

    def database(self, service: str) -> Database:
        """A fresh database with the service's migrations: run once per session, copied from then on."""
        if service not in self._templates:
            template = f"{service}_template"
            urls = self._make(template, service, template="template0")
            system.migrate(
                self.place, service,
                DATABASE_URL=urls.app, DATABASE_URL_MECHANISM=urls.mechanism, DATABASE_URL_OWNER=urls.owner,
            )  # fmt: skip
            self._templates[service] = template
        return self._make(f"{service}_{next(self._numbers)}", service, template=self._templates[service])

    def empty(self, service: str = "signing") -> Database:
        """A fresh database without tables, of a service's roles or of roles made for any other name."""
        return self._make(f"{service}_{next(self._numbers)}", service, template="template0")

    def drop(self, database: Database) -> None:
        with self._superuser() as connection:
            databases.drop(connection, database.name)

    def district(self) -> str:
        """A district code that no other test of this session has, without topics."""
        return str(next(self._districts))

    def topics(self) -> str:
        """A district of its own with all its topics."""
        district = self.district()
        topics.create(admin.as_admin(self.place), district)
        return district

    def superuser_url(self, database: str = "postgres") -> str:
        return postgres.superuser_url(self.place, self._secrets["postgres_password"], database)

    def environment(self, service: str, role: str, database: Database) -> dict[str, str]:
        """For `python -m services.<service> <role>` as a process of a test. Its ports are the installation's own, unused here."""
        return processes.environment(self.place, service, role) | {
            "DATABASE_URL": database.app,
            "DATABASE_URL_MECHANISM": database.mechanism,
            "DATABASE_URL_OWNER": database.owner,
        }

    def kill(self, name: str) -> None:
        """kill -9; the supervisor starts it again."""
        os.kill(self.supervisor.pid(name), signal.SIGKILL)

    def _make(self, name: str, service: str, *, template: str) -> Database:
        secrets = self._secrets
        passwords = {role: secrets.get(f"{service}_{role}_password", "only-for-tests") for role in DATABASE_ROLES}
        with self._superuser() as connection:
            databases.ensure_roles(connection, service, passwords)
            databases.create(connection, name, owner=f"{service}_owner", template=template)
        urls = {role: postgres.url(self.place, f"{service}_{role}", passwords[role], name) for role in passwords}
        return Database(name, **urls)

    def _superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.superuser_url(), autocommit=True)

    @property
    def _secrets(self) -> dict[str, str]:
        return keys.load(self.place.local_dir)


def start(*, on_disk: bool = False) -> Platform:
    """PostgreSQL and Kafka only. `on_disk`: for figures that contain the writing to a disk, as an installation's do."""
    place = somewhere(on_disk=on_disk)
    try:
        started = Platform(place, system.start_platform(place))
        enter(place)
    except BaseException:
        stop(place)
        raise
    return started


def enter(place: Place) -> None:
    """The tests' user on the broker."""
    admin.keep_users(admin.as_founder(place), {_USER: _PASSWORD})
    operations = {
        ResourceType.TOPIC: ("*", ACLOperation.ALL),
        ResourceType.GROUP: ("*", ACLOperation.ALL),
        ResourceType.CLUSTER: ("kafka-cluster", ACLOperation.ALL),
    }
    rules = [
        ACL(f"User:{_USER}", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(resource, name))
        for resource, (name, operation) in operations.items()
    ]
    with closing(admin.client(admin.as_admin(place))) as client:
        assert not client.create_acls(rules)["failed"]


def start_system(platform: Platform) -> Platform:
    """Every process of every service beside the PostgreSQL and Kafka of the session, which they share with no test's district."""
    topics.remove(admin.as_admin(platform.place), keep=system.SAMPLE_DISTRICTS)
    system.start_services(platform.supervisor, platform.place)
    return platform


def stop(place: Place) -> None:
    system.down(place)
    left = members(place)
    postgres.remove(place)
    shutil.rmtree(place.local_dir, ignore_errors=True)
    assert not left, f"left running: {left}"


def somewhere(*, on_disk: bool = False) -> Place:
    """An installation of its own: a new directory and the first base from a random one on whose ports are all free."""
    # Not pytest's tmp_path: its parents are closed to the unprivileged user who runs PostgreSQL for root.
    in_memory = not on_disk and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    local_dir = Path(tempfile.mkdtemp(prefix="clearwater-test-", dir=_MEMORY if in_memory else None))
    local_dir.chmod(0o755)
    bases = random.SystemRandom().sample(_BASES, k=20)
    for base in bases:
        place = Place(local_dir, base)
        try:
            machine.check(place, PORTS)
        except CannotStart as reason:
            refused = reason
        else:
            return place
    raise CannotStart(f"No free ports among {bases}: {refused}")
