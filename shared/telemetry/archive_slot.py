"""The name by which PostgreSQL knows the archive: who writes it and who watches it mean the same replication slot."""

from typing import Final

SLOT: Final = "clearwater_archive"
