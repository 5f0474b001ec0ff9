"""Backup and restore of the local platform, by one call each. From the first backup on the archive process runs beside it."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from deploy.backups import after, archive, kept, restoring, server, taking
from deploy.backups.kept import Backup, Kept
from deploy.declaration import ARCHIVE
from deploy.local import processes, progress, starting, system
from deploy.local.place import HOST, CannotStart, Place
from deploy.local.supervise import Supervisor, members


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
    archived.newest(at)
    if place.local_dir.exists() and members(place):
        raise CannotStart(f"{place.local_dir} is running: `make down` first.")
    system.check(place)
    with progress.step("databases, from the base backup and the write-ahead log"):
        restored = restoring.restore(place, archived, at=at, over=over)
        # The archive begins again with the next base backup: what is written until then would be a gap in it.
        processes.archive_file(place).unlink(missing_ok=True)
    lines: list[str] = []
    try:
        supervisor = system.start_platform(place)
        system.start_services(
            supervisor,
            place,
            before=lambda: lines.extend(after.settle(place, server.local(place), archived, restored)),
        )
    except BaseException:
        system.down(place)
        raise
    report = place.path(f"restored-{kept.stamp(datetime.now(UTC))}.txt")
    report.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [*(line for line in lines if not line.startswith("lost: ")), f"All lines are in {report}."]


def run_archive(place: Place) -> None:
    archive.run(server.local(place), Kept(Path(os.environ["BACKUPS_TO"])), bind=HOST, port=place.port(ARCHIVE))


def _start_archive(place: Place) -> None:
    supervisor, declared = Supervisor(place), processes.supervised(place)
    supervisor.declare_anew(declared)
    starting.start(supervisor, place, [process for process in declared if process.name == ARCHIVE])
