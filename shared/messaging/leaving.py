"""Which way a service's events leave its database. An installation says it with EVENTS_LEAVE_BY; `migrate` makes the database follow.

    relay      unsent ─▶ relay.py ─▶ the bus
    debezium   unsent ─ trigger leave_by_log ─▶ outbox ─ write-ahead log, slot ─▶ Debezium ─▶ the bus     (decision 50)

Invariant: the way changes in one transaction, in which nobody writes an event and no relay sends. What the former way has not
acknowledged by then goes the new way, in order. So a change can repeat events, never lose or reorder them.
Left to others: the table and its trigger (schema.py), the connector and its role (deploy/debezium).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from shared.service import database, journal

Way = Literal["relay", "debezium"]
PUBLICATION: Final = "outbox"

# Behind a long transaction, as an import's, everybody else would have to wait too: better to fail and be run again.
_PATIENCE = text("set local lock_timeout = '5s'")
# Writers of events have written to `unsent`, which a change of its trigger waits for and keeps out; the relay is kept out by its own lock.
_NO_RELAY = text("select pg_advisory_xact_lock(hashtext('relay'))")
_BY_LOG = text("select tgenabled <> 'D' from pg_trigger where tgrelid = 'unsent'::regclass and tgname = 'leave_by_log'")
_SWITCH: dict[Way, str] = {
    "relay": "alter table unsent disable trigger leave_by_log",
    "debezium": "alter table unsent enable trigger leave_by_log",
}
_SLOT = text("select active, invalidation_reason is not null as lost from pg_replication_slots where slot_name = :slot")
_LEVEL = text("select current_setting('wal_level')")
_MAKE_SLOT = text("select pg_create_logical_replication_slot(:slot, 'pgoutput')")
_DROP_SLOT = text("select pg_drop_replication_slot(:slot)")
# Of each insert in the slot the first column, which is the event's id: a message `I`, the table's oid, `N`, the number of columns, then per
# column `t`, the length and the text (PostgreSQL, logical replication message formats).
_IN_SLOT = text("""
    select distinct cast(convert_from(substring(data from 14 for 36), 'UTF8') as uuid)
    from pg_logical_slot_peek_binary_changes(:slot, null, null, 'proto_version', '1', 'publication_names', :publication)
    where get_byte(data, 0) = ascii('I')
""")
_DISTRICTS = text(f"{journal.DISTRICTS} order by district")
_WAITING = text("delete from unsent returning id")
_NO_HELD = text("delete from held")
_OF_DISTRICT = text("select id from events where event_id = any(:ids) and district = :district")


class Refused(Exception):  # noqa: N818 - names the state found
    """The way is not changed, and nothing else. The message says what a person has to do first."""


def slot_of(service: str) -> str:
    return f"clearwater_{service}"


def follow(owner: Engine, log_role: Callable[[], Engine], service: str, way: Way) -> str:
    """Makes events leave by `way`, and says in one sentence what was done; empty where they did already. Raises Refused.

    `log_role` connects as Debezium's role. It is called only where a slot is looked for, made, read or dropped.
    """
    if way == "relay":
        with owner.connect() as connection:
            if not _by_log(connection):
                return ""
    change = _to_relay if way == "relay" else _to_debezium
    with _autocommit(log_role) as log:
        return change(owner, log, slot_of(service))


def _to_debezium(owner: Engine, log: Connection, slot: str) -> str:
    """First the slot, then the trigger: what passes through the outbox without a slot is sent by nobody."""
    if (level := log.execute(_LEVEL).scalar_one()) != "logical":
        raise Refused(f"PostgreSQL runs with wal_level={level}: Debezium needs logical")
    found = log.execute(_SLOT, {"slot": slot}).one_or_none()
    if found and found.lost:
        raise Refused(f"slot {slot} has lost a part of the log: drop it, migrate again, then republish")
    if not found:
        log.execute(_MAKE_SLOT, {"slot": slot})
    with owner.begin() as connection:
        connection.execute(_PATIENCE)
        connection.execute(_NO_RELAY)
        if _by_log(connection):
            return "" if found else f"slot {slot} was missing and is made anew: republish what was written without it"
        connection.execute(text(_SWITCH["debezium"]))
        for district in _districts(connection):
            database.see_all(connection, write_to=district)
            journal.send_again(connection, connection.execute(_WAITING).scalars().all())
            connection.execute(_NO_HELD)
    return f"events leave by Debezium, from slot {slot}"


def _to_relay(owner: Engine, log: Connection, slot: str) -> str:
    """What Debezium has not confirmed is still in its slot, and is sent by the relay."""
    found = log.execute(_SLOT, {"slot": slot}).one_or_none()
    if found and found.active:
        raise Refused(f"slot {slot} is in use: stop Debezium's connector first")
    with owner.begin() as connection:
        connection.execute(_PATIENCE)
        connection.execute(_NO_RELAY)
        connection.execute(text(_SWITCH["relay"]))
        ids: list[UUID] = []
        if found and not found.lost:
            ids = list(log.execute(_IN_SLOT, {"slot": slot, "publication": PUBLICATION}).scalars())
        for district in _districts(connection):
            database.see_all(connection, write_to=district)
            theirs = connection.execute(_OF_DISTRICT, {"ids": ids, "district": district})
            journal.send_again(connection, theirs.scalars().all())
    if not found or found.lost:
        return f"events leave by the relay; slot {slot} could not be read: republish what it had"
    log.execute(_DROP_SLOT, {"slot": slot})
    return f"events leave by the relay; {len(ids)} were taken back from slot {slot}"


@contextmanager
def _autocommit(role: Callable[[], Engine]) -> Iterator[Connection]:
    """A slot cannot be made in a transaction that writes, and what is done with one is not undone by a rollback."""
    engine = role()
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    finally:
        engine.dispose()


def _by_log(connection: Connection) -> bool:
    return bool(connection.execute(_BY_LOG).scalar_one())


def _districts(connection: Connection) -> list[str]:
    database.see_all(connection)
    return list(connection.execute(_DISTRICTS).scalars())
