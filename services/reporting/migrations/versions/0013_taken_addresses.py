"""Where a webhook was sent when it was taken."""

from shared.service import migrations

revision, down_revision = "0013", "0012"


def upgrade() -> None:
    migrations.run(__file__)
