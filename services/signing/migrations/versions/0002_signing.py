"""The tables of signing, and what the database itself refuses.

Never, whoever asks: two live agreements on a unit; a number that skips, repeats, goes back in time or is of another series; a signed
agreement that lacks a signature, a number or whole shares; a hand that may not sign, outside the period, on rights in dispute; an agreement
superseded by none, in force without a declaration, void without a closing, undone with its number attached, unlocked without a reason;
terms or holders that change after the lock; a facet that jumps; a latch without the threshold; a roll that changes after it was counted;
more signed than there are on it; a report of a day that is not over; a record that is changed.
"""

from alembic import op

from services.signing.migrations import cases, counting, never, signing

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in (*cases.DDL, *signing.DDL, *counting.DDL, *never.DDL):
        op.execute(statement)


def downgrade() -> None:
    message = "numbers and signatures are not undone by a migration"
    raise NotImplementedError(message)
