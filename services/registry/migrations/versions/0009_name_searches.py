"""Records who searched people by name, and why."""

from shared.service import migrations

revision, down_revision = "0009", "0008"


def upgrade() -> None:
    migrations.run(__file__)
