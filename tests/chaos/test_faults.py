"""Two relays, two consumers, PostgreSQL and Kafka as processes; they are killed and paused while events flow.

Is every event that was written applied exactly once, in the order of its key, and does a poisoned key wait alone?
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.service import database
from tests.support import kit
from tests.support.eventually import eventually
from tests.support.platform import Platform

ROOT = Path(__file__).parents[2]
FAULTS, CALM_SECONDS = 10, 1.0
PAUSE_SECONDS = 8.0  # past the session timeout of six: the group goes on without the sleeper, who then wakes up


class Processes:
    """Restarts processes that die, as the supervisor does."""

    def __init__(self, environment: dict[str, str], output: Path) -> None:
        self._environment, self._output = environment, output
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._over = threading.Event()
        for name in ("relay-1", "relay-2", "consumer-1", "consumer-2"):
            self._start(name)
        self._keeper = threading.Thread(target=self._keep)
        self._keeper.start()

    def _start(self, name: str) -> None:
        with (self._output / f"{name}.log").open("ab") as output:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.support.kit_process", name.partition("-")[0]],
                env=self._environment,
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )

    def _keep(self) -> None:
        while not self._over.wait(0.2):
            for name, process in list(self.running.items()):
                if process.poll() is not None:
                    self._start(name)

    def send(self, name: str, what: signal.Signals) -> None:
        self.running[name].send_signal(what)

    def end(self) -> None:
        self._over.set()
        self._keeper.join()
        for process in self.running.values():
            process.kill()
            process.wait()


@pytest.fixture
def place(platform: Platform, tmp_path: Path) -> Iterator[SimpleNamespace]:
    made, district = platform.empty(kit.SERVICE), platform.topics()
    owner = database.connect(made.owner, application_name="owner")
    kit.create(owner, kit.tables())
    environment = os.environ | {
        "KAFKA": json.dumps(platform.connection),
        "DATABASE_URL": made.app,
        "DATABASE_URL_MECHANISM": made.mechanism,
        "DISTRICT": district,
    }
    processes = Processes(environment, tmp_path)
    engine = database.connect(made.app, application_name="test")
    yield SimpleNamespace(district=district, engine=engine, processes=processes, platform=platform, logs=tmp_path)
    processes.end()
    engine.dispose()
    owner.dispose()
    platform.drop(made)


class Writer:
    """Writes events of forty units until it is stopped. Counts the events that the database acknowledged."""

    def __init__(self, place: SimpleNamespace) -> None:
        self._place, self._enough = place, threading.Event()
        self.units, self.acknowledged = [uuid4() for _ in range(40)], Counter()
        self.poisoned = set(self.units[:3])
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        while not self._enough.wait(0.05):
            units = random.sample(self.units, 12)
            self._write_events([unit for unit in units if not self._is_poison(unit)])
            self._write_events([unit for unit in units if self._is_poison(unit)], poison=True)

    def _write_events(self, units: list[UUID], **content: object) -> None:
        try:
            kit.happen(self._place.engine, self._place.district, units, **content)
        except DBAPIError:  # the connection is lost before the answer: the journal shows later whether it was committed
            return
        self.acknowledged.update(units)

    def _is_poison(self, unit: UUID) -> bool:
        return unit in self.poisoned and self.acknowledged[unit] == 4

    def end(self) -> None:
        self._enough.set()
        self._thread.join()


def journal(place: SimpleNamespace) -> dict[str, list[bool]]:
    """By key, whether each of its events in the journal is poison, in order."""
    query = text("select key, convert_from(payload, 'utf8')::jsonb -> 'poison' from events order by key, sequence")
    found: dict[str, list[bool]] = {}
    with database.begin(place.engine, district=place.district) as tx:
        for key, poison in tx.connection.execute(query):
            found.setdefault(key, []).append(poison)
    return found


def counts(place: SimpleNamespace) -> tuple[dict[str, list[int]], int]:
    with database.begin(place.engine, district=place.district) as tx:
        parked = tx.connection.execute(text("select count(*) from parked where released_at is null")).scalar_one()
        return kit.effects(tx.connection), parked


def settled(place: SimpleNamespace, written: int, seconds: float) -> tuple[dict[str, list[int]], int]:
    """Waits until written = applied + parked, or until a time limit. The assertions check the rest."""
    until = time.monotonic() + seconds
    while True:
        found, parked = counts(place)
        whole = sum(map(len, found.values())) + parked == written
        if whole or time.monotonic() > until:
            return found, parked
        threading.Event().wait(0.3)


def flowing(place: SimpleNamespace) -> None:
    """Waits for the first effects before the first fault."""
    while not counts(place)[0]:
        threading.Event().wait(0.3)


def faults(place: SimpleNamespace) -> Iterator[str]:
    """Every kind of fault at least once, then random kinds."""
    seed = random.randrange(10**9)
    print("seed", seed)  # noqa: T201 - what a failing run is repeated with
    chance, processes = random.Random(seed), place.processes
    kinds = ["kill relay", "kill consumer", "pause relay", "kill database", "pause consumer", "kill broker"]
    for kind in [*kinds, *chance.choices(kinds[:2], k=FAULTS - len(kinds))]:
        name = f"{kind.split()[1]}-{chance.choice([1, 2])}"
        threading.Event().wait(CALM_SECONDS)
        if kind == "kill broker":
            place.platform.kill("kafka")
        elif kind == "kill database":
            place.platform.kill("postgres")
            eventually(lambda: is_back(place))
        elif kind.startswith("kill"):
            processes.send(name, signal.SIGKILL)
        else:
            processes.send(name, signal.SIGSTOP)
            threading.Event().wait(PAUSE_SECONDS)
            processes.send(name, signal.SIGCONT)
        yield kind


def is_back(place: SimpleNamespace) -> bool:
    try:
        return bool(journal(place))
    except DBAPIError:  # it recovers
        return False


@pytest.mark.timeout(200, func_only=True)
def test_nothing_is_lost_doubled_or_reordered(place):
    writer = Writer(place)
    try:
        flowing(place)
        happened = list(faults(place))
    finally:
        writer.end()
    journaled = journal(place)
    written = sum(map(len, journaled.values()))
    found, parked = settled(place, written, seconds=60)

    for unit, acknowledged in writer.acknowledged.items():
        assert len(journaled[str(unit)]) >= acknowledged, f"{unit} after {happened}"
    for key, poison in journaled.items():
        applied = poison.index(True) if any(poison) else len(poison)
        assert found[key] == list(range(1, applied + 1)), f"{key} after {happened}"
    effects = sum(map(len, found.values()))
    assert effects + parked == written
    print(f"{len(happened)} faults, {written} events = {effects} effects + {parked} parked")  # noqa: T201 - the figures of the run
