-- The register, the vault, imports, and the mechanism's tables.
--
-- Readable personal values stand in no table: the vault holds them sealed, `people` a masked name and a keyed hash to find them by.

create table row_probe (district text primary key);
alter table row_probe enable row level security;
alter table row_probe force row level security;
create policy granted_rows on row_probe for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on row_probe for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on row_probe for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on row_probe for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on row_probe for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on row_probe to registry_app;
grant select on row_probe to registry_mechanism;

do $$ begin
    if to_regclass('alembic_version') is not null then
        grant select on alembic_version to registry_app, registry_mechanism;
    end if;
end $$;

select set_config('clearwater.district', '000001', true);

insert into row_probe (district) values ('000001');

select set_config('clearwater.district', '000002', true);

insert into row_probe (district) values ('000002');

select set_config('clearwater.district', '', true);

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
create policy granted_rows on events for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on events for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on events for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on events for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on events for all to registry_mechanism
    using (true) with check (true);
grant select, insert on events to registry_app;
grant select on events to registry_mechanism;

-- Small and churning: vacuumed by count, not by share.
create table unsent (
    id bigint primary key references events, district text not null, written_at timestamptz not null)
    with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
alter table unsent enable row level security;
alter table unsent force row level security;
create policy granted_rows on unsent for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on unsent for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on unsent for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on unsent for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on unsent for all to registry_mechanism
    using (true) with check (true);
grant select, insert on unsent to registry_app;
grant select, insert, delete on unsent to registry_mechanism;

create table event_keys (
    topic text, key text, last_sequence bigint not null, district text not null, primary key (topic, key))
    with (fillfactor = 70);
alter table event_keys enable row level security;
alter table event_keys force row level security;
create policy granted_rows on event_keys for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on event_keys for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on event_keys for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on event_keys for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on event_keys for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update on event_keys to registry_app;
grant select on event_keys to registry_mechanism;

create table epochs (
    epoch int primary key check (epoch > 0), reason text not null, began_at timestamptz not null default clock_timestamp());

insert into epochs (epoch, reason) values (1, 'first');
grant select on epochs to registry_app;
grant select, insert on epochs to registry_mechanism;

create table held (
    topic text, key text, reason text not null, tries int not null default 1, district text not null,
    held_at timestamptz not null default clock_timestamp(), retry_at timestamptz not null, primary key (topic, key));
alter table held enable row level security;
alter table held force row level security;
create policy granted_rows on held for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on held for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on held for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on held for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on held for all to registry_mechanism
    using (true) with check (true);
grant select on held to registry_app;
grant select, insert, update, delete on held to registry_mechanism;

create table inbox (
    consumer text, topic text, key text, epoch int not null default 0, last_sequence bigint not null default 0,
    last_event_id uuid, parked boolean not null default false, district text not null,
    primary key (consumer, topic, key)) with (fillfactor = 70);
create index inbox_parked on inbox (consumer, district) where parked;
alter table inbox enable row level security;
alter table inbox force row level security;
create policy granted_rows on inbox for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on inbox for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on inbox for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on inbox for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on inbox for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update on inbox to registry_app;
grant select on inbox to registry_mechanism;

create table parked (
    consumer text, topic text, key text, epoch int, sequence bigint, event_id uuid not null, type text not null,
    headers jsonb not null, payload bytea, reason text not null, district text not null,
    parked_at timestamptz not null default clock_timestamp(), released_at timestamptz, outcome text, trimmed_at timestamptz,
    primary key (consumer, topic, key, epoch, sequence));
create index parked_waiting on parked (consumer, topic, key, epoch, sequence) where released_at is null;
create index parked_released on parked (released_at) where released_at is not null and trimmed_at is null;
alter table parked enable row level security;
alter table parked force row level security;
create policy granted_rows on parked for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on parked for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on parked for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on parked for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on parked for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update on parked to registry_app;
grant select, update on parked to registry_mechanism;

create table quarantined (
    consumer text, topic text, partition int, "offset" bigint, key bytea, headers jsonb not null, value bytea,
    reason text not null, district text not null, at timestamptz not null default clock_timestamp(),
    released_at timestamptz, outcome text, trimmed_at timestamptz, primary key (consumer, topic, partition, "offset"));
alter table quarantined enable row level security;
alter table quarantined force row level security;
create policy granted_rows on quarantined for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on quarantined for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on quarantined for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on quarantined for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on quarantined for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update on quarantined to registry_app;
grant select, update on quarantined to registry_mechanism;

