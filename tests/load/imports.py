"""What a large workbook costs: the whole system imports right ones, and the other services follow.

    python -m tests.load.imports [ROWS …]

For each size the seconds of every step, the worker's peak memory (a fresh process each time), and the rate at which signing opens
the cases and reporting draws them; then the ratio of the worker's memory between the largest and the smallest. Printed, not asserted.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from deploy.demo.opening import District
from deploy.demo.people import Person
from deploy.local import districts
from services.registry.domain import sample
from services.registry.gateways import workbook_stream
from tests.support import platform
from tests.support.platform import Platform

SIZES = (10_000, 100_000)
WORKER = "registry-worker"
_ROWS_A_UNIT = 1.36  # of the sample's right-holders, about
_STEPS = {"uploaded": "waiting", "reading": "staging", "checking": "checking", "committing": "committing"}
_PERIOD = {"starts_at": "2026-11-28T00:00:00+08:00", "ends_at": "2027-05-31T00:00:00+08:00"}
_BASES = [{"basis": "units", "percent": 85, "legal_ground": "样例"}]
_PATIENCE_SECONDS = 3_600.0


@dataclass
class Bench:
    running: Platform
    directory: Path
    peaks: dict[int, int] = field(default_factory=dict)

    def measure(self, rows: int, district: District) -> None:
        book, made = self.workbook(rows, district.code)
        print(f"{len(made.holders):,} rows, {book.stat().st_size / 1e6:.1f} MB", flush=True)
        districts.add(self.running.place, district.code, name=district.name)
        self.running.kill(WORKER)  # a peak is of a process: each size has its own
        with Person(self.running.place, "clerk", district.code) as clerk:
            report = self.imported(clerk, book, made)
        self.peaks[rows] = peak(self.running.supervisor.pid(WORKER))
        print(f"  worker's peak memory {self.peaks[rows] / 1e6:.0f} MB", flush=True)
        self.followed(report["units"], district.code)

    def workbook(self, rows: int, district: str) -> tuple[Path, sample.Sample]:
        made = sample.made(seed=rows, units=round(rows / _ROWS_A_UNIT), district=district)
        book = self.directory / f"{rows}.xlsx"
        with book.open("wb") as file:
            workbook_stream.write(file, holders=made.holders, buildings=made.buildings)
        return book, made

    def imported(self, clerk: Person, book: Path, made: sample.Sample) -> Mapping[str, Any]:
        project = {"name": f"{len(made.holders)} 行", **_PERIOD, "bases": _BASES}
        project_id = clerk.post("registry", "/projects", project, key=book.name)["project_id"]
        for place, (name, officers) in enumerate(made.groups.items()):
            body = {
                "name": name,
                "officers": [{"staff_number": number, "name": officer} for number, officer in officers],
            }
            clerk.post("registry", f"/projects/{project_id}/groups", body, key=f"{book.name}-{place}")
        began = time.monotonic()
        path, upload = f"/projects/{project_id}/imports", (book.name, book.read_bytes())
        import_id = clerk.upload("registry", path, upload, key=book.name)["import_id"]
        print(f"  upload {time.monotonic() - began:.1f} s", flush=True)
        steps = self.watched(import_id, until=("clean", "faulty", "refused"))
        clerk.post("registry", f"/imports/{import_id}/commit", {}, key=f"{book.name}-commit")
        steps |= self.watched(import_id, until=("committed", "faulty"))
        for step, seconds in steps.items():
            print(f"  {step} {seconds:.1f} s", flush=True)
        report: dict[str, Any] = clerk.get("registry", f"/imports/{import_id}")
        assert report["state"] == "committed", report
        return report

    def watched(self, import_id: str, *, until: tuple[str, ...]) -> dict[str, float]:
        """Seconds in each step, by the database's word."""
        seconds: dict[str, float] = {}
        with self.reading("registry") as registry:
            since, state = time.monotonic(), ""
            while state not in until:
                (now,) = registry.execute("select state from imports where import_id = %s", (import_id,)).fetchone()  # type: ignore[misc]
                if now != state:
                    if state in _STEPS:
                        seconds[_STEPS[state]] = time.monotonic() - since
                    since, state = time.monotonic(), now
                time.sleep(0.05)
        return seconds

    def followed(self, units: int, district: str) -> None:
        began = time.monotonic()
        waiting: dict[str, Callable[[], bool]] = {
            "signing opened its cases": self.holds("signing", "cases", units, district),
            "reporting draws its units": self.holds("reporting", "model.units", units, district),
            "reporting draws its cases": self.holds("reporting", "model.cases", units, district),
            "the relay has sent all": self.holds("registry", "unsent", 0, district),
        }
        while waiting and time.monotonic() - began < _PATIENCE_SECONDS:
            for what in [what for what, done in waiting.items() if done()]:
                del waiting[what]
                seconds = time.monotonic() - began
                print(f"  {what}: {seconds:.1f} s after the commit, {units / seconds:,.0f} units/s", flush=True)
            time.sleep(0.5)
        assert not waiting, f"never: {list(waiting)}"

    def holds(self, service: str, table: str, count: int, district: str) -> Callable[[], bool]:
        def done() -> bool:
            with self.reading(service) as connection:
                found = connection.execute(f"select count(*) from {table} where district = %s", (district,)).fetchone()  # type: ignore[arg-type]
                return found == (count,)

        return done

    def reading(self, service: str) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(self.running.superuser_url(service), autocommit=True)


def peak(pid: int) -> int:
    """Bytes that a process and its children held at most, the largest of them."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return max(_high_water(item.pid) for item in family)


def _high_water(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def main(sizes: list[int]) -> int:
    running = platform.start()
    try:
        platform.start_system(running)
        with tempfile.TemporaryDirectory() as directory:
            bench = Bench(running, Path(directory))
            for number, rows in enumerate(sizes):
                bench.measure(rows, District(str(440_310 + number), "样例区", "样例", seed=number))
        print(
            f"worker's memory, {sizes[-1]:,} ÷ {sizes[0]:,} rows: {bench.peaks[sizes[-1]] / bench.peaks[sizes[0]]:.2f}"
        )
    finally:
        platform.stop(running.place)
    return 0


if __name__ == "__main__":
    sys.exit(main([int(item) for item in sys.argv[1:]] or list(SIZES)))
