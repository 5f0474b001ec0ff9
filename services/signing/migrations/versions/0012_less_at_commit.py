"""Proves a signing at its commit for less: all desks of a project wait for that commit."""

from shared.service import migrations

revision, down_revision = "0012", "0011"


def upgrade() -> None:
    migrations.run(__file__)
