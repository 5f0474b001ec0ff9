"""Brings the cluster of a new installation to a moment of the archive: the base backup, then the write-ahead log up to there.

Invariant: nothing that is there is overwritten; with `over` it is moved aside and kept. The server that replays the log serves nobody.
Left to others: what the services need after it (after.py).
"""

import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from deploy.backups import taking
from deploy.backups.kept import Backup, Kept
from deploy.local import keys, postgres
from deploy.local.place import CannotStart, Place

_REPLAY_SECONDS = 24 * 3600
_LOOK_SECONDS = 0.2
_ASIDE = "before-restore"


def restore(place: Place, source: Kept, *, at: datetime | None, over: bool) -> Backup:
    """Leaves a cluster that `make up` starts, and the keys that its contents are sealed with. Raises CannotStart."""
    backup = source.newest(at)
    _make_room(place, over=over)
    taking.put_back(source.keys(backup.folder.name), place.local_dir)
    data = postgres.data(place)
    _unpack(backup.folder, data)
    wal = _bring_wal(source.wal, data, backup.first_wal)
    _ask_for(data, wal, at)
    postgres.give(data.parent)
    _replay(place, at)
    shutil.rmtree(wal)
    return backup


def _make_room(place: Place, *, over: bool) -> None:
    data = postgres.data(place)
    present = [path for path in (data, place.path("secrets.json")) if path.exists()]
    if present and not over:
        raise CannotStart(
            f"{present[0]} is there already: restore into an empty LOCAL_DIR, or say OVER=yes to move it aside."
        )
    aside = f"{_ASIDE}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    for path in present:
        path.rename(path.with_name(f"{path.name}.{aside}"))


def _unpack(folder: Path, data: Path) -> None:
    data.mkdir(mode=0o700, parents=True)
    for archive, to in (("base.tar.gz", data), ("pg_wal.tar.gz", data / "pg_wal")):
        taking.unpack(folder / archive, to)


def _bring_wal(wal: Path, data: Path, first: str) -> Path:
    """A copy beside the cluster: whoever runs the server may not be allowed to read the archive."""
    to = data.with_name("archived-wal")
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for segment in sorted(wal.iterdir(), reverse=True):
        whole = to / segment.name.removesuffix(
            ".partial"
        )  # the last one has its full length: zeros after its last record
        if segment.suffix == ".history" or segment.name[8:24] >= first[8:24]:
            shutil.copyfile(segment, whole)
    return to


def _ask_for(data: Path, wal: Path, at: datetime | None) -> None:
    settings = {"restore_command": f'cp "{wal}/%f" "%p"', "recovery_target_action": "promote"}
    if at:
        settings["recovery_target_time"] = at.astimezone(UTC).isoformat(sep=" ")
    with (data / "postgresql.auto.conf").open("a") as written:
        written.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    (data / "recovery.signal").touch()


def _replay(place: Place, at: datetime | None) -> None:
    """Raises CannotStart with what the server's log says."""
    log = postgres.data(place).with_name("replay.log")
    log.touch()
    postgres.give(log)
    # Without hot_standby it lets nobody in before the end: who gets in has a database that can be written.
    options = f"-p {place.port('postgres')} -c hot_standby=off"
    _control(place, "start", "-t", str(_REPLAY_SECONDS), "-l", str(log), "-o", options)
    password = keys.load(place.local_dir)["postgres_password"]
    while not _lets_in(place, password):
        if _control(place, "status"):
            fatal = [line for line in log.read_text(errors="replace").splitlines() if "FATAL" in line] or [f"see {log}"]
            hint = " Leave AT out to restore all that the archive has." if at else ""
            raise CannotStart(f"PostgreSQL cannot replay the archive: {fatal[-1]}{hint}")
        time.sleep(_LOOK_SECONDS)
    _control(place, "stop", "-m", "fast")
    auto = postgres.data(place) / "postgresql.auto.conf"
    settings = auto.read_text().splitlines(keepends=True)
    auto.write_text("".join(line for line in settings if not line.startswith(("restore_", "recovery_"))))


def _lets_in(place: Place, password: str) -> bool:
    try:
        psycopg.connect(postgres.superuser_url(place, password), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _control(place: Place, *arguments: str) -> int:
    """What pg_ctl answers: 0 = done, or it runs."""
    program, _, data, *_ = postgres.command(place)
    return subprocess.run(
        [str(Path(program).with_name("pg_ctl")), "-D", data, "-w", *arguments],
        user=postgres.runs_as(),
        extra_groups=[] if postgres.runs_as() else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode
