"""Records who did which act of the register, and when."""

from shared.service import migrations

revision, down_revision = "0010", "0009"


def upgrade() -> None:
    migrations.run(__file__)
