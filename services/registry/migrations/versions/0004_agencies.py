"""Agencies and what they are granted."""

from shared.service import migrations

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    migrations.run(__file__)
