"""Brings the cluster of a new installation to a moment of the archive: the base backup, then the write-ahead log up to there.

Invariant: nothing that is there is overwritten; with `over` it is moved aside and kept. The server that replays the log serves nobody.
Left to others: what the services need after it (after.py).
"""

import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.backups import taking
from deploy.backups.kept import Backup, Kept
from deploy.local import postgres
from deploy.local.place import HOST, CannotStart

_REPLAY_SECONDS = 24 * 3600
_LOOK_SECONDS = 0.2
_ASIDE = "before-restore"


@dataclass(frozen=True)
class Cluster:
    """`user`: whom the server runs as; None = the user of this process. `port`: where it listens while it replays."""

    data: Path
    programs: Path
    port: int
    user: str | None = None


def restore(cluster: Cluster, source: Kept, backup: Backup, *, at: datetime | None) -> None:
    """Leaves a cluster that starts like any other. Raises CannotStart."""
    _unpack(backup.folder, cluster.data)
    wal = _bring_wal(source.wal, cluster.data, backup.first_wal)
    _ask_for(cluster.data, wal, at)
    postgres.give(cluster.data.parent)
    _replay(cluster, at)
    shutil.rmtree(wal)


def make_room(paths: Sequence[Path], *, over: bool) -> None:
    """Moves aside what is there, where `over` allows it. Raises CannotStart."""
    present = [path for path in paths if path.exists()]
    if present and not over:
        raise CannotStart(
            f"{present[0]} is there already: restore on an empty machine, or say OVER=yes to move it aside."
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


def _replay(cluster: Cluster, at: datetime | None) -> None:
    """Raises CannotStart with what the server's log says."""
    log, settings = cluster.data.with_name("replay.log"), cluster.data.with_name("replay.conf")
    for file in (log, settings):
        file.touch()
        postgres.give(file)
    # Without hot_standby it lets nobody in before the end, and pg_ctl waits only until the replay has begun.
    # The cluster's own settings may name a language that this machine lacks, so they wait for its own server.
    options = f"-p {cluster.port} -c config_file={settings} -c hot_standby=off -c listen_addresses={HOST} -c unix_socket_directories="
    _control(cluster, "start", "-t", str(_REPLAY_SECONDS), "-l", str(log), "-o", options)
    while not _is_replayed(cluster):
        if _control(cluster, "status"):
            fatal = [line for line in log.read_text(errors="replace").splitlines() if "FATAL" in line] or [f"see {log}"]
            hint = " Leave AT out to restore all that the archive has." if at else ""
            raise CannotStart(f"PostgreSQL cannot replay the archive: {fatal[-1]}{hint}")
        time.sleep(_LOOK_SECONDS)
    _control(cluster, "stop", "-m", "fast")
    auto = cluster.data / "postgresql.auto.conf"
    lines = auto.read_text().splitlines(keepends=True)
    auto.write_text("".join(line for line in lines if not line.startswith(("restore_", "recovery_"))))


def _is_replayed(cluster: Cluster) -> bool:
    """Its own file says so: a server of another machine may have users and languages that this one lacks."""
    shown = subprocess.run(
        [str(cluster.programs / "pg_controldata"), str(cluster.data)],
        env={"LC_ALL": "C"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return re.search(r"^Database cluster state:\s+in production$", shown.stdout, re.MULTILINE) is not None


def _control(cluster: Cluster, *arguments: str) -> int:
    """What pg_ctl answers: 0 = done."""
    return subprocess.run(
        [str(cluster.programs / "pg_ctl"), "-D", str(cluster.data), "-w", *arguments],
        user=cluster.user,
        extra_groups=[] if cluster.user else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode
