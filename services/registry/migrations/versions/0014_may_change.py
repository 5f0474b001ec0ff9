"""Grants each column that a command changes, and refuses its change at another time and a row that hangs on one of elsewhere."""

from shared.service import migrations

revision, down_revision = "0014", "0013"


def upgrade() -> None:
    migrations.run(__file__)
