"""What is known, and what was told.

Never, whoever asks: the same message twice for one event, recipient, template and channel; a name that was not
masked; a sent message without its receipt.
"""

from alembic import op

from services.notify.migrations import known, messages

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in (*known.DDL, *messages.DDL):
        op.execute(statement)


def downgrade() -> None:
    message = "what people were told is not undone by a migration"
    raise NotImplementedError(message)
