"""Findings about the platform's own processes: `admin`, which keeps agencies' rights on the bus as their grants are, `archive`, `watch`.

Invariant: as in findings.py.
"""

from collections.abc import Iterator
from typing import Final

from deploy.declaration import ARCHIVE, BUS_ADMIN, WATCH
from deploy.doctor.finding import Finding
from deploy.doctor.seen import STARTED, Seen

_ARCHIVE_BYTES: Final = 64 * 2**20  # a busy archive that works lacks less
_BACKUP_SECONDS: Final = 36 * 3600
_NO_BACKUP_SECONDS: Final = 12 * 3600  # of an installation that runs: one of today has none yet


def grants(seen: Seen) -> Iterator[Finding]:
    for process in seen.named(BUS_ADMIN):
        if process.ready is None:
            wrong = "admin does not answer: a grant of an agency that is revoked now stays open on the bus."
            do = "Start it again: it then carries out what it has missed."
            yield Finding("GrantsNotKept", "page", BUS_ADMIN, wrong, do)
        elif process.ready.startswith("the broker refuses"):
            wrong = f"A grant of an agency that is revoked now stays open on the bus: {process.ready}."
            do = "See whether admin-a and admin-b are super users of the broker."
            yield Finding("GrantsRefused", "page", BUS_ADMIN, wrong, do)
        elif process.ready and not seen.explains(process.ready):
            wrong = f"A grant of an agency that is revoked now stays open on the bus: {process.ready}."
            do = "Restart admin. If others reach the broker and it does not, give it a new password (`make rotate ROLE=admin`)."
            yield Finding("GrantsNotKept", "page", BUS_ADMIN, wrong, do)


def archive(seen: Seen) -> Iterator[Finding]:
    if seen.is_gone("postgres"):
        return
    missing = max((sample.value for _, sample in seen.samples("clearwater_archive_missing_bytes")), default=0)
    if any(process.ready is None for process in seen.named(ARCHIVE)):
        wrong = f"archive does not answer: what the databases write is in no backup ({missing / 1e6:.1f} MB by now)."
        do = "Read the last lines of its log, see whether the folder of backups is there and has room, and start it again."
        yield Finding("ArchiveStill", "page", ARCHIVE, wrong, do)
    elif missing > _ARCHIVE_BYTES:
        wrong = f"The archive lacks {missing / 1e6:.0f} MB of what the databases have written."
        yield Finding(
            "ArchiveStill",
            "page",
            ARCHIVE,
            wrong,
            "See whether the folder of backups is there, has room and is fast enough.",
        )
    for _, sample in seen.samples("clearwater_backup_timestamp_seconds"):
        seconds = seen.at.timestamp() - sample.value
        if seconds > _BACKUP_SECONDS:
            wrong = (
                f"The newest backup is {seconds / 3600:.0f} hours old."
                if sample.value
                else "The folder of backups has no backup."
            )
            yield Finding(
                "BackupOld",
                "ticket",
                ARCHIVE,
                wrong,
                "Take one now (`make backup`), and see why the nightly one has failed.",
            )


def watch(seen: Seen) -> Iterator[Finding]:
    for process in seen.named(WATCH):
        if process.ready:
            wrong = f"watch sees nothing, and nobody hears of what it watches: {process.ready}."
            do = "Restart it. If it hangs again, a disk or a name server does not answer."
            yield Finding("WatchStill", "page", WATCH, wrong, do)


def no_backup(seen: Seen) -> Iterator[Finding]:
    up_to = [sample.value for _, sample in seen.samples("clearwater_archive_position_bytes")]
    began = min((sample.value for _, sample in seen.samples(STARTED)), default=seen.at.timestamp())
    if up_to and not max(up_to) and seen.at.timestamp() - began > _NO_BACKUP_SECONDS:
        wrong = "The databases have no backup and no archive: with the disk everything would be lost."
        yield Finding("NoBackup", "ticket", ARCHIVE, wrong, "Take the first one now (`make backup`), and every night.")
