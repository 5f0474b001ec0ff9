"""What a folder of backups holds, and where.

    databases/20261128T031500Z/     a base backup of the whole cluster: base.tar.gz, pg_wal.tar.gz, backup_manifest, taken.json
    wal/                            the write-ahead log, as it is written
    keys/20261128T031500Z.tar       secrets.json (the vault's key is in it), the issuer's key, certificates; no data
    erasures.jsonl                  who was forgotten, by id only; never shortened
    written/<service>.jsonl         the number of every event of a journal, without its content

Invariant: what must survive a restore to an earlier moment (`erasures`, `written`) is in no backup. `keys` may be a mount of its own:
who has `databases` without `keys` reads no person.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local.place import CannotStart

_STAMP = "%Y%m%dT%H%M%SZ"
_TAKEN = "taken.json"


@dataclass(frozen=True)
class Backup:
    """One base backup. It can be brought to any moment from `finished_at` on."""

    folder: Path
    finished_at: datetime
    first_wal: str


@dataclass(frozen=True)
class Kept:
    folder: Path

    @property
    def wal(self) -> Path:
        return self.folder / "wal"

    @property
    def erasures(self) -> Path:
        return self.folder / "erasures.jsonl"

    def written(self, service: str) -> Path:
        return self.folder / "written" / f"{service}.jsonl"

    def databases(self, stamp: str) -> Path:
        return self.folder / "databases" / stamp

    def keys(self, stamp: str) -> Path:
        return self.folder / "keys" / f"{stamp}.tar"

    def prepare(self) -> None:
        """Raises CannotStart for a place that cannot be written."""
        try:
            for folder in (self.folder, *(self.folder / name for name in ("databases", "wal", "keys", "written"))):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as refusal:
            raise CannotStart(f"{self.folder} cannot be written ({refusal.strerror}): choose another TO.") from refusal

    def backups(self) -> list[Backup]:
        """The whole ones, the oldest first. One that was interrupted has no taken.json."""
        return [_backup(file) for file in sorted(self.folder.glob(f"databases/*/{_TAKEN}"))]

    def newest(self, at: datetime | None) -> Backup:
        """The newest one that can be brought to `at`. Raises CannotStart."""
        found = [backup for backup in self.backups() if at is None or backup.finished_at <= at]
        if not found:
            until = f" that was finished by {at.isoformat()}" if at else ""
            raise CannotStart(f"{self.folder} has no backup{until}.")
        return found[-1]


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_STAMP)


def note_taken(folder: Path, *, finished_at: datetime, first_wal: str) -> None:
    """Written last: it makes a backup whole."""
    (folder / _TAKEN).write_text(json.dumps({"finished_at": finished_at.isoformat(), "first_wal": first_wal}))


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a list. A last line that was cut off by a crash is passed over: it is written again."""
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def _backup(file: Path) -> Backup:
    taken = json.loads(file.read_text())
    return Backup(file.parent, datetime.fromisoformat(taken["finished_at"]), taken["first_wal"])
