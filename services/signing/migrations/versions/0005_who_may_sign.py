"""Who may sign and who took it, instants that rise, and what every figure is proved by."""

from shared.service import migrations

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    migrations.run(__file__)
