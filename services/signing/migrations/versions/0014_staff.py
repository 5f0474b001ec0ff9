"""Keeps under which name, roles and staff number a login acts."""

from shared.service import migrations

revision, down_revision = "0014", "0013"


def upgrade() -> None:
    migrations.run(__file__)
