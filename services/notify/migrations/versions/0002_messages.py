"""What is known of people and units, and the messages to them."""

from shared.service import migrations

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    migrations.run(__file__)
