"""The way of an event, as the database of one service knows it: what is unsent, unread and parked, and for how long.

Read by the service's API, so that it can be seen while the relay or the consumer is dead or paused. `engine` is the mechanism role's.
Left to others: the SQL of each fact (shared/messaging/freshness.py).
"""

import time
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine, text

from shared.messaging import freshness
from shared.telemetry.facts import Fact, Sample

UNSENT_AGE: Final = Fact(
    "clearwater_unsent_age_seconds",
    "Age of the oldest event that the broker has not acknowledged, without the keys that it refuses (`clearwater_relay_held_keys`).",
    ("district",),
)
CONSUMER_AGE: Final = Fact(
    "clearwater_consumer_age_seconds",
    "Time since the consumer had last read everything; it grows while the consumer is dead or paused.",
    ("consumer", "district"),
)
CONSUMER_UNREAD: Final = Fact(
    "clearwater_consumer_unread_events",
    "Events that the consumer had not read when it last looked. Not shown while a 0 is older than half a minute.",
    ("consumer", "district"),
)
PARKED_KEYS: Final = Fact("clearwater_parked_keys", "Keys that wait in parking.", ("consumer", "district"))
PARKED_AGE: Final = Fact(
    "clearwater_parked_age_seconds", "Age of the oldest event that waits in parking.", ("consumer", "district")
)
DATABASE_BYTES: Final = Fact("clearwater_database_bytes", "Size of the service's database.")
DATABASE_CONNECTIONS: Final = Fact("clearwater_database_connections", "Sessions with the service's database.")
SERVER_CONNECTIONS: Final = Fact("clearwater_server_connections", "Sessions with the whole server, whoever has them.")
DATABASE_LIMIT: Final = Fact("clearwater_database_limit_connections", "Sessions that the whole server allows.")
DATABASE_ENDED: Final = Fact(
    "clearwater_database_transactions_total",
    "Transactions of the service's database, by how they ended.",
    ("outcome",),
    "counter",
)
DATABASE_DEADLOCKS: Final = Fact(
    "clearwater_database_deadlocks_total", "Deadlocks that the database has resolved.", kind="counter"
)
DATABASE_LOCKED: Final = Fact(
    "clearwater_database_lock_wait_seconds",
    "For how long the session that has waited longest for a lock has waited, in the service's database; locks by which our own loops "
    "take turns do not count. 0 when none waits.",
)
DATABASE_CLOCK: Final = Fact(
    "clearwater_database_clock_offset_seconds", "By how much the database's clock is ahead of the service's."
)

_KNOWN_SECONDS: Final = 30.0

_DATABASE = text("""
    select pg_database_size(datid) as bytes, numbackends, xact_commit, xact_rollback, deadlocks,
           current_setting('max_connections')::int as most, (select sum(numbackends) from pg_stat_database)::int as everybodys,
           extract(epoch from clock_timestamp()) as now, (select coalesce(max(extract(epoch from clock_timestamp() - waitstart)), 0)
            from pg_locks join pg_stat_activity as waits using (pid)
            where not granted and locktype <> 'advisory' and waits.datid = pg_stat_database.datid) as waited
    from pg_stat_database where datname = current_database()
""")


def events(engine: Engine, consumer: str, *, emits: bool) -> Iterator[Sample]:
    with engine.connect() as connection:
        for age in freshness.unsent_ages(connection) if emits else ():
            yield UNSENT_AGE.of(age.seconds, age.district)
        for age in freshness.consumer_ages(connection, consumer):
            yield CONSUMER_AGE.of(age.seconds, consumer, age.district)
            if age.number or age.seconds < _KNOWN_SECONDS:  # a 0 that nobody proves any more is not shown
                yield CONSUMER_UNREAD.of(age.number, consumer, age.district)
        for age in freshness.parked_ages(connection):
            yield PARKED_KEYS.of(age.number, consumer, age.district)
            yield PARKED_AGE.of(age.seconds, consumer, age.district)


def database(engine: Engine) -> Iterator[Sample]:
    with engine.connect() as connection:
        before = time.time()
        row = connection.execute(_DATABASE).one()
        between = (before + time.time()) / 2
    yield DATABASE_CLOCK.of(float(row.now) - between)
    yield DATABASE_BYTES.of(row.bytes)
    yield DATABASE_CONNECTIONS.of(row.numbackends)
    yield SERVER_CONNECTIONS.of(row.everybodys)
    yield DATABASE_LIMIT.of(row.most)
    yield DATABASE_ENDED.of(row.xact_commit, "committed")
    yield DATABASE_ENDED.of(row.xact_rollback, "rolled-back")
    yield DATABASE_DEADLOCKS.of(row.deadlocks)
    yield DATABASE_LOCKED.of(row.waited)
