"""How far the archive of the write-ahead log is, as PostgreSQL itself knows it: also while the process that archives is dead.

The server keeps what the archive does not have yet in a replication slot. Every database of the server shows the same slot.
Left to others: the process that archives and the newest backup (deploy/backups).
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine, text

from shared.telemetry.archive_slot import SLOT
from shared.telemetry.facts import Fact, Sample

POSITION: Final = Fact(
    "clearwater_archive_position_bytes",
    "Up to which byte of the write-ahead log the archive has it; 0 before the first backup, and when the server has let go of the rest.",
)
MISSING: Final = Fact(
    "clearwater_archive_missing_bytes",
    "Bytes of the write-ahead log that the archive does not have yet; 0 before the first backup.",
)
_ARCHIVED = text("""
    select coalesce(restart_lsn, '0/0') - '0/0'::pg_lsn as position,
           pg_current_wal_flush_lsn() - coalesce(restart_lsn, '0/0') as missing
    from pg_replication_slots where slot_name = :slot
""")


def archive(engine: Engine) -> Iterator[Sample]:
    with engine.connect() as connection:
        row = connection.execute(_ARCHIVED, {"slot": SLOT}).one_or_none()
    yield POSITION.of(row.position if row else 0)
    yield MISSING.of(max(0, row.missing) if row else 0)
