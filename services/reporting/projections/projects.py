"""Projects: the registry's data, their frozen rolls, and signing's decisions.

Three tables, because the three arrive in any order: `projects`, `rolls`, `calls`.
"""

from sqlalchemy import text

from services.reporting.projections import bulk
from shared.events import roll
from shared.events.registry import ProjectOpened, RollFrozen
from shared.events.signing import EffectDeclared, PeriodClosed, ThresholdReached
from shared.messaging.consumer import Rejected
from shared.messaging.reactions import Batch
from shared.service.database import Transaction

_OPENED = text("""
    insert into projects (district, project_id, name, bases, counting_rule, starts_at, ends_at, signing_plan)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (project_id uuid, name text, bases jsonb, counting_rule text, starts_at timestamptz, ends_at timestamptz,
            signing_plan jsonb)
    on conflict (project_id) do update
    set name = excluded.name, bases = excluded.bases, counting_rule = excluded.counting_rule, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, signing_plan = excluded.signing_plan
""")
# A roll that is frozen again must match again.
_FROZEN = text("""
    insert into rolls (district, project_id, units, households, right_holders, area, digest, frozen_at)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (project_id uuid, units bigint, households bigint, right_holders bigint, area bigint, digest text,
                 frozen_at timestamptz)
    on conflict (project_id) do update
    set units = excluded.units, households = excluded.households, right_holders = excluded.right_holders, area = excluded.area,
        matches = rolls.matches and rolls.digest = excluded.digest, digest = excluded.digest, frozen_at = excluded.frozen_at
""")
_REACHED = text("""
    insert into calls (district, project_id, reached_at, reached_bases)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (project_id uuid, reached_at timestamptz, reached_bases jsonb)
    on conflict (project_id) do update set reached_at = excluded.reached_at, reached_bases = excluded.reached_bases
""")
_DECLARED = text("""
    insert into calls (district, project_id, effective_at, document_number)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (project_id uuid, effective_at timestamptz, document_number text)
    on conflict (project_id) do update
    set effective_at = excluded.effective_at, document_number = excluded.document_number
""")
_CLOSED = text("""
    insert into calls (district, project_id, closed_at)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb)) as incoming (project_id uuid, closed_at timestamptz)
    on conflict (project_id) do update set closed_at = excluded.closed_at
""")


def when_project_opened_list_it(tx: Transaction, batch: Batch[ProjectOpened]) -> None:
    """Raises Rejected for an unknown counting rule."""
    for event in batch.events:
        if roll.counting_rule(event.counting_rule) is None:
            message = f"counting rule {event.counting_rule} of project {event.project_id} is not known here"
            raise Rejected(message)
    rows = [
        {
            "project_id": event.project_id,
            "name": event.name,
            "bases": [basis.model_dump() for basis in event.bases],
            "counting_rule": event.counting_rule,
            "starts_at": event.signing_period.starts_at,
            "ends_at": event.signing_period.ends_at,
            "signing_plan": [point.model_dump(mode="json") for point in event.signing_plan],
        }
        for event in bulk.latest(batch)
    ]
    bulk.write(tx, _OPENED, rows)


def when_roll_frozen_take_its_totals(tx: Transaction, batch: Batch[RollFrozen]) -> None:
    rows = [
        {
            "project_id": event.project_id,
            "units": event.totals.units,
            "households": event.totals.households,
            "right_holders": event.totals.right_holders,
            "area": event.totals.area_hundredths_m2,
            "digest": event.digest,
            "frozen_at": event.frozen_at,
        }
        for event in bulk.latest(batch)
    ]
    bulk.write(tx, _FROZEN, rows)


def when_threshold_reached_note_the_call(tx: Transaction, batch: Batch[ThresholdReached]) -> None:
    rows = [
        {
            "project_id": event.project_id,
            "reached_at": event.reached_at,
            "reached_bases": [basis.model_dump() for basis in event.bases],
        }
        for event in bulk.latest(batch)
    ]
    bulk.write(tx, _REACHED, rows)


def when_effect_declared_note_the_decision(tx: Transaction, batch: Batch[EffectDeclared]) -> None:
    wanted = {"project_id", "effective_at", "document_number"}
    rows = [event.model_dump(include=wanted) for event in bulk.latest(batch)]
    bulk.write(tx, _DECLARED, rows)


def when_period_closed_note_the_end(tx: Transaction, batch: Batch[PeriodClosed]) -> None:
    wanted = {"project_id", "closed_at"}
    bulk.write(tx, _CLOSED, [event.model_dump(include=wanted) for event in bulk.latest(batch)])
