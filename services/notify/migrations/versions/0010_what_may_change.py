"""Refuses a sent message that becomes unsent, a try that ends otherwise, and the key of a forgotten person that comes back."""

from shared.service import migrations

revision, down_revision = "0010", "0009"


def upgrade() -> None:
    migrations.run(__file__)
