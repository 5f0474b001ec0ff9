"""Webhooks: where events are sent, what was sent, and what waits."""

from shared.service import migrations

revision, down_revision = "0007", "0006"


def upgrade() -> None:
    migrations.run(__file__)
