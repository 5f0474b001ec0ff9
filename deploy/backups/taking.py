"""A backup: one base backup of the whole cluster, the keys and the configuration beside it, then what is too old is deleted.

The cluster has the databases of all services, so one backup is one moment for all of them.
Invariant: what a kept base backup needs of the write-ahead log is never deleted.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from backports import tarfile

from deploy.backups import kept
from deploy.backups.kept import Kept
from deploy.backups.lists import Lists
from deploy.backups.server import Server

# Below LOCAL_DIR. No data: the databases have those, and topics are written again from the journals.
CONFIGURATION = ("secrets.json", "issuer", "front-door", "kafka/authority.pem", "kafka/server.pem", "clock.json")


def take(server: Server, to: Kept, *, configuration: Path, keep: int) -> kept.Backup:
    """`configuration`: the folder with secrets.json. `keep`: how many base backups stay. Raises CannotStart."""
    began = datetime.now(UTC)
    folder = to.databases(kept.stamp(began))
    with server.connect() as connection:
        (first_wal,) = connection.execute("select pg_walfile_name(pg_current_wal_lsn())").fetchone() or ("",)
    server.run(
        "pg_basebackup", "--pgdata", str(folder), "--format=tar", "--gzip", "--wal-method=stream", "--checkpoint=fast",
        "--manifest-checksums=SHA256", "--no-password",
    )  # fmt: skip
    _pack(configuration, to.keys(folder.name))
    lists = Lists(server, to)
    lists.copy()
    lists.close()
    kept.note_taken(folder, finished_at=datetime.now(UTC), first_wal=str(first_wal))
    _forget_old(to, keep)
    return to.newest(None)


def put_back(archive: Path, folder: Path) -> None:
    """Unpacks keys and configuration; what the backup does not have stays."""
    folder.mkdir(parents=True, exist_ok=True)
    unpack(archive, folder)
    (folder / "secrets.json").chmod(0o600)


def unpack(archive: Path, to: Path) -> None:
    """Nothing of an archive comes to lie outside `to`, whoever wrote it (the filter `data` of PEP 706). Raises tarfile.TarError."""
    with tarfile.open(archive) as packed:
        packed.extractall(to, filter="data")


def _pack(folder: Path, archive: Path) -> None:
    unfinished = archive.with_suffix(".new")
    unfinished.touch(mode=0o600)
    with tarfile.open(unfinished, "w") as packed:
        for name in _present(folder):
            packed.add(folder / name, arcname=name)
    unfinished.replace(archive)


def _present(folder: Path) -> Sequence[str]:
    return [name for name in CONFIGURATION if (folder / name).exists()]


def _forget_old(to: Kept, keep: int) -> None:
    kept_ones = to.backups()[-keep:]
    for folder in set((to.folder / "databases").iterdir()) - {backup.folder for backup in kept_ones}:
        shutil.rmtree(folder)  # too old, or interrupted
        to.keys(folder.name).unlink(missing_ok=True)
    first = kept_ones[0].first_wal
    for segment in to.wal.iterdir():
        # The first 8 characters are the timeline; history files and the segments of later timelines stay.
        if len(segment.name) >= len(first) and segment.name[8:24] < first[8:24]:
            segment.unlink()
