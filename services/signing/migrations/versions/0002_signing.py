"""The tables of signing, and what the database itself refuses.

Never, whoever asks: two live agreements on a unit; a number that skips, repeats or goes back in time; a signed agreement that lacks a
signature, a number or whole shares; one superseded by none; terms that change after the draft; a facet that jumps; more signed than there
are on the roll.
"""

from alembic import op

from services.signing.migrations import cases, counting, signing

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in (*cases.DDL, *signing.DDL, *counting.DDL):
        op.execute(statement)


def downgrade() -> None:
    message = "numbers and signatures are not undone by a migration"
    raise NotImplementedError(message)