create table idempotent_answers (
    district text not null, subject text not null, route text not null, key text not null,
    digest bytea not null, status int, headers jsonb, body bytea, answered_at timestamptz not null default
    now(), primary key (district, subject, route, key));
alter table idempotent_answers enable row level security;
alter table idempotent_answers force row level security;
create policy granted_rows on idempotent_answers for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on idempotent_answers for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on idempotent_answers for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on idempotent_answers for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on idempotent_answers for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on idempotent_answers to registry_app;
grant select on idempotent_answers to registry_mechanism;

create table districts (
    district text primary key check (district ~ '^[0-9]{6}$'), name text not null, opened_at timestamptz not null);
alter table districts enable row level security;
alter table districts force row level security;
create policy granted_rows on districts for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on districts for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on districts for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on districts for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on districts for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on districts to registry_app;
grant select on districts to registry_mechanism;

create table projects (
    project_id uuid primary key, district text not null references districts, name text not null,
    starts_at timestamptz not null, ends_at timestamptz not null check (ends_at > starts_at),
    bases jsonb not null check (jsonb_array_length(bases) > 0), series text[] not null check (cardinality(series) > 0),
    counting_rule text not null check (counting_rule in ('all_units_signed', 'any_unit_signed')), plan text,
    auto_effect boolean not null, opened_at timestamptz not null,
    unique (district, name));
alter table projects enable row level security;
alter table projects force row level security;
create policy granted_rows on projects for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on projects for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on projects for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on projects for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on projects for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on projects to registry_app;
grant select on projects to registry_mechanism;

create table groups (
    group_id uuid primary key, district text not null, project_id uuid not null references projects, name text not null,
    unique (project_id, name));
alter table groups enable row level security;
alter table groups force row level security;
create policy granted_rows on groups for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on groups for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on groups for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on groups for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on groups for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on groups to registry_app;
grant select on groups to registry_mechanism;

create table officers (
    staff_id uuid primary key, district text not null, group_id uuid not null references groups,
    project_id uuid not null references projects, staff_number text not null, name text not null, subject text,
    unique (project_id, staff_number));
alter table officers enable row level security;
alter table officers force row level security;
create policy granted_rows on officers for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on officers for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on officers for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on officers for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on officers for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on officers to registry_app;
grant select on officers to registry_mechanism;

create table buildings (
    building_id uuid primary key default uuidv7(), district text not null, project_id uuid not null references projects,
    compound text not null, building text not null, building_code text, stairwells int not null check (stairwells > 0),
    floors_above int not null check (floors_above > 0), floors_below int not null check (floors_below >= 0),
    unique (project_id, compound, building),
    unique (project_id, building_code) deferrable initially deferred);
alter table buildings enable row level security;
alter table buildings force row level security;
create policy granted_rows on buildings for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on buildings for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on buildings for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on buildings for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on buildings for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on buildings to registry_app;
grant select on buildings to registry_mechanism;

create table households (
    household_id uuid primary key default uuidv7(), district text not null, project_id uuid not null references projects,
    label text not null, unique (project_id, label));
alter table households enable row level security;
alter table households force row level security;
create policy granted_rows on households for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on households for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on households for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on households for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on households for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on households to registry_app;
grant select on households to registry_mechanism;

create table people (
    person_id uuid primary key, district text not null, kind text not null check (kind in ('natural', 'organisation')),
    masked_name text not null check (masked_name like '%*%'), document_type text not null, overseas boolean not null,
    document_mark bytea, name_mark bytea, forgotten_at timestamptz, revision int not null default 1,
    unique (district, document_mark),
    check ((forgotten_at is null) = (document_mark is not null)));
alter table people enable row level security;
alter table people force row level security;
create policy granted_rows on people for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on people for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on people for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on people for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on people for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete, maintain on people to registry_app;
grant select on people to registry_mechanism;

create table vault (
    person_id uuid primary key references people, district text not null, key_id uuid not null unique,
    wrapped_key bytea not null, nonce text not null, ciphertext text not null, recorded_at timestamptz not null);
alter table vault enable row level security;
alter table vault force row level security;
create policy granted_rows on vault for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on vault for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on vault for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on vault for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on vault for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on vault to registry_app;
grant select on vault to registry_mechanism;

