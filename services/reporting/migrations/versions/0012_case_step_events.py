"""The event of each step of a case."""

from shared.service import migrations

revision, down_revision = "0012", "0011"


def upgrade() -> None:
    migrations.run(__file__)
