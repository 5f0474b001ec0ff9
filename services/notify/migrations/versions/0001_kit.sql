-- The kit's tables: journal, inbox, idempotent answers, and the probe that proves row-level security.

create table row_probe (district text primary key);
alter table row_probe enable row level security;
alter table row_probe force row level security;
create policy granted_rows on row_probe for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on row_probe for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on row_probe for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on row_probe for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on row_probe for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update, delete on row_probe to notify_app;
grant select on row_probe to notify_mechanism;

do $$ begin
    if to_regclass('alembic_version') is not null then
        grant select on alembic_version to notify_app, notify_mechanism;
    end if;
end $$;

select set_config('clearwater.district', '000001', true);

insert into row_probe (district) values ('000001');

select set_config('clearwater.district', '000002', true);

insert into row_probe (district) values ('000002');

select set_config('clearwater.district', '', true);

create table idempotent_answers (
    district text not null, subject text not null, route text not null, key text not null,
    digest bytea not null, status int, headers jsonb, body bytea, answered_at timestamptz not null default
    now(), primary key (district, subject, route, key));
alter table idempotent_answers enable row level security;
alter table idempotent_answers force row level security;
create policy granted_rows on idempotent_answers for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on idempotent_answers for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on idempotent_answers for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on idempotent_answers for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on idempotent_answers for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update, delete on idempotent_answers to notify_app;
grant select on idempotent_answers to notify_mechanism;

create table events (
    id bigint generated always as identity primary key,
    event_id uuid not null unique,
    aggregatetype text not null,
    aggregateid text not null,
    type text not null,
    topic text not null,
    key text not null,
    sequence bigint not null check (sequence > 0),
    headers jsonb not null,
    payload bytea check (octet_length(payload) <= 262144),
    written_at timestamptz not null default clock_timestamp(),
    district text not null,
    unique (topic, key, sequence));
create index events_written on events (district, written_at);

-- A journal that can be corrected proves nothing. The trigger binds the owner too, who needs no grant.
create function refuse_change() returns trigger language plpgsql as
            $$ begin raise exception 'the journal is append-only' using errcode = '42501'; end $$;
create trigger append_only before update or delete or truncate on events
    for each statement execute function refuse_change();
alter table events enable row level security;
alter table events force row level security;
create policy granted_rows on events for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on events for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on events for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on events for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on events for all to notify_mechanism
    using (true) with check (true);
grant select, insert on events to notify_app;
grant select on events to notify_mechanism;

-- Small and churning: vacuumed by count, not by share.
create table unsent (
    id bigint primary key references events, district text not null, written_at timestamptz not null)
    with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
alter table unsent enable row level security;
alter table unsent force row level security;
create policy granted_rows on unsent for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on unsent for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on unsent for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on unsent for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on unsent for all to notify_mechanism
    using (true) with check (true);
grant select, insert on unsent to notify_app;
grant select, insert, delete on unsent to notify_mechanism;

create table event_keys (
    topic text, key text, last_sequence bigint not null, district text not null, primary key (topic, key))
    with (fillfactor = 70);
alter table event_keys enable row level security;
alter table event_keys force row level security;
create policy granted_rows on event_keys for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on event_keys for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on event_keys for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on event_keys for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on event_keys for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on event_keys to notify_app;
grant select on event_keys to notify_mechanism;

create table epochs (
    epoch int primary key check (epoch > 0), reason text not null, began_at timestamptz not null default clock_timestamp());

insert into epochs (epoch, reason) values (1, 'first');
grant select on epochs to notify_app;
grant select, insert on epochs to notify_mechanism;

create table held (
    topic text, key text, reason text not null, tries int not null default 1, district text not null,
    held_at timestamptz not null default clock_timestamp(), retry_at timestamptz not null, primary key (topic, key));
alter table held enable row level security;
alter table held force row level security;
create policy granted_rows on held for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on held for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on held for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on held for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on held for all to notify_mechanism
    using (true) with check (true);
grant select on held to notify_app;
grant select, insert, update, delete on held to notify_mechanism;

create table inbox (
    consumer text, topic text, key text, epoch int not null default 0, last_sequence bigint not null default 0,
    last_event_id uuid, parked boolean not null default false, district text not null,
    primary key (consumer, topic, key)) with (fillfactor = 70);
create index inbox_parked on inbox (consumer, district) where parked;
alter table inbox enable row level security;
alter table inbox force row level security;
create policy granted_rows on inbox for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on inbox for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on inbox for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on inbox for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on inbox for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on inbox to notify_app;
grant select on inbox to notify_mechanism;

create table parked (
    consumer text, topic text, key text, epoch int, sequence bigint, event_id uuid not null, type text not null,
    headers jsonb not null, payload bytea, reason text not null, district text not null,
    parked_at timestamptz not null default clock_timestamp(), released_at timestamptz, outcome text, trimmed_at timestamptz,
    primary key (consumer, topic, key, epoch, sequence));
create index parked_waiting on parked (consumer, topic, key, epoch, sequence) where released_at is null;
create index parked_released on parked (released_at) where released_at is not null and trimmed_at is null;
alter table parked enable row level security;
alter table parked force row level security;
create policy granted_rows on parked for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on parked for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on parked for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on parked for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on parked for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on parked to notify_app;
grant select, update on parked to notify_mechanism;

create table quarantined (
    consumer text, topic text, partition int, "offset" bigint, key bytea, headers jsonb not null, value bytea,
    reason text not null, district text not null, at timestamptz not null default clock_timestamp(),
    released_at timestamptz, outcome text, trimmed_at timestamptz, primary key (consumer, topic, partition, "offset"));
alter table quarantined enable row level security;
alter table quarantined force row level security;
create policy granted_rows on quarantined for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on quarantined for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on quarantined for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on quarantined for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on quarantined for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on quarantined to notify_app;
grant select, update on quarantined to notify_mechanism;
