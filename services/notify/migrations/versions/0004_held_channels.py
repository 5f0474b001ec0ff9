"""Channels that are held, and orders to send again what one code has failed."""

from shared.service import migrations

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    migrations.run(__file__)
