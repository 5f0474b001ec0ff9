"""How fast agreements are signed, beside a bare pgbench that takes the same two row locks; and where the time goes.

    python -m tests.load.signatures [UNITS] [SECONDS]

First as many API processes as the machine has cores; then every process of every service, at the pace of a launch day. The database is on
the disk, as an installation's is, so a commit of either side contains its writing. All figures are of this machine in this run: only ratios
can be compared with another run. On a busy machine the ratio of times says little, as the queue at a lock waits for its turn at a core at
every step.
"""

import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psutil
import psycopg

from deploy import declaration
from deploy.local import admin, postgres, processes, topics
from deploy.local.supervise import wait_until
from tests.load.desks import Office, Signable, prepared
from tests.support import platform
from tests.support.platform import Database, Platform
from tests.support.serving import issuing

CORES = os.cpu_count() or 1
CONNECTIONS, DISTRICTS, PER_MINUTE = 16, 10, 60
_PROFILED = 300  # signatures of their own: looking at the sessions takes time from them
_WORDS = 9
_DOES = {"Lock": "waits for a lock", "IO": "waits for the disk", "LWLock": "waits for another session's write"}
_PAIR = """
    drop table if exists bench_project, bench_series;
    create table bench_project (id int primary key, counted int);
    create table bench_series (id int primary key, last_number int);
    insert into bench_project values (1, 0);
    insert into bench_series values (1, 0);
"""
# One statement that takes the row of a project and then the row of a series, as a signing does.
_BOTH = (
    "with project as (update bench_project set counted = counted + 1 where id = 1 returning id) "
    "update bench_series set last_number = last_number + 1 from project where bench_series.id = project.id;"
)
_SAMPLE = """
    select state, wait_event_type, query from pg_stat_activity
    where datname = %s and application_name = 'signing-api' and state <> 'idle'
"""
_FUNCTIONS = """
    select funcname, calls, self_time from pg_stat_user_functions where self_time > 0 order by self_time desc limit 12
"""


@dataclass(frozen=True)
class Bench:
    running: Platform
    made: Database
    office: Office
    apis: Sequence["subprocess.Popen[bytes]"]

    def superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.running.superuser_url(self.made.name), autocommit=True)

    def cpu_of_database(self) -> float:
        """Seconds of PostgreSQL and of all its sessions, also of those that have ended."""
        pid = int((postgres.data(self.running.place) / "postmaster.pid").read_text().split()[0])
        return _seconds(psutil.Process(pid))

    def cpu_of_api(self) -> float:
        return sum(_seconds(psutil.Process(api.pid)) for api in self.apis)


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    alive = sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))
    return float(sum(times[:4]) + alive)


def pgbench(bench: Bench, seconds: int = 5) -> tuple[float, float]:
    """Transactions per second of a bare pgbench, and the milliseconds of CPU that one costs: of itself and of the database."""
    with psycopg.connect(bench.made.owner, autocommit=True) as connection:
        connection.execute(_PAIR)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_BOTH)
        script.flush()
        program = Path(postgres.command(bench.running.place)[0]).with_name("pgbench")
        options = ("-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", str(CORES), "-T", str(seconds))
        command = [program, *options, "-f", script.name, bench.made.owner]
        before, own = bench.cpu_of_database(), psutil.Process().cpu_times()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        cpu = bench.cpu_of_database() - before + sum(psutil.Process().cpu_times()[2:4]) - sum(own[2:4])
    lines = done.stdout.splitlines()
    [count] = [line.split(":")[1] for line in lines if line.startswith("number of transactions actually processed")]
    tps = next(float(line.split()[2]) for line in lines if line.startswith("tps"))
    return tps, cpu * 1000 / int(count.split("/")[0])


@contextmanager
def sampled(bench: Bench) -> Iterator[Counter[str]]:
    """Looks every two milliseconds at what the sessions of the API do."""
    found, stop = Counter[str](), threading.Event()

    def look() -> None:
        with bench.superuser() as connection:
            while not stop.wait(0.002):
                for state, waits, query in connection.execute(_SAMPLE, (bench.made.name,)):
                    found[_named(str(state), waits, str(query))] += 1

    thread = threading.Thread(target=look)
    thread.start()
    yield found
    stop.set()
    thread.join()


@contextmanager
def timed_functions(bench: Bench) -> Iterator[None]:
    """Only while they are looked at: two readings of the clock for each call take time from a signature."""
    with bench.superuser() as connection:
        for statement in (
            "select pg_stat_reset()",
            "alter system set track_functions = 'all'",
            "select pg_reload_conf()",
        ):
            connection.execute(statement)
        yield
        for statement in ("alter system reset track_functions", "select pg_reload_conf()"):
            connection.execute(statement)


def _named(state: str, waits: object, query: str) -> str:
    words = " ".join(query.split()[:_WORDS])
    if state != "active":
        return f"the API computes, after: {words}"
    return f"{_DOES.get(str(waits), 'runs')}: {words}"


