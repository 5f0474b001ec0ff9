"""A replay: deliveries that an agency's engineer has planned again. What would be sent is known before, by the same choice of events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.service.database import Transaction

MOST_AT_ONCE: Final = 10_000  # events of one replay

# Never beyond what is planned: those numbers come by themselves.
_REPLAYED = """
    from endpoint_states as known join endpoints using (endpoint_id, district)
    join exchange_log as log on log.district = known.district and log.epoch = known.epoch and log.number <= known.scanned
    where known.endpoint_id = :endpoint_id and known.district = :district and log.type = any(:types)
      and (event_types = '{}' or log.type = any(event_types))
      and (log.event_id = any(cast(:event_ids as uuid[])) or log.appended_at >= :since and log.appended_at < :until)
    order by log.number limit :most
"""
_REPLAY = text(f"""
    insert into deliveries (endpoint_id, event_id, district, epoch, number, after, key, type, planned_at)
    select known.endpoint_id, log.event_id, log.district, log.epoch, log.number, log.number - 1, log.key, log.type, :now
    {_REPLAYED}
    on conflict (endpoint_id, event_id) do update
    set state = 'waiting', failures = 0, first_failed_at = null, next_try_at = null, tried_at = null, code = null, settled_at = null,
        planned_at = excluded.planned_at, epoch = excluded.epoch, number = excluded.number,
        after = case when deliveries.epoch = excluded.epoch then deliveries.after else excluded.after end
""")  # noqa: S608 - a constant
_REPLAYABLE = text(f"""
    select count(*) as events, min(number) as first_number, max(number) as last_number, count(*) filter (where delivered) as delivered
    from (select log.number, exists (
            select from deliveries as sent where sent.endpoint_id = known.endpoint_id and sent.event_id = log.event_id
              and sent.state = 'delivered') as delivered
          {_REPLAYED}) as found
""")  # noqa: S608 - a constant


@dataclass(frozen=True)
class Replay:
    """These events, and those that were logged in the period: from its first instant, before its second; of the types granted now."""

    endpoint_id: UUID
    event_ids: Sequence[UUID]
    period: tuple[datetime, datetime] | None
    types: frozenset[str]


class Replayable(NamedTuple):
    """`delivered`: how many of them the endpoint has accepted before."""

    events: int
    first_number: int | None
    last_number: int | None
    delivered: int


def replay(tx: Transaction, wanted: Replay, *, now: datetime) -> int:
    """Plans these events again, also those that were granted only later. Returns how many: MOST_AT_ONCE at most."""
    return tx.connection.execute(_REPLAY, {**_chosen(tx.district, wanted), "now": now}).rowcount


def replayable(tx: Transaction, district: str, wanted: Replay) -> Replayable:
    """What `replay` would send again."""
    return Replayable(*tx.connection.execute(_REPLAYABLE, _chosen(district, wanted)).one())


def _chosen(district: str, wanted: Replay) -> dict[str, Any]:
    since, until = wanted.period or (None, None)
    chosen = {"event_ids": list(wanted.event_ids), "since": since, "until": until, "types": sorted(wanted.types)}
    return {"endpoint_id": wanted.endpoint_id, "district": district, "most": MOST_AT_ONCE, **chosen}
