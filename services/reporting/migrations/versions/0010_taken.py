"""What left for each agency, by hour and client or endpoint."""

from shared.service import migrations

revision, down_revision = "0010", "0009"


def upgrade() -> None:
    migrations.run(__file__)
