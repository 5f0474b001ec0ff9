"""The read models in a schema of their own; the feed and the pulses beside them."""

from shared.service import migrations

revision, down_revision = "0001", None


def upgrade() -> None:
    migrations.run(__file__)
