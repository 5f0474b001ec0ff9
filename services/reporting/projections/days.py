"""Business days that signing has closed, with each restatement."""

from sqlalchemy import text

from services.reporting.projections import bulk
from shared.events.signing import DayClosed
from shared.messaging.reactions import Batch
from shared.service.database import Transaction

_KEEP = text("""
    insert into closed_days (district, project_id, business_on, restatement, as_of, series, bases, counting_rule, closed_at)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as closed (project_id uuid, business_on date, restatement int, as_of bigint, series jsonb, bases jsonb, counting_rule text,
                   closed_at timestamptz)
    on conflict (project_id, business_on, restatement) do nothing
""")


def when_day_closed_keep_its_figures(tx: Transaction, batch: Batch[DayClosed]) -> None:
    bulk.write(tx, _KEEP, [event.model_dump(mode="json") for event in batch.events])
