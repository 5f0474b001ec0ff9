"""A service of the tests' own, made of the kit alone: its tables, an event of its own and a reaction that adds up.

`totals` is what a read model would be; `effects` has one row per effect, so that a doubled one cannot hide.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, text

from services.reporting.store import feed
from shared.events.contract import Event, declare
from shared.messaging import schema
from shared.messaging.consumer import Rejected
from shared.messaging.ports import Message
from shared.messaging.reactions import Batch, on, table
from shared.service import database, row_security
from shared.service.database import Transaction

SERVICE = "kit"
KIND = "signing-case"


@declare("clearwater.signing.test.happened.v1", topic=KIND)
class Happened(Event):
    unit_id: UUID
    amount: int = 1
    poison: bool = False
    filling: str = ""


@declare("clearwater.signing.test.passed.v1", topic=KIND)
class Passed(Event):
    """Nobody reacts to it."""

    unit_id: UUID


def tables() -> list[str]:
    return [
        *row_security.schema(SERVICE),
        *schema.journal(SERVICE),
        *schema.inbox(SERVICE),
        *schema.decisions(SERVICE),
        *feed.schema(SERVICE),
        *read_model(),
    ]


def read_model() -> list[str]:
    return [
        "create table totals (key text, total bigint not null, district text, primary key (district, key))",
        *row_security.protect("totals", service=SERVICE),
        """create table effects (
            event_id uuid, key text, sequence bigint, district text not null, at bigint generated always as identity)""",
        *row_security.protect("effects", service=SERVICE),
    ]


def create(owner: Engine, statements: Sequence[str]) -> None:
    with owner.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def happen(engine: Engine, district: str, units: Sequence[UUID], **content: object) -> None:
    """Writes one event of each unit, in one transaction."""
    with database.begin(engine, district=district) as tx:
        tx.record(*(Happened(unit_id=unit, **content) for unit in units))


_EFFECTS = text("""
    insert into effects (event_id, key, sequence, district)
    select *, :district from unnest(cast(:ids as uuid[]), cast(:keys as text[]), cast(:sequences as bigint[]))
""")
_ADD = text("""
    insert into totals (key, total, district)
    select key, sum(amount), :district from unnest(cast(:keys as text[]), cast(:amounts as int[])) as incoming (key, amount)
    group by key order by key
    on conflict (district, key) do update set total = totals.total + excluded.total
""")


def add_up(tx: Transaction, batch: Batch[Happened]) -> None:
    messages = [it.message for it in batch.received]
    if any(event.poison for event in batch.events):
        raise Rejected("poison")
    columns = {"district": tx.district, "keys": [message.key for message in messages]}
    sequences = [message.sequence for message in messages]
    tx.connection.execute(
        _EFFECTS, {**columns, "ids": [message.event_id for message in messages], "sequences": sequences}
    )
    tx.connection.execute(_ADD, {**columns, "amounts": [event.amount for event in batch.events]})


REACTIONS = table(on(Happened, add_up))


def message(
    key: str, sequence: int, *, topic: str, epoch: int = 1, event: Event | None = None, **happened: object
) -> Message:
    """A message as a relay would send it."""
    event = event or Happened(unit_id=UUID(key), **happened)
    headers = {"time": datetime.now(UTC).isoformat(), "epoch": str(epoch)}
    return Message(uuid4(), topic, key, sequence, event.declared.type, event.model_dump_json().encode(), headers)


def effects(connection: Connection) -> dict[str, list[int]]:
    """By key, the sequences in the order in which they took effect."""
    found: dict[str, list[int]] = {}
    for key, sequence in connection.execute(text("select key, sequence from effects order by at")):
        found.setdefault(key, []).append(sequence)
    return found
