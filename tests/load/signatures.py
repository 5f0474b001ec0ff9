"""How fast agreements are signed, beside a bare pgbench that takes the same two row locks; and where the time goes.

    python -m tests.load.signatures [units of one series]

It runs as many API processes as the machine has cores, over HTTP, on the PostgreSQL of the tests. All that it prints are figures of this
machine in this run; only ratios can be compared with another run.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from uuid import UUID

import psycopg

from deploy.local import issuer as local_issuer
from deploy.local import postgres
from deploy.local.supervise import wait_until
from services.signing.commands.draft_agreement import DraftAgreement, draft_agreement
from services.signing.commands.lock_agreement import LockAgreement, lock_agreement
from services.signing.commands.review_agreement import ReviewAgreement, review_agreement
from services.signing.commands.settle_rights import ConfirmRights, confirm_rights
from shared.service import clock as clocks
from shared.service import database
from tests.support import platform
from tests.support.platform import Database, Platform
from tests.support.serving import issuing
from tests.support.signing import CASH, DESK, PAPERS, District

CORES = os.cpu_count() or 1
CONNECTIONS, DISTRICTS, PER_MINUTE, SECONDS = 16, 10, 60, 30
_BATCH = 50
_WORDS = 9
_PAIR = """
    create table bench_project (id int primary key, counted int);
    create table bench_series (id int primary key, last_number int);
    insert into bench_project values (1, 0);
    insert into bench_series values (1, 0);
"""
# One statement that takes the row of a project and then the row of a series, as a signing does.
_BOTH = """
    with project as (update bench_project set counted = counted + 1 where id = 1 returning id)
    update bench_series set last_number = last_number + 1 from project where bench_series.id = project.id;
"""
_SAMPLE = """
    select state, wait_event_type, wait_event, query from pg_stat_activity
    where datname = %s and application_name = 'signing-api' and state <> 'idle'
"""
_FUNCTIONS = """
    select funcname, calls, self_time from pg_stat_user_functions where self_time > 0 order by self_time desc limit 12
