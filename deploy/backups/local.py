"""Backup and restore of the local platform, by one call each. From the first backup on the archive process runs beside it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.backups import after, archive, journals, restoring, server, taking
from deploy.backups.kept import Backup, Kept
from deploy.declaration import ARCHIVE
from deploy.local import admin, postgres, processes, progress, starting, system, topics
from deploy.local.place import HOST, ROOT, CannotStart, Place
from deploy.local.supervise import Supervisor, members
from shared.messaging import kafka


def backup(place: Place, to: Path, *, keep: int) -> Backup:
    """Raises CannotStart."""
    if not place.local_dir.exists() or not Supervisor(place).answers():
        raise CannotStart(f"{place.local_dir} does not run: a backup is taken of a running installation (`make up`).")
    target, source = Kept(to.resolve()), server.local(place)
    target.prepare()
    with progress.step("archive of the write-ahead log"):
        source.keep_slot()
        processes.archive_file(place).write_text(json.dumps({"to": str(target.folder)}))
        _start_archive(place)
    with progress.step("base backup, keys and configuration"):
        return taking.take(source, target, configuration=place.local_dir, keep=keep)


def restore(place: Place, source: Path, *, at: datetime | None, over: bool) -> list[str]:
    """Returns what a person has to know; it is also kept in LOCAL_DIR. Everything runs then. Raises CannotStart: nothing runs then."""
    archived = Kept(source.resolve())
    restored = archived.newest(at)
    if place.local_dir.exists() and members(place):
        raise CannotStart(f"{place.local_dir} is running: `make down` first.")
    system.check(place)
    with progress.step("databases, from the base backup and the write-ahead log"):
        programs, data = Path(postgres.command(place)[0]).parent, postgres.data(place)
        restoring.make_room([data, place.path("secrets.json")], over=over)
        taking.put_back(archived.keys(restored.folder.name), place.local_dir)
        cluster = restoring.Cluster(data, programs, place.port("postgres"), postgres.runs_as())
        restoring.restore(cluster, archived, restored, at=at)
        # The archive begins again with the next base backup: what is written until then would be a gap in it.
        processes.archive_file(place).unlink(missing_ok=True)
    lines: list[str] = []
    installation = _Restored(place, archived, restored)
    try:
        supervisor = system.start_platform(place)
        system.start_services(
            supervisor,
            place,
            before=lambda: lines.extend(after.settle(installation, restored.folder.name)),
        )
    except BaseException:
        system.down(place)
        raise
    lines += after.finish(installation)
    return after.report(place.local_dir, lines)


def run_archive(place: Place) -> None:
    archive.run(server.local(place), Kept(Path(os.environ["BACKUPS_TO"])), bind=HOST, port=place.port(ARCHIVE))


def _start_archive(place: Place) -> None:
    supervisor, declared = Supervisor(place), processes.supervised(place)
    supervisor.declare_anew(declared)
    starting.start(supervisor, place, [process for process in declared if process.name == ARCHIVE])


@dataclass(frozen=True)
class _Restored:
    """after.Installation"""

    place: Place
    source: Kept
    backup: Backup

    def make_topics(self) -> None:
        for district in journals.districts(server.local(self.place)):
            topics.create(admin.as_admin(self.place), district)

    def rewind(self, service: str) -> None:
        kafka.rewind(admin.as_admin(self.place), service)

    def run(self, service: str, *command: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", f"services.{service}", *command],
            cwd=ROOT, env=os.environ | processes.environment(self.place, service), capture_output=True, text=True, check=False,
        )  # fmt: skip
        return after.printed(command[0], service, done)

    def forget_again(self) -> list[str]:
        erasures = self.source.erasures
        return self.run("registry", "forget-again", str(erasures)) if erasures.exists() else []

    def gone(self, service: str) -> Mapping[str, str]:
        return dict(journals.gone(server.local(self.place), self.source, self.backup, service))
