"""Refuses numbers that go back or have no entry, a delivery without its try, and a display's grant that comes back."""

from shared.service import migrations

revision, down_revision = "0014", "0013"


def upgrade() -> None:
    migrations.run(__file__)