def one_series(bench: Bench, units: int) -> None:
    todo = prepared(bench.made.app, "440303", CONNECTIONS * 8 + units + _PROFILED)
    warm, todo, profiled = todo[: CONNECTIONS * 8], todo[CONNECTIONS * 8 : -_PROFILED], todo[-_PROFILED:]
    bench.office.sign(warm, connections=CONNECTIONS)  # every connection has prepared its statements
    first, _ = pgbench(bench)
    api, database = bench.cpu_of_api(), bench.cpu_of_database()
    taken = bench.office.sign(todo, connections=CONNECTIONS)
    api, database = ((after - before) * 1000 / len(todo) for after, before in (
        (bench.cpu_of_api(), api), (bench.cpu_of_database(), database)))  # fmt: skip
    last, bare_cpu = pgbench(bench)
    bare = (first + last) / 2
    print(f"one series, {CONNECTIONS} connections, {CORES} API processes:")
    print(f"  {taken.per_second:.0f} signatures/s ÷ pgbench {bare:.0f}/s = {taken.per_second / bare:.3f}; {taken}")
    print(f"  CPU: pgbench {bare_cpu:.2f} ms ÷ a signature {api + database:.2f} ms = {bare_cpu / (api + database):.3f}")
    print(f"    of it the API {api:.2f} ms, the database {database:.2f} ms")
    with timed_functions(bench), sampled(bench) as samples:
        bench.office.sign(profiled, connections=CONNECTIONS)
    print_profile(bench, samples)


def print_profile(bench: Bench, samples: Counter[str]) -> None:
    print("  where the sessions of the API are, by statement (share of samples):")
    for name, count in samples.most_common(16):
        print(f"    {count / samples.total():6.1%}  {name}")
    print("  functions and triggers of the database (milliseconds a call × calls):")
    with bench.superuser() as connection:
        for name, calls, milliseconds in connection.execute(_FUNCTIONS):
            print(f"    {float(str(milliseconds)) / int(str(calls)):6.3f} × {calls:6}  {name}")
    sys.stdout.flush()


def ten_districts(url: str, first: int, units: int) -> list[Signable]:
    """Of all districts in turn."""
    by_district = [prepared(url, f"{first + number}", units) for number in range(DISTRICTS)]
    return [signable for turn in zip(*by_district, strict=True) for signable in turn]


def launch_day(running: Platform, seconds: int) -> None:
    """Every process of every service; the API is the one of the installation."""
    platform.start_system(running)
    for number in range(DISTRICTS):
        topics.create(admin.as_admin(running.place), f"{440_500 + number}")
    url = declaration.database_url(processes.local_site(running.place), "signing", "app")
    todo = ten_districts(url, 440_500, seconds + 5)
    office = Office([running.place.port("signing-api")], running.place.local_dir)
    office.sign(todo[: DISTRICTS * 5], connections=DISTRICTS)
    taken = office.sign(todo[DISTRICTS * 5 :], connections=DISTRICTS, pause=60 / PER_MINUTE)
    print(f"ten districts, {PER_MINUTE} signatures a minute each, everything running: {taken}", flush=True)


@contextmanager
def started(running: Platform) -> Iterator[Bench]:
    """PostgreSQL, an issuer, and the API processes."""
    with ExitStack() as stack:
        keys = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(issuing(keys))
        made = running.database("signing")
        ports = [running.place.port_base + 40 + number for number in range(CORES)]
        apis = [_api(running, made, port, url) for port in ports]
        for api in apis:
            stack.callback(_stop, api)
        wait_until(lambda: all(map(_live, ports)), seconds=120, what="the API processes")
        yield Bench(running, made, Office(ports, keys), apis)


def _api(running: Platform, made: Database, port: int, issuer_url: str) -> "subprocess.Popen[bytes]":
    own = {"PORT": str(port), "ISSUER_URL": issuer_url, "ISSUER_INTERNAL_URL": "", "CLOCK_FILE": ""}
    more = {"LOG_LEVEL": "error", "API_THREADS": str(CONNECTIONS)}
    environment = {**os.environ, **running.environment("signing", "api", made), **own, **more}
    return subprocess.Popen([sys.executable, "-m", "services.signing", "api"], env=environment)


def _live(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/live")
        return connection.getresponse().status == 200
    except OSError:
        return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait()


def measure(running: Platform, units: int) -> None:
    with started(running) as bench:
        one_series(bench, units)
        taken = bench.office.sign(ten_districts(bench.made.app, 440_400, units // DISTRICTS), connections=CONNECTIONS)
        print(f"ten districts, {CONNECTIONS} connections: {taken.per_second:.0f} signatures/s; {taken}", flush=True)


def main(units: int = 1_000, seconds: int = 60) -> int:
    running = platform.start(on_disk=True)
    try:
        measure(running, units)
        launch_day(running, seconds)
    finally:
        platform.stop(running.place)
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
