"""How far each consumer is behind in each district."""

from shared.service import migrations

revision, down_revision = "0007", "0006"


def upgrade() -> None:
    migrations.run(__file__)