create table units (
    unit_id uuid primary key default uuidv7(), district text not null, project_id uuid not null references projects,
    building_id uuid not null references buildings, household_id uuid not null references households,
    unit_code text not null, house_code text, stairwell text not null, floor int not null, top_floor int, door text not null,
    use text not null, structure text not null, registered_area numeric(12,2) not null check (registered_area > 0),
    surveyed_area numeric(12,2) check (surveyed_area > 0), titled_on date,
    ownership text not null check (ownership in ('sole', 'joint', 'shares')),
    group_id uuid references groups, staff_id uuid references officers, revision int not null default 1,
    source jsonb, registered_at timestamptz not null,
    unique (project_id, unit_code), unique (project_id, house_code) deferrable initially deferred,  -- which two may exchange
    check (floor <> 0), check (top_floor > floor and top_floor <> 0),
    check (staff_id is null or group_id is not null));
alter table units enable row level security;
alter table units force row level security;
create policy granted_rows on units for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on units for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on units for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on units for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on units for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete, maintain on units to registry_app;
grant select on units to registry_mechanism;

-- One row per door: a merged unit has several, and none is in two units. Kept by a trigger, whoever writes a unit.
create table doors (
    unit_id uuid not null references units, building_id uuid not null, stairwell text not null, door text not null,
    district text not null,
    unique (building_id, stairwell, door) deferrable initially deferred,  -- two units may exchange their doors
    primary key (unit_id, door));
alter table doors enable row level security;
alter table doors force row level security;
create policy granted_rows on doors for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on doors for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on doors for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on doors for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on doors for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete, maintain on doors to registry_app;
grant select on doors to registry_mechanism;

create table holders (
    unit_id uuid not null references units, person_id uuid not null references people, district text not null,
    place int not null, share text check (share ~ '^[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?$'), capable boolean not null,
    guardian_id uuid references people, primary key (unit_id, person_id), unique (unit_id, place),
    check (capable = (guardian_id is null)), check (guardian_id is distinct from person_id));
alter table holders enable row level security;
alter table holders force row level security;
create policy granted_rows on holders for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on holders for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on holders for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on holders for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on holders for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on holders to registry_app;
grant select on holders to registry_mechanism;

create table tenancies (
    tenancy_id uuid primary key, district text not null, unit_id uuid not null references units,
    person_id uuid not null references people, use text not null check (use in ('home', 'shop', 'storage', 'other')),
    since_on date, until_on date check (until_on >= since_on), ended_on date, recorded_by text not null,
    recorded_at timestamptz not null);
alter table tenancies enable row level security;
alter table tenancies force row level security;
create policy granted_rows on tenancies for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on tenancies for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on tenancies for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on tenancies for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on tenancies for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on tenancies to registry_app;
grant select on tenancies to registry_mechanism;

create table rolls (
    project_id uuid primary key references projects, district text not null, units bigint not null,
    households bigint not null, right_holders bigint not null, area_hundredths_m2 bigint not null,
    digest text not null check (digest ~ '^[0-9a-f]{64}$'), frozen_at timestamptz not null, frozen_by text not null);
alter table rolls enable row level security;
alter table rolls force row level security;
create policy granted_rows on rolls for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on rolls for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on rolls for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on rolls for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on rolls for all to registry_mechanism
    using (true) with check (true);
grant select, insert on rolls to registry_app;
grant select on rolls to registry_mechanism;

create table roll_lines (
    project_id uuid not null references rolls, unit_id uuid not null references units, district text not null,
    household_id uuid not null, area_hundredths_m2 bigint not null, right_holders jsonb not null,
    primary key (project_id, unit_id));
alter table roll_lines enable row level security;
alter table roll_lines force row level security;
create policy granted_rows on roll_lines for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on roll_lines for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on roll_lines for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on roll_lines for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on roll_lines for all to registry_mechanism
    using (true) with check (true);
grant select, insert on roll_lines to registry_app;
grant select on roll_lines to registry_mechanism;

create table corrections (
    correction_id uuid primary key, district text not null, unit_id uuid references units, person_id uuid references people,
    revision int not null, changed text[] not null, reason text not null check (length(reason) between 4 and 200),
    corrected_by text not null, corrected_at timestamptz not null, check (num_nonnulls(unit_id, person_id) = 1));
alter table corrections enable row level security;
alter table corrections force row level security;
create policy granted_rows on corrections for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on corrections for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on corrections for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on corrections for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on corrections for all to registry_mechanism
    using (true) with check (true);
grant select, insert on corrections to registry_app;
grant select on corrections to registry_mechanism;

create table exports (
    export_id uuid primary key, district text not null, project_id uuid not null references projects, subject text not null,
    roles text[] not null, reason text not null check (length(reason) between 4 and 200), units bigint not null,
    exported_at timestamptz not null);
