"""Which screens may show a project's wall without a person signed in at them."""

from shared.service import migrations

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    migrations.run(__file__)
