"""The journal, the inbox, idempotent answers and the probe of row-level security."""

from shared.service import migrations

revision, down_revision = "0001", None


def upgrade() -> None:
    migrations.run(__file__)
