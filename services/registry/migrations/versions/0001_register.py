"""The register, the vault, imports, and the tables of the kit."""

from shared.service import migrations

revision, down_revision = "0001", None


def upgrade() -> None:
    migrations.run(__file__)
