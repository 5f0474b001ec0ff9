"""Cases: the facets of each unit from signing's events, each event as a step, and a row of its own for each signing and each undoing.

A case may arrive before its unit: the row waits, and a query joins both once the unit is there.
"""

from typing import Final

from sqlalchemy import text

from services.reporting.projections import bulk
from shared.events.contract import Event
from shared.events.signing import (
    AgreementDrafted,
    AgreementEffective,
    AgreementLocked,
    AgreementPerformed,
    AgreementPreRegistered,
    AgreementRescinded,
    AgreementReturned,
    AgreementReviewed,
    AgreementRevised,
    AgreementSigned,
    AgreementSuperseded,
    AgreementUnlocked,
    AgreementVoid,
    CaseOpened,
    RightsConfirmed,
    RightsDisputed,
    RightsReviewing,
)
from shared.messaging.reactions import Batch
from shared.service.database import Transaction

# A column that is not in an event keeps its value; `detached` takes the number off the unit.
_KEEP = text("""
    insert into cases as known (district, unit_id, project_id, rights, agreement, series, sequence_number, signed_at,
                                changed_at)
    select :district, unit_id, project_id, coalesce(rights, 'pending'), coalesce(agreement, 'none'), series, sequence_number,
           signed_at, changed_at
    from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (unit_id uuid, project_id uuid, rights text, agreement text, series text, sequence_number bigint,
                 signed_at timestamptz, changed_at timestamptz)
    on conflict (unit_id) do nothing
""")
_CHANGE = text("""
    update cases as known
    set rights = coalesce(incoming.rights, known.rights), agreement = coalesce(incoming.agreement, known.agreement),
        series = coalesce(incoming.series, known.series),
        sequence_number = case when incoming.detached then null else coalesce(incoming.sequence_number, known.sequence_number) end,
        signed_at = case when incoming.detached then null else coalesce(incoming.signed_at, known.signed_at) end,
        changed_at = incoming.changed_at
    from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (unit_id uuid, rights text, agreement text, series text, sequence_number bigint, signed_at timestamptz,
                 changed_at timestamptz, detached boolean)
    where known.unit_id = incoming.unit_id and known.district = :district
""")
# A person may decide that another event stands under a number (decision 19).
_STEPS = text("""
    insert into case_steps (district, unit_id, epoch, number, event_id, fact, at, series, sequence_number)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (unit_id uuid, epoch int, number bigint, event_id uuid, fact text, at timestamptz, series text,
                 sequence_number bigint)
    on conflict (unit_id, epoch, number) do update
    set event_id = excluded.event_id, fact = excluded.fact, at = excluded.at, series = excluded.series,
        sequence_number = excluded.sequence_number
""")
_SIGNINGS = text("""
    insert into signings (district, project_id, unit_id, agreement_id, fact, series, sequence_number, at)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (project_id uuid, unit_id uuid, agreement_id uuid, fact text, series text, sequence_number bigint,
                 at timestamptz)
    on conflict (agreement_id, change) do nothing
""")
# The event of a void agreement has no number: it is that of its signing, which came before on the same key.
_VOID = text("""
    insert into signings (district, project_id, unit_id, agreement_id, fact, series, sequence_number, at)
    select signed.district, signed.project_id, signed.unit_id, agreement_id, 'void', series, sequence_number, void_at
    from jsonb_to_recordset(cast(:rows as jsonb)) as incoming (agreement_id uuid, void_at timestamptz)
    join signings as signed using (agreement_id) where signed.fact = 'signed' and signed.district = :district
    on conflict (agreement_id, change) do nothing
""")

_Facets = dict[str, object]
FACETS_OF: Final[dict[type[Event], tuple[str, _Facets]]] = {
    CaseOpened: ("opened_at", {}),
    RightsReviewing: ("reviewing_at", {"rights": "reviewing"}),
    RightsConfirmed: ("confirmed_at", {"rights": "confirmed"}),
    RightsDisputed: ("disputed_at", {"rights": "disputed"}),
    AgreementDrafted: ("drafted_at", {"agreement": "drafted"}),
    AgreementRevised: ("revised_at", {"agreement": "drafted"}),
    AgreementReviewed: ("reviewed_at", {"agreement": "reviewed"}),
    AgreementReturned: ("returned_at", {"agreement": "returned"}),
    AgreementLocked: ("locked_at", {"agreement": "locked"}),
    AgreementUnlocked: ("unlocked_at", {"agreement": "drafted"}),
    AgreementPreRegistered: ("pre_registered_at", {"agreement": "pre_registered"}),
    AgreementSuperseded: ("superseded_at", {"agreement": "superseded"}),
    AgreementSigned: ("signed_at", {"agreement": "signed"}),
    AgreementEffective: ("effective_at", {"agreement": "effective"}),
    AgreementRescinded: ("rescinded_at", {"agreement": "rescinded", "detached": True}),
    AgreementVoid: ("void_at", {"agreement": "void", "detached": True}),
    AgreementPerformed: ("performed_at", {"agreement": "performed"}),
}


def when_case_changed_note_its_facets(tx: Transaction, batch: Batch[Event]) -> None:
    """For a batch of one of the event types above."""
    instant, facets = FACETS_OF[batch.kind]
    events = [event.model_dump() for event in batch.events]
    rows = {row["unit_id"]: {**_number(row), **facets, "changed_at": row[instant]} for row in events}
    ids = {row["unit_id"]: {"unit_id": row["unit_id"], "project_id": row["project_id"]} for row in events}
    changed = [{**ids[unit], **row} for unit, row in sorted(rows.items())]
    bulk.write(tx, _KEEP, changed)
    bulk.write(tx, _CHANGE, changed)


def when_case_changed_note_the_step(tx: Transaction, batch: Batch[Event]) -> None:
    """`number` is the event's place in its case. For a batch of one of the event types above."""
    instant, _ = FACETS_OF[batch.kind]
    rows = [
        {
            "unit_id": it.message.key,
            "epoch": it.message.epoch,
            "number": it.message.sequence,
            "event_id": it.message.event_id,
            "fact": instant.removesuffix("_at"),
            "at": getattr(it.event, instant),
            "series": getattr(it.event, "series", None),
            "sequence_number": getattr(it.event, "sequence_number", None),
        }
        for it in batch.received
    ]
    bulk.write(tx, _STEPS, rows)


def when_agreement_signed_list_the_signing(tx: Transaction, batch: Batch[AgreementSigned]) -> None:
    rows = [{**event.model_dump(), "fact": "signed", "at": event.signed_at} for event in batch.events]
    bulk.write(tx, _SIGNINGS, rows)


def when_agreement_rescinded_list_the_undoing(tx: Transaction, batch: Batch[AgreementRescinded]) -> None:
    rows = [{**event.model_dump(), "fact": "rescinded", "at": event.rescinded_at} for event in batch.events]
    bulk.write(tx, _SIGNINGS, rows)


def when_agreement_void_list_the_undoing(tx: Transaction, batch: Batch[AgreementVoid]) -> None:
    bulk.write(tx, _VOID, [event.model_dump() for event in batch.events])


def _number(row: dict[str, object]) -> _Facets:
    return {name: row[name] for name in ("series", "sequence_number", "signed_at") if name in row}
