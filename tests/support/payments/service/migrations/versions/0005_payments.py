"""Payments that were asked for."""

from shared.service import migrations

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    migrations.run(__file__)
