"""Checks a copied roll in one pass, however little the database knows of its tables yet."""

from shared.service import migrations

revision, down_revision = "0010", "0009"


def upgrade() -> None:
    migrations.run(__file__)
