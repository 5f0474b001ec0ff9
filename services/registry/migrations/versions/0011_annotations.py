"""Records who received the uploaded file of an import with its mistakes."""

from shared.service import migrations

revision, down_revision = "0011", "0010"


def upgrade() -> None:
    migrations.run(__file__)
