"""How far each consumer is behind in each district."""

from shared.service import migrations

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    migrations.run(__file__)
