"""The kit's tables, as statements for the first migration of a service.

    journal    events (append-only, for the project's life), unsent, event_keys, epochs, held, outbox
    inbox      inbox, positions, lags, doubted, parked, quarantined
    decisions  decisions; it outlasts a rebuild of the tables of the inbox

Invariant: every row belongs to a district, and row-level security keeps the districts apart. The consumer writes as the app role, bound
to one district; the relay, retention and the reconciler are the mechanism and see all.
`events` is not partitioned: a unique constraint of a partitioned table must contain the partition key, and the two here must not.
"""

from shared.service import row_security
from shared.service.journal import MAX_PAYLOAD


def journal(service: str) -> list[str]:
    return [
        f"""create table events (
            id bigint generated always as identity primary key,
            event_id uuid not null unique,
            aggregatetype text not null,
            aggregateid text not null,
            type text not null,
            topic text not null,
            key text not null,
            sequence bigint not null check (sequence > 0),
            headers jsonb not null,
            payload bytea check (octet_length(payload) <= {MAX_PAYLOAD}),
            written_at timestamptz not null default clock_timestamp(),
            district text not null,
            unique (topic, key, sequence))""",
        "create index events_written on events (district, written_at)",
        # A journal that can be corrected proves nothing. The trigger binds the owner too, who needs no grant.
        """create function refuse_change() returns trigger language plpgsql as
            $$ begin raise exception 'the journal is append-only' using errcode = '42501'; end $$""",
        """create trigger append_only before update or delete or truncate on events
            for each statement execute function refuse_change()""",
        *row_security.protect("events", service=service, app="select, insert"),
        # Small tables with many updates: vacuumed after a number of rows, not a share of them.
        """create table unsent (
            id bigint primary key references events, district text not null, written_at timestamptz not null)
            with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)""",
        *row_security.protect("unsent", service=service, app="select, insert", mechanism="select, insert, delete"),
        """create table event_keys (
            topic text, key text, last_sequence bigint not null, district text not null, primary key (topic, key))
            with (fillfactor = 70)""",
        *row_security.protect("event_keys", service=service, app="select, insert, update"),
        """create table epochs (
            epoch int primary key check (epoch > 0), reason text not null, began_at timestamptz not null default clock_timestamp())""",
        "insert into epochs (epoch, reason) values (1, 'first')",
        *row_security.grant("epochs", service=service, app="select", mechanism="select, insert"),
        """create table held (
            topic text, key text, reason text not null, tries int not null default 1, district text not null,
            held_at timestamptz not null default clock_timestamp(), retry_at timestamptz not null, primary key (topic, key))""",
        *row_security.protect("held", service=service, app="select", mechanism="select, insert, update, delete"),
        *outbox(service),
    ]


def outbox(service: str) -> list[str]:
    """Debezium's way out (decision 50), off until the trigger is enabled: the row of an event is inserted and deleted in the event's own
    transaction, so the write-ahead log carries it, and the table stays empty.
    """
    return [
        """create table outbox (
            id uuid primary key, aggregatetype text not null, aggregateid text not null, type text not null, payload bytea,
            route text not null, contenttype text not null, specversion text not null, source text not null, dataschema text not null,
            sequence text not null, time text not null, epoch text not null, correlationid text, causationid text, traceparent text,
            district text not null)
            with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)""",
        *row_security.protect(
            "outbox", service=service, app="select, insert, delete", mechanism="select, insert, delete"
        ),
        # A header that the event does not have is named behind the topic: the router writes all headers, and the connector takes those
        # away again (deploy/debezium/connectors.py).
        """create function leave_by_log() returns trigger language plpgsql as $$
        begin
            insert into outbox
            select event_id, aggregatetype, key, type, payload,
                   concat(topic, case when correlation is null then '#correlationid' end,
                          case when causation is null then '#causationid' end, case when trace is null then '#traceparent' end),
                   'application/json', '1.0', concat('/', district, '/', split_part(type, '.', 2)),
                   concat('urn:clearwater:schema:', type), lpad(sequence::text, 20, '0'), headers ->> 'time', headers ->> 'epoch',
                   correlation, causation, trace, district
            from events, nullif(headers ->> 'correlationid', '') as correlation, nullif(headers ->> 'causationid', '') as causation,
                 nullif(headers ->> 'traceparent', '') as trace
            where id = new.id;
            delete from outbox where id = (select event_id from events where id = new.id);
            return null;
        end $$""",
        "create trigger leave_by_log before insert on unsent for each row execute function leave_by_log()",
        "alter table unsent disable trigger leave_by_log",
        "create publication outbox for table outbox with (publish = 'insert')",
    ]


