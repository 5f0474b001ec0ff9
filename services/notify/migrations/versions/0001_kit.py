"""The kit's tables: journal, inbox, idempotent answers, and the probe that proves row-level security."""

from alembic import op

from shared.messaging import schema
from shared.service import idempotency, rows

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in (
        *rows.schema("notify"),
        *idempotency.schema("notify"),
        *schema.journal("notify"),
        *schema.inbox("notify"),
    ):
        op.execute(statement)


def downgrade() -> None:
    message = "the journal is not undone by a migration"
    raise NotImplementedError(message)
