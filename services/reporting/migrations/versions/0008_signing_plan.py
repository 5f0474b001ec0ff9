"""Keeps with a project how many units are planned to be signed when."""

from shared.service import migrations

revision, down_revision = "0008", "0007"


def upgrade() -> None:
    migrations.run(__file__)
