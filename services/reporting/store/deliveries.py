"""Deliveries: one event for one endpoint. Planned from the exchange log, claimed by one worker, settled by its answer.

Invariant: a delivery is claimed only when nothing before it is unsettled in what its endpoint keeps in order: its case (the key of the
event), the whole endpoint, or nothing. A claim is a lease; who comes back after its end changes nothing. At each claim the type must be
granted now.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.reporting.domain.delivering import Delivery
from services.reporting.domain.webhook_body import Place
from shared.messaging.ports import Message
from shared.service.database import Transaction

Rights = Mapping[str, frozenset[str]]

_WINDOW = 200  # deliveries planned ahead of an endpoint, beside those that wait behind a failing one
_SCANNED = 2_000  # numbers of the log that one round looks at for an endpoint

# Of those not tried yet, only what could be sent now fills the window: what a failing delivery holds back keeps nobody else waiting.
_PLAN = text("""
    with granted as (select * from jsonb_to_recordset(cast(:rights as jsonb)) as granted (agency text, types text[])),
    behind as (
        select known.endpoint_id, known.scanned, known.planned, known.epoch, granted.types, endpoints.event_types,
               least(log.last_number, known.scanned + :most) as until
        from endpoint_states as known
        join endpoints using (endpoint_id, district) join granted using (agency)
        join exchange_numbers as log on log.district = known.district and log.epoch = known.epoch and log.whole
        where known.district = :district and active and status = 'open' and known.scanned < log.last_number
          and (select count(*) from (
                select from deliveries as ahead where ahead.endpoint_id = known.endpoint_id and state = 'waiting' and tries = 0
                  and (ordering <> 'case' or not exists (
                    select from deliveries as failing where failing.endpoint_id = ahead.endpoint_id and failing.key = ahead.key
                      and failing.state in ('waiting', 'resting') and failing.tries > 0 and failing.number < ahead.number))
                limit :window) as counted) < :window),
    added as (
        insert into deliveries (endpoint_id, event_id, district, epoch, number, after, key, type, planned_at)
        select endpoint_id, event_id, :district, log.epoch, log.number,
               lag(log.number, 1, behind.planned) over (partition by endpoint_id order by log.number), log.key, log.type, :now
        from behind join exchange_log as log on log.district = :district and log.epoch = behind.epoch
          and log.number > behind.scanned and log.number <= behind.until
          and log.type = any(behind.types) and (behind.event_types = '{}' or log.type = any(behind.event_types))
        on conflict (endpoint_id, event_id) do update
        set state = 'waiting', failures = 0, first_failed_at = null, next_try_at = null, tried_at = null, code = null,
            settled_at = null, epoch = excluded.epoch, number = excluded.number, after = excluded.after, planned_at = excluded.planned_at
        where deliveries.epoch < excluded.epoch
        returning endpoint_id, number)
    update endpoint_states as known
    set scanned = behind.until,
        planned = coalesce((select max(number) from added where added.endpoint_id = known.endpoint_id), known.planned)
    from behind where behind.endpoint_id = known.endpoint_id
""")
# Still planned, and no longer granted or wanted: it holds nobody back. Not while an agency has no grant at all: then all of it waits.
_WITHHOLD = text("""
    with granted as (select * from jsonb_to_recordset(cast(:rights as jsonb)) as granted (agency text, types text[]))
    update deliveries as planned set settled_at = :now, next_try_at = null, state = 'withheld',
        code = case when type = any(granted.types) then 'type-not-wanted' else 'grant-missing' end
    from endpoints join granted using (agency)
    where endpoints.endpoint_id = planned.endpoint_id and planned.district = :district and number > 0
      and state in ('waiting', 'resting') and not (type = any(granted.types) and (event_types = '{}' or type = any(event_types)))
""")
_WANTED = text("""
    select md5(string_agg(endpoint_id || ' ' || array_to_string(event_types, ' '), ',' order by endpoint_id)) from endpoints
    where district = :district and event_types <> '{}'
