"""What happened to each case, step by step."""

from shared.service import migrations

revision, down_revision = "0011", "0010"


def upgrade() -> None:
    migrations.run(__file__)
