"""Takes a forgotten person's wrapped keys out of the journal."""

from shared.service import migrations

revision, down_revision = "0012", "0011"


def upgrade() -> None:
    migrations.run(__file__)
