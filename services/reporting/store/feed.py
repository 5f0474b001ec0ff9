"""The feed: what reporting has applied, numbered per district. The number is the screens' as-of, the stream's event id and every cursor.

Invariant: a district's numbers are 1, 2, 3 … without a gap and in commit order, because its counter row is taken last in the transaction
and held until the commit. A sequence or an identity column would let a slow transaction's lower number appear after a higher
one was read, and be skipped for ever. Entries are dropped in time (TRIMMED); a number is never used again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from shared.service import row_security
from shared.service.database import Transaction

_APPEND = text("""
    with counted as (
        insert into feed_numbers (district, last_number) values (:district, :count)
        on conflict (district) do update set last_number = feed_numbers.last_number + excluded.last_number
        returning last_number),
    appended as (
        insert into feed (district, number, kind, body)
        select :district, last_number - :count + place, kind, body from counted,
            unnest(cast(:kinds as text[]), cast(:bodies as jsonb[])) with ordinality as entry (kind, body, place))
    select last_number from counted
""")
_AFTER = text("""
    select number, kind, body, appended_at from feed where district = :district and number > :number order by number limit :limit
""")
_LATEST = text("select last_number from feed_numbers where district = :district")
_LATEST_OF = text("select district, last_number from feed_numbers where district = any(:districts)")
_OLDEST = text("select min(number) from feed where district = :district")
# For the kit's retention. The last entry always stays, so that a reader finds the number up to which the feed was kept.
TRIMMED = text("""
    delete from feed where (district, number) in (
        select district, number from feed join feed_numbers using (district)
        where appended_at < clock_timestamp() - interval '30 days' and number < last_number limit :batch)
""")


class Entry(NamedTuple):
    """`body` is what a screen needs, never a person."""

    kind: str
    body: dict[str, Any]


class Numbered(NamedTuple):
    number: int
    kind: str
    body: dict[str, Any]
    appended_at: datetime


def append(tx: Transaction, entries: Sequence[Entry]) -> int:
    """Returns the last entry's number, 0 when there is none. Call it last in the transaction: all appenders of a district queue here."""
    if not entries:
        return 0
    columns = {"kinds": [entry.kind for entry in entries], "bodies": [Jsonb(entry.body) for entry in entries]}
    return int(tx.connection.execute(_APPEND, {"district": tx.district, "count": len(entries), **columns}).scalar_one())


def after(connection: Connection, district: str, number: int, limit: int) -> Sequence[Numbered]:
    return [
        Numbered(*row) for row in connection.execute(_AFTER, {"district": district, "number": number, "limit": limit})
    ]


def latest(connection: Connection, district: str) -> int:
    """As-of: the number up to which the read model stands, in the transaction's snapshot. 0 = nothing yet."""
    return connection.execute(_LATEST, {"district": district}).scalar_one_or_none() or 0


def latest_of(connection: Connection, districts: Sequence[str]) -> dict[str, int]:
    """By district; a district without an entry is missing."""
    return {row.district: row.last_number for row in connection.execute(_LATEST_OF, {"districts": list(districts)})}


def complete_after(connection: Connection, district: str, number: int) -> bool:
    """False when an entry after `number` is no longer kept, or `number` was never given: the reader must start from a snapshot."""
    newest = latest(connection, district)
    oldest = connection.execute(_OLDEST, {"district": district}).scalar_one()
    return number == newest or (oldest is not None and oldest - 1 <= number < newest)


def schema(service: str) -> list[str]:
    """The declaration that the migrations are held to (tests/integration/migrations/test_kit_tables.py)."""
    return [
        """create table feed_numbers (district text primary key, last_number bigint not null) with (fillfactor = 50)""",
        *row_security.protect("feed_numbers", service=service, app="select, insert, update (last_number)"),
        """create table feed (
            district text, number bigint, kind text not null, body jsonb not null,
            appended_at timestamptz not null default clock_timestamp(), primary key (district, number))""",
        *row_security.protect("feed", service=service, app="select, insert", mechanism="select, delete"),
        *_GUARDS,
    ]


# Counter and entries are written by one statement, and judged when it ends.
_GUARDS = (
    """create function numbers_go_on() returns trigger language plpgsql as $$
    begin
        raise exception 'the numbers of % go back in %', old.district, tg_table_name using errcode = 'check_violation';
    end $$""",
    """create trigger numbers_go_on before update on feed_numbers for each row when (new.last_number < old.last_number)
    execute function numbers_go_on()""",
    """create function feed_number_is_given() returns trigger language plpgsql as $$
    begin
        if not exists (select from feed where district = new.district and number = new.last_number) then
            raise exception 'feed number % of % has no entry', new.last_number, new.district using errcode = 'check_violation';
        end if;
        return null;
    end $$""",
    """create trigger feed_number_is_given after insert or update on feed_numbers for each row execute function feed_number_is_given()""",
    """create function feed_goes_on() returns trigger language plpgsql as $$
    begin
        if exists (
            select from (select district, min(number) as least, max(number) as most, count(*) as many from added group by district) as grown
            left join feed_numbers using (district)
            where last_number is distinct from most or many <> most - least + 1
               or least > 1 and not exists (select from feed where feed.district = grown.district and number = least - 1)) then
            raise exception 'the feed has a gap, or an entry without a number' using errcode = 'check_violation';
        end if;
        return null;
    end $$""",
    """create trigger feed_goes_on after insert on feed referencing new table as added for each statement
    execute function feed_goes_on()""",
)
