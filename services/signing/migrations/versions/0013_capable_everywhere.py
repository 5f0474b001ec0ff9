"""Lets nobody sign, not for themselves either, whom the register calls incapable on any unit of the district."""

from shared.service import migrations

revision, down_revision = "0013", "0012"


def upgrade() -> None:
    migrations.run(__file__)