def inbox(service: str) -> list[str]:
    return [
        """create table inbox (
            consumer text, topic text, key text, epoch int not null default 0, last_sequence bigint not null default 0,
            last_event_id uuid, parked boolean not null default false, district text not null,
            primary key (consumer, topic, key)) with (fillfactor = 70)""",
        "create index inbox_parked on inbox (consumer, district) where parked",
        *row_security.protect(
            "inbox", service=service, app="select, insert, update", mechanism="select, insert, update"
        ),
        """create table positions (
            consumer text, topic text, partition int, next_offset bigint not null, district text not null,
            primary key (consumer, topic, partition)) with (fillfactor = 50)""",
        *row_security.protect("positions", service=service, app="select, insert, update"),
        """create table lags (
            consumer text, district text, events bigint not null, caught_up_at timestamptz not null default clock_timestamp(),
            primary key (consumer, district)) with (fillfactor = 50)""",
        *row_security.protect("lags", service=service, app="select, insert, update"),
        """create table doubted (
            consumer text, topic text, partition int, "offset" bigint, key text not null, epoch int not null,
            sequence bigint not null, district text not null, at timestamptz not null default clock_timestamp(),
            primary key (consumer, topic, partition, "offset"))""",
        *row_security.protect("doubted", service=service, app="select, insert", mechanism="select, delete"),
        """create table parked (
            consumer text, topic text, key text, epoch int, sequence bigint, event_id uuid not null, type text not null,
            headers jsonb not null, payload bytea, reason text not null, district text not null,
            parked_at timestamptz not null default clock_timestamp(), released_at timestamptz, outcome text, trimmed_at timestamptz,
            ours uuid, counted_at timestamptz, primary key (consumer, topic, key, epoch, sequence, event_id))""",
        "create index parked_waiting on parked (consumer, topic, key, epoch, sequence) where released_at is null",
        "create index parked_uncounted on parked (consumer, district) where outcome = 'applied' and counted_at is null",
        "create index parked_released on parked (released_at) where released_at is not null and trimmed_at is null",
        *row_security.protect(
            "parked", service=service, app="select, insert, update", mechanism="select, insert, update"
        ),
        """create table quarantined (
            consumer text, topic text, partition int, "offset" bigint, key bytea, headers jsonb not null, value bytea,
            reason text not null, district text not null, at timestamptz not null default clock_timestamp(),
            released_at timestamptz, outcome text, trimmed_at timestamptz, primary key (consumer, topic, partition, "offset"))""",
        *row_security.protect("quarantined", service=service, app="select, insert, update", mechanism="select, update"),
    ]


def decisions(service: str) -> list[str]:
    return [
        """create table decisions (
            consumer text, topic text, key text, epoch int, sequence bigint, event_id uuid,
            decision text not null check (decision in ('keep-ours', 'accept-theirs')), reason text not null check (reason <> ''),
            decided_by text not null check (decided_by <> ''), decided_at timestamptz not null default clock_timestamp(),
            district text not null, primary key (consumer, event_id))""",
        *row_security.protect("decisions", service=service, app="select, insert"),
    ]
