"""Keeps with a project how many units are planned to be signed when."""

from shared.service import migrations

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    migrations.run(__file__)
