"""The exchange log: what other systems may be given, numbered per district."""

from shared.service import migrations

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    migrations.run(__file__)
