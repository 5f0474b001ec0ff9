"""Lets a service's events leave by its write-ahead log; off until an installation asks for it."""

from shared.service import migrations

revision, down_revision = "0008", "0007"


def upgrade() -> None:
    migrations.run(__file__)
