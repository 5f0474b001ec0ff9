"""Says once what counts as signed and what is live, and proves the same for less at each signing."""

from shared.service import migrations

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    migrations.run(__file__)
