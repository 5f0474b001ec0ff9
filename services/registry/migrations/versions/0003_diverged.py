"""Where events of one number wait until a person decides."""

from shared.service import migrations

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    migrations.run(__file__)