alter table exports enable row level security;
alter table exports force row level security;
create policy granted_rows on exports for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on exports for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on exports for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on exports for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on exports for all to registry_mechanism
    using (true) with check (true);
grant select, insert on exports to registry_app;
grant select on exports to registry_mechanism;

create table reveals (
    reveal_id uuid primary key, district text not null, person_id uuid not null references people, subject text not null,
    roles text[] not null, reason text not null check (length(reason) between 4 and 200), revealed_at timestamptz not null);
alter table reveals enable row level security;
alter table reveals force row level security;
create policy granted_rows on reveals for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on reveals for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on reveals for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on reveals for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on reveals for all to registry_mechanism
    using (true) with check (true);
grant select, insert on reveals to registry_app;
grant select on reveals to registry_mechanism;

create table forgettings (
    person_id uuid primary key references people, district text not null, key_id uuid not null, reason text not null,
    forgotten_by text not null, forgotten_at timestamptz not null);
alter table forgettings enable row level security;
alter table forgettings force row level security;
create policy granted_rows on forgettings for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on forgettings for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on forgettings for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on forgettings for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on forgettings for all to registry_mechanism
    using (true) with check (true);
grant select, insert on forgettings to registry_app;
grant select on forgettings to registry_mechanism;

create table key_receipts (
    person_id uuid not null, key_id uuid not null, reader text not null, district text not null,
    dropped_at timestamptz not null, primary key (person_id, key_id, reader));
alter table key_receipts enable row level security;
alter table key_receipts force row level security;
create policy granted_rows on key_receipts for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on key_receipts for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on key_receipts for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on key_receipts for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on key_receipts for all to registry_mechanism
    using (true) with check (true);
grant select, insert on key_receipts to registry_app;
grant select on key_receipts to registry_mechanism;

create table imports (
    import_id uuid primary key, district text not null, project_id uuid not null references projects,
    state text not null check (state in
        ('uploaded', 'reading', 'checking', 'clean', 'faulty', 'committing', 'committed', 'refused', 'abandoned')),
    file_name text not null, file_bytes bigint not null, file_digest text not null, key_id uuid not null,
    wrapped_key bytea, rows_read bigint not null default 0, units bigint, faults bigint not null default 0,
    fault_counts jsonb not null default '{}', changes jsonb, contacts_changed bigint, refusal jsonb, uploaded_by text not null,
    uploaded_at timestamptz not null, checked_at timestamptz, committed_at timestamptz, version int not null default 1);
alter table imports enable row level security;
alter table imports force row level security;
create policy granted_rows on imports for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on imports for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on imports for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on imports for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on imports for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on imports to registry_app;
grant select on imports to registry_mechanism;

-- `step`: reading, checking or committing; `tries`: how often the worker has begun it.
create table import_progress (
    import_id uuid primary key references imports, district text not null, step text not null, tries int not null default 1,
    done bigint not null default 0, total bigint not null default 0, began_at timestamptz not null,
    noted_at timestamptz not null);
alter table import_progress enable row level security;
alter table import_progress force row level security;
create policy granted_rows on import_progress for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on import_progress for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on import_progress for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on import_progress for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on import_progress for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on import_progress to registry_app;
grant select on import_progress to registry_mechanism;

create table import_parts (
    import_id uuid not null references imports, place int not null, district text not null, nonce bytea not null,
    ciphertext bytea not null, primary key (import_id, place));
alter table import_parts enable row level security;
alter table import_parts force row level security;
create policy granted_rows on import_parts for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on import_parts for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on import_parts for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on import_parts for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on import_parts for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on import_parts to registry_app;
grant select on import_parts to registry_mechanism;

create table import_lines (
    import_id uuid not null references imports, row int not null, district text not null, unit_code text,
    content jsonb not null, holder jsonb not null, document_mark bytea, name_mark bytea, guardian_mark bytea,
    guardian_name_mark bytea, sealed bytea not null,
    compound text generated always as (content ->> 'compound') stored,
    building text generated always as (content ->> 'building') stored,
    house_code text generated always as (content ->> 'house_code') stored, primary key (import_id, row));
alter table import_lines enable row level security;
alter table import_lines force row level security;
create policy granted_rows on import_lines for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on import_lines for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on import_lines for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on import_lines for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on import_lines for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete, maintain on import_lines to registry_app;
grant select on import_lines to registry_mechanism;