"""


@dataclass(frozen=True)
class Signable:
    """An agreement that waits for its only signature."""

    district: str
    agreement_id: UUID
    owner: UUID


class Bench:
    def __init__(self, running: Platform, made: Database, ports: Sequence[int], keys: Path) -> None:
        self.running, self.made, self.ports, self.keys = running, made, ports, keys

    def prepared(self, code: str, many: int) -> list[Signable]:
        """A district of this many units, all locked, on a frozen roll."""
        engine = database.connect(self.made.app, application_name="bench")
        place = District(engine, code, clocks.RealClock())  # type: ignore[arg-type]
        place.open_project(("units", 99), starts_at=datetime.now(UTC) - timedelta(days=1))
        units = [place.register() for _ in range(many)]
        place.freeze()
        found = []
        for begin in range(0, many, _BATCH):
            with place.transaction() as tx:
                for unit in units[begin : begin + _BATCH]:
                    confirm_rights(tx, ConfirmRights(unit, DESK), place.clock)
                    drafted = draft_agreement(tx, DraftAgreement(unit, "cash", "3", CASH, DESK), place.clock)
                    review_agreement(tx, ReviewAgreement(drafted.agreement_id, PAPERS, DESK), place.clock)
                    lock_agreement(tx, LockAgreement(drafted.agreement_id, DESK), place.clock)
                    found.append(Signable(code, drafted.agreement_id, place.owners(unit)[0]))
        engine.dispose()
        return found

    def signed(self, todo: Sequence[Signable], *, connections: int, pause: float = 0.0) -> tuple[float, list[float]]:
        """Seconds for all, and of each. `pause`: seconds from one signature of a connection to its next."""
        waiting, seconds = iter(todo), list[float]()
        lock = threading.Lock()

        def desk(number: int) -> None:
            client = Client(self.ports[number % len(self.ports)], self.keys, number)
            due = time.perf_counter() + pause * number / connections
            while True:
                with lock:
                    signable = next(waiting, None)
                if signable is None:
                    return
                if pause:
                    time.sleep(max(0.0, due - time.perf_counter()))
                    due += pause
                began = time.perf_counter()
                client.sign(signable)
                seconds.append(time.perf_counter() - began)

        began = time.perf_counter()
        with ThreadPoolExecutor(connections) as desks:
            list(desks.map(desk, range(connections)))
        return time.perf_counter() - began, seconds


class Client:
    """One connection of one desk, under a name of its own: a subject has a limit of requests."""

    def __init__(self, port: int, keys: Path, number: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._keys, self._number, self._tokens = keys, number, dict[str, str]()

    def sign(self, signable: Signable) -> None:
        owner = str(signable.owner)
        body = json.dumps({"right_holder": owner, "hand": owner, "capacity": "self", "desk": f"{self._number}"})
        headers = {
            "Authorization": f"Bearer {self._token(signable.district)}",
            "Clearwater-District": signable.district,
            "Content-Type": "application/json",
            "Idempotency-Key": str(signable.agreement_id),
        }
        self._connection.request("POST", f"/api/v1/agreements/{signable.agreement_id}/signatures", body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 201, text

    def _token(self, district: str) -> str:
        if district not in self._tokens:
            granted = (district, f"{900_000 + self._number}")
            self._tokens[district] = local_issuer.mint(self._keys, role="desk", districts=granted)
        return self._tokens[district]


@contextmanager
def sampled(bench: Bench) -> Iterator[Counter[str]]:
    """Looks every two milliseconds at what the sessions of the API do."""
    found, stop = Counter[str](), threading.Event()

    def look() -> None:
        with psycopg.connect(bench.running.superuser_url(), autocommit=True) as connection:
            while not stop.wait(0.002):
                for state, kind, event, query in connection.execute(_SAMPLE, (bench.made.name,)):
                    found[_named(state, kind, event, query)] += 1

    thread = threading.Thread(target=look)
    thread.start()
    yield found
    stop.set()
    thread.join()


def _named(state: str, kind: str | None, event: str | None, query: str) -> str:
    words = " ".join(" ".join(query.split()).split(" ")[:_WORDS])
    if state != "active":
        return f"the API computes, after: {words}"
    if kind == "Lock":
        return f"waits for a lock ({event}): {words}"
    return f"runs: {words}"


def pgbench(bench: Bench, seconds: int = 5) -> float:
    """Transactions per second of a bare pgbench."""
    with psycopg.connect(bench.made.owner, autocommit=True) as connection:
        connection.execute("drop table if exists bench_project, bench_series")
        connection.execute(_PAIR)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(" ".join(_BOTH.split()))
        script.flush()
        program = Path(postgres.command(bench.running.place)[0]).with_name("pgbench")
        options = ("-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", str(CORES), "-T", str(seconds))
        done = subprocess.run(
            [program, *options, "-f", script.name, bench.made.owner], capture_output=True, text=True, check=True
        )
    return next(float(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("tps"))


def print_profile(bench: Bench, samples: Counter[str]) -> None:
    print("where the sessions of the API are, by statement (share of samples):")
    total = sum(samples.values()) or 1
    for name, count in samples.most_common(16):
        print(f"  {count / total:6.1%}  {name}")
    with psycopg.connect(bench.running.superuser_url(bench.made.name), autocommit=True) as connection:
        print("functions and triggers of the database, itself (milliseconds a call):")
        for name, calls, milliseconds in connection.execute(_FUNCTIONS):
            print(f"  {milliseconds / calls:6.3f} × {calls:6}  {name}")


def percentile(seconds: Sequence[float], percent: int) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000


def one_series(bench: Bench, units: int) -> None:
    todo = bench.prepared("440303", units)
    warm, todo = todo[: CONNECTIONS * 8], todo[CONNECTIONS * 8 :]
    bench.signed(warm, connections=CONNECTIONS)  # every connection has prepared its statements
    bare = pgbench(bench)
    with psycopg.connect(bench.running.superuser_url(bench.made.name), autocommit=True) as connection:
        connection.execute("select pg_stat_reset()")
    with sampled(bench) as samples:
        took, seconds = bench.signed(todo, connections=CONNECTIONS)
    bare = statistics.mean([bare, pgbench(bench)])
    ours = len(todo) / took
    print(f"one series, {CONNECTIONS} connections: {ours:.0f} signatures/s ÷ pgbench {bare:.0f}/s = {ours / bare:.3f}")
    print(f"  p50 {percentile(seconds, 50):.1f} ms, p99 {percentile(seconds, 99):.1f} ms", flush=True)
    print_profile(bench, samples)


def ten_districts(bench: Bench, units: int) -> None:
    prepared = [bench.prepared(f"4404{number:02}", units) for number in range(DISTRICTS)]
    todo = [signable for turn in zip(*prepared, strict=True) for signable in turn]
    fast, slow = todo[: len(todo) - DISTRICTS * SECONDS], todo[-DISTRICTS * SECONDS :]
    took, seconds = bench.signed(fast, connections=CONNECTIONS)
    print(f"ten districts, {CONNECTIONS} connections: {len(fast) / took:.0f} signatures/s")
    print(f"  p50 {percentile(seconds, 50):.1f} ms, p99 {percentile(seconds, 99):.1f} ms", flush=True)
    _, seconds = bench.signed(slow, connections=DISTRICTS, pause=60 / PER_MINUTE)
    print(f"ten districts, {PER_MINUTE} a minute each, the API processes alone:")
    print(f"  p50 {percentile(seconds, 50):.1f} ms, p99 {percentile(seconds, 99):.1f} ms", flush=True)


@contextmanager
def started() -> Iterator[Bench]:
    running = platform.start()
    with ExitStack() as stack:
        stack.callback(platform.stop, running.place)
        keys = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(issuing(keys))
        made = running.database("signing")
        with psycopg.connect(running.superuser_url(), autocommit=True) as connection:
            connection.execute(f"alter database {made.name} set track_functions = 'all'")  # type: ignore[arg-type]
        ports = [running.place.port_base + 40 + number for number in range(CORES)]
        for port in ports:
            stack.callback(_stop, _api(running, made, port, url))
        wait_until(lambda: all(map(_ready, ports)), seconds=60, what="the API processes")
        yield Bench(running, made, ports, keys)


def _api(running: Platform, made: Database, port: int, issuer: str) -> "subprocess.Popen[bytes]":
    own = {"PORT": str(port), "ISSUER_URL": issuer, "ISSUER_INTERNAL_URL": "", "CLOCK_FILE": "", "LOG_LEVEL": "error"}
    threads = {"API_THREADS": str(CONNECTIONS)}
    environment = {**os.environ, **running.environment("signing", "api", made), **own, **threads}
    return subprocess.Popen([sys.executable, "-m", "services.signing", "api"], env=environment)


def _ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/live")
        return connection.getresponse().status == 200
    except OSError:
        return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait()


def main(units: int) -> int:
    with started() as bench:
        one_series(bench, units)
        ten_districts(bench, SECONDS + units // DISTRICTS)
    return 0


if __name__ == "__main__":
    sys.exit(main(int((sys.argv[1:] or ["800"])[0])))