""")
# What was never tried comes first, so that an event which is always refused is not every try of its endpoint. What is due is asked once
# more of the row itself: a late answer may be settled while the claim waits for it.
_CLAIM = text("""
    with wanted as (
        select * from jsonb_to_recordset(cast(:rows as jsonb)) as wanted (endpoint_id uuid, ordering text, slots int, types text[])),
    chosen as (
        select due.endpoint_id, due.event_id, due.epoch from wanted cross join lateral (
            select candidate.endpoint_id, candidate.event_id, candidate.epoch from deliveries as candidate
            where candidate.endpoint_id = wanted.endpoint_id and candidate.state = 'waiting'
              and (next_try_at is null or next_try_at <= :now) and (claimed_until is null or claimed_until <= :now)
              and (candidate.number = 0 or candidate.type = any(wanted.types))
              and (ordering = 'none' or not exists (
                select from deliveries as earlier
                where earlier.endpoint_id = candidate.endpoint_id and earlier.state in ('waiting', 'resting')
                  and earlier.number > 0 and earlier.number < candidate.number and (ordering = 'endpoint' or earlier.key = candidate.key)))
            order by tried_at nulls first, number limit slots) as due)
    update deliveries as claimed set tries = tries + 1, tried_at = :now, claimed_until = :lease_ends_at
    from chosen join endpoints using (endpoint_id) join endpoint_states as known using (endpoint_id)
    left join exchange_log as log
      on log.district = :district and log.epoch = chosen.epoch and log.event_id = chosen.event_id
    where claimed.endpoint_id = chosen.endpoint_id and claimed.event_id = chosen.event_id and claimed.state = 'waiting'
      and (claimed.next_try_at is null or claimed.next_try_at <= :now) and (claimed_until is null or claimed_until <= :now)
    returning claimed.endpoint_id, claimed.event_id, claimed.number, claimed.after, claimed.epoch, tries, agency, known.url, ordering,
              secrets, planned_at, log.appended_at, log.feed_number, log.topic, log.key, log.sequence, log.type, log.payload, log.headers
""")
_LOAD = text("""
    select state, failures, first_failed_at, next_try_at, code from deliveries
    where endpoint_id = :endpoint_id and event_id = :event_id and tries = :tries and state = 'waiting' for update
""")
_SAVE = text("""
    with logged as (
        insert into delivery_attempts (endpoint_id, event_id, try, district, began_at, milliseconds, status, code)
        values (:endpoint_id, :event_id, :tries, :district, :began_at, :milliseconds, :status, :code)
        on conflict (endpoint_id, event_id, try) do update
        set began_at = excluded.began_at, milliseconds = excluded.milliseconds, status = excluded.status, code = excluded.code)
    update deliveries set state = :state, failures = :failures, first_failed_at = :first_failed_at, next_try_at = :next_try_at,
        code = :code, claimed_until = null, settled_at = case when cast(:state as text) = 'delivered' then cast(:at as timestamptz) end
    where endpoint_id = :endpoint_id and event_id = :event_id
""")
# What waits under the numbers of a former epoch has no order with what the new one gives; it is planned anew from there.
_VOID = text("""
    update deliveries as former set state = 'withheld', code = 'log-began-anew', settled_at = :now, next_try_at = null
    from endpoint_states as known where known.endpoint_id = :endpoint_id and former.endpoint_id = known.endpoint_id
      and former.district = :district and number > 0 and former.epoch < known.epoch and state in ('waiting', 'resting')
""")
_AFRESH = text("""
    update deliveries set state = 'waiting', failures = 0, first_failed_at = null, next_try_at = null, tried_at = null
    where endpoint_id = :endpoint_id and district = :district and state in ('waiting', 'resting')
""")
_ADD_TEST = text("""
    insert into deliveries (endpoint_id, event_id, district, epoch, number, after, key, type, planned_at)
    values (:endpoint_id, :event_id, :district, 0, 0, 0, cast(:event_id as text), :type, :now)
""")
_TESTS_ALONE = text("select pg_advisory_xact_lock(hashtext('webhook tests'), hashtext(:endpoint_id))")
_TESTS = text("""
    select count(*) from deliveries where endpoint_id = :endpoint_id and district = :district and number = 0 and planned_at > :since
""")
_OLD = "clock_timestamp() - interval '30 days'"
# For the kit's retention: what was sent stays listed for 30 days, and a test, and what is left of a removed endpoint.
TRIMMED = text(f"""
    delete from deliveries where (endpoint_id, event_id) in (
        select endpoint_id, event_id from deliveries
        where settled_at < {_OLD}
           or (planned_at < {_OLD} and (number = 0 or endpoint_id not in (select endpoint_id from endpoints))) limit :batch)
""")  # noqa: S608 - a constant
TRIMMED_ATTEMPTS = text(f"""
    delete from delivery_attempts where (endpoint_id, event_id, try) in (
        select endpoint_id, event_id, try from delivery_attempts where began_at < {_OLD} limit :batch)
