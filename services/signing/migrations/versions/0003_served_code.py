"""Which code the schema still serves, for /ready."""

from shared.service import migrations

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    migrations.run(__file__)
