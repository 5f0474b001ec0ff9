"""The condition of each endpoint: new (no handshake yet), open, resting or gone; and up to which log number its deliveries are planned.

Invariant: a condition belongs to one address, which is stored with it. Nothing is sent to any other address: when the registry names a new
one, a handshake comes first.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from services.reporting.domain.delivering import Allowance, Condition
from shared.service import database
from shared.service.database import Transaction

# All rounds of one district, also those of another process, follow one another.
_ALONE = text("select pg_advisory_xact_lock(hashtext('webhooks'), hashtext(:district))")
_KNOWN = text("select distinct district from endpoints order by district")
# "now" is the moment of the registration, however late it is read here.
_ADMIT = text("""
    insert into endpoint_states (endpoint_id, district, url, since, epoch, scanned, planned, refilled_at)
    select endpoint_id, district, url, :now, coalesce(epoch, 1), passed.number, passed.number, :now
    from endpoints left join exchange_numbers using (district)
    cross join lateral (
        select coalesce(case when start = 'now' then (
            select number from exchange_log as log
            where log.district = endpoints.district and log.epoch = exchange_numbers.epoch and appended_at < registered_at
            order by number desc limit 1) end, 0) as number) as passed
    where district = :district and not exists (select from endpoint_states as known where known.endpoint_id = endpoints.endpoint_id)
""")
# Another address has to allow it itself.
_MOVED = text("""
    update endpoint_states as known set url = endpoints.url, status = 'new', code = null, since = :now, failures = 0, paused_until = null
    from endpoints where endpoints.endpoint_id = known.endpoint_id and known.district = :district and known.url <> endpoints.url
""")
# A log that began anew: what was planned by its former numbers is void, and an engineer has to say that it begins again.
_ANEW = text("""
    update endpoint_states as known set status = 'resting', code = 'log-began-anew', since = :now
    from exchange_numbers as log where log.district = known.district and known.district = :district
      and known.epoch <> log.epoch and known.status in ('new', 'open')
""")
_PICK = text("""
    select endpoint_id, endpoints.agency, known.url, ordering, status, failures, allowed_rate, tokens, refilled_at,
        (select count(*) from deliveries as under_way
         where under_way.endpoint_id = known.endpoint_id and claimed_until > :now) as under_way
    from endpoint_states as known join endpoints using (endpoint_id, district)
    where known.district = :district and active and status in ('new', 'open') and agency = any(:agencies)
      and (failures > 0 or status = 'new') = :doubtful and endpoint_id <> all(:busy) and (paused_until is null or paused_until <= :now)
      and (status = 'new' or exists (select from deliveries as due where due.endpoint_id = known.endpoint_id and due.state = 'waiting'
                  and (next_try_at is null or next_try_at <= :now) and (claimed_until is null or claimed_until <= :now)))
    order by served_at nulls first, endpoint_id limit :most
""")
_SERVED = text("""
    update endpoint_states as known set served_at = :now, tokens = served.tokens, refilled_at = served.refilled_at
    from jsonb_to_recordset(cast(:rows as jsonb)) as served (endpoint_id uuid, tokens float, refilled_at timestamptz)
    where known.endpoint_id = served.endpoint_id
""")
_LOAD = text("""
    select status, since, code, failures, paused_until, succeeded_at from endpoint_states
    where endpoint_id = :endpoint_id and district = :district for update
""")
_IS_AT = text("select url = :url from endpoint_states where endpoint_id = :endpoint_id and district = :district")
_SAVE = text("""
    update endpoint_states set status = :status, since = :since, code = :code, failures = :failures, paused_until = :paused_until,
        succeeded_at = :succeeded_at
    where endpoint_id = :endpoint_id
""")
_ALLOW = text("""
    update endpoint_states set allowed_rate = :rate, tokens = 1, refilled_at = :now where endpoint_id = :endpoint_id
