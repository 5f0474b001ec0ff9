"""The read models in their own schema, so that a rebuild can fill another one and swap; feed and pulses beside them in `public`."""

from alembic import op

from services.reporting.migrations import model
from shared.messaging import rebuild, schema
from shared.service import rows

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    outlasting = (
        *rows.schema("reporting"),
        *schema.feed("reporting"),
        "create table pulses (consumer text primary key, caught_up_at timestamptz not null)",
        *rows.grant("pulses", service="reporting", app="select, insert, update", mechanism="select"),
    )
    for statement in (*outlasting, *rebuild.schema("reporting", model.statements())):
        op.execute(statement)


def downgrade() -> None:
    message = "a read model is rebuilt, not undone"
    raise NotImplementedError(message)