create table import_buildings (
    import_id uuid not null references imports, row int not null, district text not null, compound text, building text,
    building_code text, stairwells int, floors_above int, floors_below int, primary key (import_id, row));
alter table import_buildings enable row level security;
alter table import_buildings force row level security;
create policy granted_rows on import_buildings for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on import_buildings for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on import_buildings for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on import_buildings for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on import_buildings for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete, maintain on import_buildings to registry_app;
grant select on import_buildings to registry_mechanism;

create table import_units (
    import_id uuid not null references imports, unit_code text not null, district text not null, row int not null,
    source jsonb not null, change text not null check (change in ('new', 'changed', 'unchanged')),
    changed_columns text[] not null, compound text generated always as (source ->> 'compound') stored,
    building text generated always as (source ->> 'building') stored,
    -- A unit without a household number is a household of its own, under a label that nobody can type into the sheet.
    household text not null generated always as (coalesce('户 ' || (source ->> 'household'), '套 ' || unit_code)) stored,
    primary key (import_id, unit_code));
alter table import_units enable row level security;
alter table import_units force row level security;
create policy granted_rows on import_units for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on import_units for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on import_units for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on import_units for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on import_units for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete, maintain on import_units to registry_app;
grant select on import_units to registry_mechanism;

create table import_faults (
    import_id uuid not null references imports, sheet text not null, row int not null, column_name text not null,
    code text not null, district text not null, primary key (import_id, sheet, row, column_name, code));
alter table import_faults enable row level security;
alter table import_faults force row level security;
create policy granted_rows on import_faults for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on import_faults for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on import_faults for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on import_faults for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on import_faults for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update, delete on import_faults to registry_app;
grant select on import_faults to registry_mechanism;
create index on units (district, project_id, unit_id);
create index on units (group_id) where group_id is not null;
create index on holders (person_id);
create index on tenancies (person_id);
create unique index on tenancies (unit_id, person_id) where ended_on is null;
create index on corrections (unit_id) where unit_id is not null;
create index on corrections (person_id) where person_id is not null;
create index on holders (guardian_id) where guardian_id is not null;
create index on officers (group_id);
create index on reveals (district, revealed_at);
create index on import_lines (import_id, unit_code);
create index on import_buildings (import_id, compound, building);

-- The worker's question, asked every second: is there anything to do?
create index on imports (uploaded_at) where state in ('uploaded', 'reading', 'checking', 'committing');

-- A rate's denominator is the frozen roll: which units are in it, their households and areas. Right-holders may still change, as
-- a new revision that signing answers with a dispute; the roll's digest stays that of the day.
create function guard_frozen_roll() returns trigger language plpgsql as $$
    declare project uuid := case when tg_op = 'DELETE' then old.project_id else new.project_id end;
    begin
        -- The project's row first: whoever freezes holds it, so that no unit slips in beside the freezing.
        perform from projects where project_id = project for share;
        if exists (select from rolls where project_id = project) and (
            tg_op <> 'UPDATE' or new.project_id <> old.project_id or new.household_id <> old.household_id
            or new.registered_area <> old.registered_area)
        then
            raise exception 'the roll of project % is frozen', project using errcode = 'CW001';
        end if;
        return case when tg_op = 'DELETE' then old else new end;
    end $$;
create trigger frozen_roll before insert or update or delete on units for each row execute function guard_frozen_roll();

-- By statement, since an import writes 100,000 units at once.
create function keep_doors() returns trigger language plpgsql as $$
    begin
        if tg_op = 'UPDATE' then
            delete from doors using was, now_is where doors.unit_id = was.unit_id and now_is.unit_id = was.unit_id
                and (was.building_id, was.stairwell, was.door) <> (now_is.building_id, now_is.stairwell, now_is.door);
            insert into doors (unit_id, building_id, stairwell, door, district)
            select now_is.unit_id, now_is.building_id, now_is.stairwell, each, now_is.district
            from was join now_is using (unit_id) cross join unnest(string_to_array(now_is.door, '、')) as each
            where (was.building_id, was.stairwell, was.door) <> (now_is.building_id, now_is.stairwell, now_is.door);
        else
            insert into doors (unit_id, building_id, stairwell, door, district)
            select unit_id, building_id, stairwell, each, district
            from now_is cross join unnest(string_to_array(door, '、')) as each;
        end if;
        return null;
    end $$;
create trigger doors_added after insert on units referencing new table as now_is
    for each statement execute function keep_doors();
create trigger doors_moved after update on units referencing old table as was new table as now_is
    for each statement execute function keep_doors();
