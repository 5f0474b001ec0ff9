"""Payments that were asked for."""

from shared.service import migrations

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    migrations.run(__file__)
