"""Refuses changes of rules after the freeze, of a unit's project, of facts without a revision, and a back-dated mandate."""

from shared.service import migrations

revision, down_revision = "0015", "0014"


def upgrade() -> None:
    migrations.run(__file__)
