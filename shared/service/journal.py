"""The journal: every event that a service has written, in the transaction that made it true, and which of them are unsent.

Invariant: an event is in the journal if and only if its cause is committed. Each key counts its own events 1, 2, 3 … without
a gap, in commit order. `events` is only ever added to; `unsent` holds one narrow row per event until the broker has it.
Left to others: when it is written, which is the transaction's last act (database.py); sending (messaging/relay.py).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

from shared.events import codec, topics
from shared.events.contract import Event
from shared.telemetry import tracing

MAX_PAYLOAD: Final = 262_144  # a quarter of the broker's own limit, so that every written event can be sent

# The keys' rows stay locked until the commit, so that within a key the order of ids is the order of commits. They are
# locked in one order by everyone and in one statement, or two transactions with the same keys would deadlock.
WRITE = text("""
    with new_events as (
        select * from unnest(cast(:ids as uuid[]), cast(:kinds as text[]), cast(:topics as text[]), cast(:keys as text[]),
                             cast(:types as text[]), cast(:headers as jsonb[]), cast(:payloads as bytea[]))
            with ordinality as new_events (event_id, kind, topic, key, type, headers, payload, place)),
    counted as (
        insert into event_keys (topic, key, last_sequence, district)
        select topic, key, count(*), :district from new_events group by topic, key order by topic, key
        on conflict (topic, key) do update set last_sequence = event_keys.last_sequence + excluded.last_sequence
        returning topic, key, last_sequence),
    began as (select jsonb_build_object('epoch', cast(max(epoch) as text)) as epoch from epochs),
    written as (
        insert into events (event_id, aggregatetype, aggregateid, topic, key, sequence, type, headers, payload, district)
        select event_id, kind, key, topic, key,
               last_sequence + 1 - row_number() over (partition by topic, key order by place desc),
               type, headers || began.epoch, payload, :district
        from new_events join counted using (topic, key) cross join began order by place
        returning id, district, written_at)
    insert into unsent (id, district, written_at) select id, district, written_at from written
""")
# Counted before they are inserted: where events leave by the log, none of these rows stays in `unsent` (leaving.py).
_SEND_AGAIN = text("""
    with due as (select id, district from events where id = any(:ids) and not exists (select from unsent where unsent.id = events.id)),
    again as (insert into unsent (id, district, written_at)
              select id, district, clock_timestamp() from due order by id on conflict do nothing)
    select count(*) from due
""")
# The districts that have events, by one look at each topic: topics are counted by the hundred, keys by the hundred thousand.
DISTRICTS = """
    with recursive known (topic, district) as (
        (select topic, district from event_keys order by topic limit 1) union all
        select later.* from known, lateral (
            select topic, district from event_keys where event_keys.topic > known.topic order by topic limit 1) as later)
    select distinct district from known"""
# No database that is restored knows the epochs that it gave after the backup. So a new one is at least the minutes since 1970.
NEXT_EPOCH = "greatest(max(epoch) + 1, (extract(epoch from clock_timestamp()) / 60)::int)"
_NEW_EPOCH = text(f"insert into epochs (epoch, reason) select {NEXT_EPOCH}, :reason from epochs returning epoch")  # noqa: S608 - a constant


class TooLarge(Exception):  # noqa: N818 - names the state found
    """An event that the broker would refuse: its command fails instead."""


class Recorded(NamedTuple):
    """An event as it will be written: with what led to it, and the instant at which it was recorded."""

    event: Event
    headers: dict[str, str]
    payload: bytes | None


def recorded(event: Event) -> Recorded:
    """An event declared as a tombstone has the payload null. Raises TooLarge."""
    payload = codec.encode(event)
    if payload is not None and len(payload) > MAX_PAYLOAD:
        raise TooLarge(f"{event.declared.type} of {event.key}: {len(payload)} bytes")
    return Recorded(event, {**tracing.headers(), "time": datetime.now(UTC).isoformat()}, payload)


def row(district: str, records: Sequence[Recorded]) -> dict[str, object]:
    """For WRITE, which the transaction alone sends, as its last act, because the keys' rows stay locked until the commit.

    The rows are locked sorted by key; the ids keep the order of recording, in which a cause comes before its consequences.
    """
    return {
        "district": district,
        "ids": [uuid7() for _ in records],
        "kinds": [record.event.declared.topic for record in records],
        "topics": [topics.name(district, record.event.declared.topic) for record in records],
        "keys": [record.event.key for record in records],
        "types": [record.event.declared.type for record in records],
        "headers": [Jsonb(record.headers) for record in records],
        "payloads": [record.payload for record in records],
    }


def send_again(connection: Connection, ids: Sequence[int]) -> int:
    """Sends events once more, in the order of their ids: for the mechanism role, or the owner in one district. Returns how many were
    not waiting already.
    """
    return int(connection.execute(_SEND_AGAIN, {"ids": list(ids)}).scalar_one())


def new_epoch(connection: Connection, *, reason: str) -> int:
    """Begins a new epoch after a restore from a backup, before anything is written: numbers may now come again with other events.

    For the mechanism role. Returns the new epoch. It never comes again, even if the database is restored to the same backup once more.
    """
    return int(connection.execute(_NEW_EPOCH, {"reason": reason}).scalar_one())
