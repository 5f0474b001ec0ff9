"""Keeps the staff number of each officer, by which a login is matched to the units that it answers for."""

from shared.service import migrations

revision, down_revision = "0008", "0007"


def upgrade() -> None:
    migrations.run(__file__)
