"""Keeps with each fact the trace that it belongs to."""

from shared.service import migrations

revision, down_revision = "0007", "0006"


def upgrade() -> None:
    migrations.run(__file__)
