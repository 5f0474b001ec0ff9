"""Our own copy of agencies and grants: what the feed asks at each request, so that a revocation works as soon as it is applied."""

from sqlalchemy import text

from services.reporting.projections import bulk
from shared.events.registry import AgencyRegistered, GrantApproved, GrantRevoked
from shared.messaging.reactions import Batch
from shared.service.database import Transaction

_FORGET_CLIENTS = text("""
    delete from agency_clients using jsonb_to_recordset(cast(:rows as jsonb)) as changed (agency text)
    where agency_clients.agency = changed.agency and district = :district
""")
# A client that was moved to another agency acts for the one that named it last.
_CLIENTS = text("""
    insert into agency_clients (district, client_id, agency)
    select :district, client_id, agency from jsonb_to_recordset(cast(:rows as jsonb)) as changed (client_id text, agency text)
    on conflict (district, client_id) do update set agency = excluded.agency
""")
_KEEP = text("""
    insert into agency_grants (district, grant_id, agency, audiences, event_types, starts_at, ends_at)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as approved (grant_id uuid, agency text, audiences text[], event_types text[], starts_at timestamptz, ends_at timestamptz)
    on conflict (grant_id) do nothing
""")
_END = text("""
    delete from agency_grants using jsonb_to_recordset(cast(:rows as jsonb)) as revoked (grant_id uuid)
    where agency_grants.grant_id = revoked.grant_id and district = :district
""")


def when_agency_registered_note_its_clients(tx: Transaction, batch: Batch[AgencyRegistered]) -> None:
    agencies = bulk.latest(batch)
    bulk.write(tx, _FORGET_CLIENTS, [{"agency": event.agency} for event in agencies])
    clients = {client: event.agency for event in agencies for client in event.clients}
    bulk.write(tx, _CLIENTS, [{"client_id": client, "agency": agency} for client, agency in sorted(clients.items())])


def when_grant_approved_keep_it(tx: Transaction, batch: Batch[GrantApproved]) -> None:
    rows = [
        {"grant_id": event.grant_id, "agency": event.agency, **event.terms.model_dump(mode="json")}
        for event in batch.events
    ]
    bulk.write(tx, _KEEP, rows)


def when_grant_revoked_end_it(tx: Transaction, batch: Batch[GrantRevoked]) -> None:
    """Approval and revocation have one key, so they come in their order. A withdrawn proposal was never kept."""
    bulk.write(tx, _END, [{"grant_id": event.grant_id} for event in batch.events])
