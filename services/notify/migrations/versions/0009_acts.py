"""Records who had a message sent again, and who found out whether it arrived."""

from shared.service import migrations

revision, down_revision = "0009", "0008"


def upgrade() -> None:
    migrations.run(__file__)
