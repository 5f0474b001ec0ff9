"""The districts of the installation."""

from sqlalchemy import text

from services.reporting.projections import bulk
from shared.events.registry import DistrictOpened
from shared.messaging.reactions import Batch
from shared.service.database import Transaction

_KEEP = text("""
    insert into districts (district, name)
    select :district, name from jsonb_to_recordset(cast(:rows as jsonb)) as incoming (name text)
    on conflict (district) do update set name = excluded.name
""")


def when_district_opened_list_it(tx: Transaction, batch: Batch[DistrictOpened]) -> None:
    bulk.write(tx, _KEEP, [{"name": event.name} for event in bulk.latest(batch)])