""")
# A new epoch is read from its beginning.
_SWITCH_ON = text("""
    update endpoint_states as known
    set status = 'new', code = null, since = :now, failures = 0, paused_until = null, epoch = log.epoch,
        scanned = case when known.epoch = log.epoch then scanned else 0 end,
        planned = case when known.epoch = log.epoch then planned else 0 end
    from exchange_numbers as log
    where known.endpoint_id = :endpoint_id and known.district = :district and log.district = known.district
""")


@dataclass(frozen=True)
class Picked:
    """An endpoint with something due. `under_way`: how many deliveries are being sent to it."""

    endpoint_id: UUID
    agency: str
    url: str
    ordering: str
    condition: Condition
    allowance: Allowance
    under_way: int


def known_districts(engine: Engine) -> Sequence[str]:
    return [row.district for row in database.look(engine, _KNOWN, {}, granted=[database.EVERY])]


def begin_round(tx: Transaction, *, now: datetime) -> None:
    """Call it first: it waits for the round of another process."""
    tx.connection.execute(_ALONE, {"district": tx.district})
    for statement in (_ADMIT, _MOVED, _ANEW):
        tx.connection.execute(statement, {"district": tx.district, "now": now})


def pick(  # noqa: PLR0913 - which endpoints
    tx: Transaction, *, agencies: Iterable[str], busy: Iterable[UUID], doubtful: bool, most: int, now: datetime
) -> list[Picked]:
    """The endpoints that wait for a handshake or have something due, the one served longest ago first. `busy`: not these.

    `doubtful`: those without a handshake yet, or whose last try failed; else the others.
    """
    values = {"district": tx.district, "agencies": list(agencies), "busy": list(busy), "most": most, "now": now}
    return [_picked(row, now) for row in tx.connection.execute(_PICK, {**values, "doubtful": doubtful})]


def _picked(row: Any, now: datetime) -> Picked:  # noqa: ANN401 - a row
    return Picked(
        row.endpoint_id,
        row.agency,
        row.url,
        row.ordering,
        Condition(row.status, since=now, failures=row.failures),
        Allowance(row.allowed_rate, row.tokens, row.refilled_at).at(now),
        row.under_way,
    )


def served(tx: Transaction, allowances: Iterable[tuple[UUID, Allowance]], *, now: datetime) -> None:
    rows = [
        {"endpoint_id": str(endpoint_id), "tokens": left.tokens, "refilled_at": left.refilled_at.isoformat()}
        for endpoint_id, left in allowances
    ]
    if rows:
        tx.connection.execute(_SERVED, {"rows": json.dumps(rows), "now": now})


def load(tx: Transaction, endpoint_id: UUID) -> Condition | None:
    """Locked until the commit; None for one that is not known here."""
    place = {"endpoint_id": endpoint_id, "district": tx.district}
    row = tx.connection.execute(_LOAD, place).one_or_none()
    return None if row is None else Condition(**row._asdict())


def is_at(tx: Transaction, endpoint_id: UUID, url: str) -> bool:
    """Whether this is still the address that its condition is about. Load it before: then it stays so until the commit."""
    return bool(
        tx.connection.execute(_IS_AT, {"endpoint_id": endpoint_id, "district": tx.district, "url": url}).scalar()
    )


def save(tx: Transaction, endpoint_id: UUID, condition: Condition) -> None:
    tx.connection.execute(_SAVE, {"endpoint_id": endpoint_id, **vars(condition)})


def allow(tx: Transaction, endpoint_id: UUID, rate: int | None, *, now: datetime) -> None:
    tx.connection.execute(_ALLOW, {"endpoint_id": endpoint_id, "rate": rate, "now": now})


def switch_on(tx: Transaction, endpoint_id: UUID, *, now: datetime) -> bool:
    """False for one that the deliverer has not seen yet: it is new anyway."""
    values = {"endpoint_id": endpoint_id, "district": tx.district, "now": now}
    return bool(tx.connection.execute(_SWITCH_ON, values).rowcount)
