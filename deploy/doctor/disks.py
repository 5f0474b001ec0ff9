"""The disks that matter, as metrics: each is shown by a process that has it in reach.

`watch` shows those of PostgreSQL and Kafka, `archive` that of the backups (deploy/backups/archive.py).
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.telemetry.facts import Fact, Sample

DISK: Final = Fact(
    "clearwater_disk_bytes",
    "Size of the disk that the data of PostgreSQL or Kafka, or the backups, are on.",
    ("place",),
)
DISK_FREE: Final = Fact("clearwater_disk_free_bytes", "Bytes of that disk that are free.", ("place",))


def of(place: str, folder: Path) -> Iterator[Sample]:
    """Raises OSError where the disk does not answer, or the folder is not there."""
    disk = shutil.disk_usage(folder)
    yield DISK.of(disk.total, place)
    yield DISK_FREE.of(disk.free, place)
