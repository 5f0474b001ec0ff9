"""Keeps with each act and each signature the trace that it belongs to."""

from shared.service import migrations

revision, down_revision = "0009", "0008"


def upgrade() -> None:
    migrations.run(__file__)