""")  # noqa: S608 - a constant


@dataclass(frozen=True)
class Claimed:
    """What is to be sent now, whose it is and where to, whatever becomes of the endpoint meanwhile.

    `message` None: a test event. `secrets`: as the registry's event has them.
    """

    endpoint_id: UUID
    event_id: UUID
    place: Place
    tries: int
    agency: str
    url: str
    queue: bool
    secrets: Sequence[Mapping[str, Any]]
    logged_at: datetime
    message: Message | None


@dataclass(frozen=True)
class Slots:
    endpoint_id: UUID
    agency: str
    ordering: str
    most: int


def plan(tx: Transaction, rights: Rights, *, now: datetime) -> None:
    """Turns what was appended to the log into deliveries, for every open endpoint."""
    values = {"district": tx.district, "rights": _rights(rights), "window": _WINDOW, "most": _SCANNED, "now": now}
    tx.connection.execute(_PLAN, values)


def withhold(tx: Transaction, rights: Rights, *, now: datetime) -> None:
    tx.connection.execute(_WITHHOLD, {"district": tx.district, "rights": _rights(rights), "now": now})


def wanted(tx: Transaction) -> str | None:
    """A digest of the choices of all endpoints: it changes when one of them changes."""
    found: str | None = tx.connection.execute(_WANTED, {"district": tx.district}).scalar()
    return found


def claim(
    tx: Transaction, wanted: Iterable[Slots], rights: Rights, *, now: datetime, lease_ends_at: datetime
) -> list[Claimed]:
    rows = [
        {
            "endpoint_id": str(slots.endpoint_id),
            "ordering": slots.ordering,
            "slots": slots.most,
            "types": sorted(rights[slots.agency]),
        }
        for slots in wanted
    ]
    values = {"district": tx.district, "rows": json.dumps(rows), "now": now, "lease_ends_at": lease_ends_at}
    return [_claimed(row) for row in tx.connection.execute(_CLAIM, values)] if rows else []


def _claimed(row: Any) -> Claimed:  # noqa: ANN401 - a row
    message = Message(row.event_id, row.topic, row.key, row.sequence, row.type, row.payload, row.headers)
    return Claimed(
        row.endpoint_id,
        row.event_id,
        Place(row.epoch, row.number, row.after, row.feed_number or 0),
        row.tries,
        row.agency,
        row.url,
        row.ordering == "endpoint",
        row.secrets,
        row.appended_at or row.planned_at,
        message if row.number else None,
    )


def load(tx: Transaction, claimed: Claimed) -> Delivery | None:
    """Locked. None when the claim has ended: somebody else has it, or it is settled."""
    values = {"endpoint_id": claimed.endpoint_id, "event_id": claimed.event_id, "tries": claimed.tries}
    row = tx.connection.execute(_LOAD, values).one_or_none()
    return None if row is None else Delivery(**row._asdict())


def save(  # noqa: PLR0913 - the attempt's own columns
    tx: Transaction,
    claimed: Claimed,
    delivery: Delivery,
    *,
    began_at: datetime,
    milliseconds: int,
    status: int | None,
    at: datetime,
) -> None:
    place = {"district": tx.district, "endpoint_id": claimed.endpoint_id, "event_id": claimed.event_id}
    attempt = {"tries": claimed.tries, "began_at": began_at, "milliseconds": milliseconds, "status": status, "at": at}
    tx.connection.execute(_SAVE, {**place, **attempt, **vars(delivery)})


def try_afresh(tx: Transaction, endpoint_id: UUID) -> int:
    """All that waits or rests is due now, and has three days again."""
    return tx.connection.execute(_AFRESH, {"endpoint_id": endpoint_id, "district": tx.district}).rowcount


def void_former(tx: Transaction, endpoint_id: UUID, *, now: datetime) -> None:
    """What was planned under a former epoch of the log, where the endpoint has taken up the new one."""
    tx.connection.execute(_VOID, {"endpoint_id": endpoint_id, "district": tx.district, "now": now})


def add_test(tx: Transaction, endpoint_id: UUID, event_id: UUID, *, event_type: str, now: datetime) -> None:
    values = {"endpoint_id": endpoint_id, "event_id": event_id, "type": event_type}
    tx.connection.execute(_ADD_TEST, {**values, "district": tx.district, "now": now})


def tests_since(tx: Transaction, endpoint_id: UUID, since: datetime) -> int:
    """Alone until the commit, so that tests which are asked for at once are all counted."""
    values = {"endpoint_id": endpoint_id, "district": tx.district, "since": since}
    tx.connection.execute(_TESTS_ALONE, {"endpoint_id": str(endpoint_id)})
    return int(tx.connection.execute(_TESTS, values).scalar_one())


def _rights(rights: Rights) -> str:
    return json.dumps([{"agency": agency, "types": sorted(types)} for agency, types in rights.items()])
