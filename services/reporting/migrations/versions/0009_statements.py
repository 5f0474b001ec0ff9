"""A signed statement of each business day for each agency; who was granted what is found in the log itself."""

from shared.service import migrations

revision, down_revision = "0009", "0008"


def upgrade() -> None:
    migrations.run(__file__)
