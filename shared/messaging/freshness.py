"""How old what waits is, per district: unsent events, a consumer's backlog, parked keys. Facts for the strip of the city and for gauges.

Invariant: each function gives a row for every district that it knows, 0 where nothing waits; the connection's role decides which districts
it sees. A consumer's age is the time since it last had read everything, so it also grows while the consumer is down.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine, TextClause, text

from shared.messaging import inbox
from shared.service import database, journal

# A key that the broker refuses waits by itself, and has an alert of its own: it counts and does not make the others look late. `offset 0`:
# its events are found by the key, however many there are in the journal.
_UNSENT = text(f"""
    with refused as materialized (select id from held, lateral (
        select id from events where events.topic = held.topic and events.key = held.key offset 0) as of_key)
    select district, count(unsent.id),
           coalesce(extract(epoch from clock_timestamp() - min(unsent.written_at) filter (where refused.id is null)), 0)::float
    from ({journal.DISTRICTS}) as known left join unsent using (district) left join refused using (id)
    group by district order by district
""")  # noqa: S608 - a constant
_CONSUMER = text("""
    select district, events, extract(epoch from clock_timestamp() - caught_up_at)::float from lags
    where consumer = :consumer order by district
""")
_PARKED = text("""
    select district, count(distinct (parked.consumer, topic, key)) filter (where topic is not null),
           coalesce(extract(epoch from clock_timestamp() - min(parked_at)), 0)::float
    from (select distinct district from lags) as known left join (select * from parked where released_at is null) as parked using (district)
    group by district order by district
""")
_NOTE = """
    insert into lags (consumer, district, events) values (%s, %s, %s)
    on conflict (consumer, district) do update set events = excluded.events, caught_up_at = case excluded.events
        when 0 then greatest(lags.caught_up_at, clock_timestamp() - make_interval(secs => %s)) else lags.caught_up_at end
"""


class Age(NamedTuple):
    """`number`: how many wait. `seconds`: how long the oldest of them has waited."""

    district: str
    number: int
    seconds: float


def unsent_ages(connection: Connection) -> Sequence[Age]:
    """Events of the journal that the broker has not acknowledged. Only where there is a journal. The age is without refused keys."""
    return _ages(connection, _UNSENT)


def consumer_ages(connection: Connection, consumer: str) -> Sequence[Age]:
    """Events that the consumer has not read, as it last counted them."""
    return _ages(connection, _CONSUMER, consumer=consumer)


def parked_ages(connection: Connection) -> Sequence[Age]:
    """Keys that wait in parking."""
    return _ages(connection, _PARKED)


def note_lags(engine: Engine, consumer: str, unread: Mapping[str, int], *, known_seconds: float | None = 0.0) -> None:
    """The consumer's own note, every few seconds: how many events it has not read, by district. One transaction and one round trip,
    as a city has a hundred districts. `known_seconds`: how old the broker's answer is that proves it; with None
    nothing counts as caught up.
    """
    if not unread:
        return
    with database.begin(engine, district=min(unread)) as tx:
        inbox.share(tx)
        with database.pipelined(tx.connection) as driver:
            for district, events in sorted(unread.items()):
                database.bind(driver, district, [district])
                driver.execute(_NOTE, (consumer, district, events, known_seconds))


def _ages(connection: Connection, statement: TextClause, **values: str) -> Sequence[Age]:
    return [Age(*row) for row in connection.execute(statement, values)]
