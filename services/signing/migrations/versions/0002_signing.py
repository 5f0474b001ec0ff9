"""Cases, agreements, numbers, the roll, the count, and what the database refuses."""

from shared.service import migrations

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    migrations.run(__file__)
