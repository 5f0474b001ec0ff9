"""Daily reports, the days that signing has closed, and how far the consumer is behind in each district."""

from shared.service import migrations

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    migrations.run(__file__)
