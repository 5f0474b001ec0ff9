"""Our own copy of the endpoints of agencies: where the deliverer sends, and by which secrets it signs."""

from sqlalchemy import text

from services.reporting.projections import bulk
from shared.events.registry import EndpointRegistered, EndpointRemoved
from shared.messaging.reactions import Batch
from shared.service.database import Transaction

_KEEP = text("""
    insert into endpoints (district, endpoint_id, agency, url, event_types, ordering, start, active, secrets, registered_at)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb)) as registered (
        endpoint_id uuid, agency text, url text, event_types text[], ordering text, start text, active boolean, secrets jsonb,
        registered_at timestamptz)
    on conflict (endpoint_id) do update set url = excluded.url, event_types = excluded.event_types,
        ordering = excluded.ordering, active = excluded.active, secrets = excluded.secrets
""")
_REMOVE = text("""
    delete from endpoints using jsonb_to_recordset(cast(:rows as jsonb)) as removed (endpoint_id uuid)
    where endpoints.endpoint_id = removed.endpoint_id and district = :district
""")
_FIELDS = {"endpoint_id", "agency", "url", "event_types", "ordering", "start", "active", "secrets", "registered_at"}


def when_endpoint_registered_keep_it(tx: Transaction, batch: Batch[EndpointRegistered]) -> None:
    newest = {event.endpoint_id: event for event in batch.events}
    bulk.write(tx, _KEEP, [event.model_dump(mode="json", include=_FIELDS) for event in newest.values()])


def when_endpoint_removed_forget_it(tx: Transaction, batch: Batch[EndpointRemoved]) -> None:
    bulk.write(tx, _REMOVE, [{"endpoint_id": event.endpoint_id} for event in batch.events])
