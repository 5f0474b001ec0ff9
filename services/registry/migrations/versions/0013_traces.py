"""Keeps the trace of each act and correction, by which its events are found in the journal."""

from shared.service import migrations

revision, down_revision = "0013", "0012"


def upgrade() -> None:
    migrations.run(__file__)
