"""Channels that are held, and orders to send again what one code has failed."""

from shared.service import migrations

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    migrations.run(__file__)
