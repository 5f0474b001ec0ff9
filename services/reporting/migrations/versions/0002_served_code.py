"""Which code the schema still serves, for /ready."""

from shared.service import migrations

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    migrations.run(__file__)
