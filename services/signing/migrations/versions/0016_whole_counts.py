"""Refuses a signing on the roll that leaves its parties out, and a period that closes as unreached at its threshold."""

from shared.service import migrations

revision, down_revision = "0016", "0015"


def upgrade() -> None:
    migrations.run(__file__)
