-- The read models in their own schema, so that a rebuild can fill another one and swap; feed and pulses beside them in `public`.

create table inbox (
    consumer text, topic text, key text, epoch int not null default 0, last_sequence bigint not null default 0,
    last_event_id uuid, parked boolean not null default false, district text not null,
    primary key (consumer, topic, key)) with (fillfactor = 70);
create index inbox_parked on inbox (consumer, district) where parked;
alter table inbox enable row level security;
alter table inbox force row level security;
create policy granted_rows on inbox for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on inbox for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on inbox for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on inbox for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on inbox for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on inbox to reporting_app;
grant select on inbox to reporting_mechanism;

create table parked (
    consumer text, topic text, key text, epoch int, sequence bigint, event_id uuid not null, type text not null,
    headers jsonb not null, payload bytea, reason text not null, district text not null,
    parked_at timestamptz not null default clock_timestamp(), released_at timestamptz, outcome text, trimmed_at timestamptz,
    primary key (consumer, topic, key, epoch, sequence));
create index parked_waiting on parked (consumer, topic, key, epoch, sequence) where released_at is null;
create index parked_released on parked (released_at) where released_at is not null and trimmed_at is null;
alter table parked enable row level security;
alter table parked force row level security;
create policy granted_rows on parked for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on parked for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on parked for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on parked for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on parked for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on parked to reporting_app;
grant select, update on parked to reporting_mechanism;

create table quarantined (
    consumer text, topic text, partition int, "offset" bigint, key bytea, headers jsonb not null, value bytea,
    reason text not null, district text not null, at timestamptz not null default clock_timestamp(),
    released_at timestamptz, outcome text, trimmed_at timestamptz, primary key (consumer, topic, partition, "offset"));
alter table quarantined enable row level security;
alter table quarantined force row level security;
create policy granted_rows on quarantined for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on quarantined for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on quarantined for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on quarantined for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on quarantined for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on quarantined to reporting_app;
grant select, update on quarantined to reporting_mechanism;

create table districts (district text primary key, name text not null);
alter table districts enable row level security;
alter table districts force row level security;
create policy granted_rows on districts for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on districts for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on districts for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on districts for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on districts for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on districts to reporting_app;
grant select on districts to reporting_mechanism;

create table projects (
    project_id uuid primary key, district text not null, name text not null, bases jsonb not null,
    counting_rule text not null, starts_at timestamptz not null, ends_at timestamptz not null);
alter table projects enable row level security;
alter table projects force row level security;
create policy granted_rows on projects for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on projects for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on projects for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on projects for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on projects for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on projects to reporting_app;
grant select on projects to reporting_mechanism;

create table rolls (
    project_id uuid primary key, district text not null, units bigint not null, households bigint not null,
    right_holders bigint not null, area bigint not null, digest text not null, frozen_at timestamptz not null,
    matches boolean not null default false);
alter table rolls enable row level security;
alter table rolls force row level security;
create policy granted_rows on rolls for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on rolls for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on rolls for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on rolls for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on rolls for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on rolls to reporting_app;
grant select on rolls to reporting_mechanism;

create table calls (
    project_id uuid primary key, district text not null, reached_at timestamptz, reached_bases jsonb,
    effective_at timestamptz, document_number text, closed_at timestamptz);
alter table calls enable row level security;
alter table calls force row level security;
create policy granted_rows on calls for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on calls for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on calls for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on calls for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on calls for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on calls to reporting_app;
grant select on calls to reporting_mechanism;

create table units (
    unit_id uuid primary key, district text not null, project_id uuid not null, revision int not null,
    unit_code text not null, compound text not null, building text not null, stairwell text not null, floor int not null,
    top_floor int, door text not null, area bigint not null, use text not null, household_id uuid not null, ownership text not null,
    owner text not null, overseas boolean not null, owners jsonb not null);
alter table units enable row level security;
alter table units force row level security;
create policy granted_rows on units for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on units for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on units for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on units for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on units for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on units to reporting_app;
grant select on units to reporting_mechanism;

create table holders (
    unit_id uuid, person_id uuid, share text, district text not null, project_id uuid not null,
    primary key (unit_id, person_id));
alter table holders enable row level security;
alter table holders force row level security;
create policy granted_rows on holders for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on holders for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on holders for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on holders for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on holders for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on holders to reporting_app;
grant select on holders to reporting_mechanism;

create table groups (
    group_id uuid primary key, district text not null, project_id uuid not null, name text not null,
    officers jsonb not null);
alter table groups enable row level security;
alter table groups force row level security;
create policy granted_rows on groups for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on groups for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on groups for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on groups for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on groups for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on groups to reporting_app;
grant select on groups to reporting_mechanism;

create table assignments (
    unit_id uuid primary key, district text not null, project_id uuid not null, group_id uuid not null, staff_id uuid);
alter table assignments enable row level security;
alter table assignments force row level security;
create policy granted_rows on assignments for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on assignments for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on assignments for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on assignments for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on assignments for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on assignments to reporting_app;
grant select on assignments to reporting_mechanism;

create table cases (
    unit_id uuid primary key, district text not null, project_id uuid not null, rights text not null,
    agreement text not null, series text, sequence_number bigint, signed_at timestamptz,
    changed_at timestamptz not null) with (fillfactor = 70);
alter table cases enable row level security;
alter table cases force row level security;
create policy granted_rows on cases for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on cases for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on cases for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on cases for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on cases for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on cases to reporting_app;
grant select on cases to reporting_mechanism;

create table signings (
    agreement_id uuid, fact text not null check (fact in ('signed', 'rescinded', 'void')),
    change int generated always as (case fact when 'signed' then 1 else -1 end) stored,
    district text not null, project_id uuid not null, unit_id uuid not null, series text not null,
    sequence_number bigint not null, at timestamptz not null,
    primary key (agreement_id, change));
alter table signings enable row level security;
alter table signings force row level security;
create policy granted_rows on signings for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on signings for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on signings for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on signings for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on signings for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on signings to reporting_app;
grant select on signings to reporting_mechanism;

create table tallies (
    project_id uuid primary key, district text not null, units bigint not null default 0,
    households bigint not null default 0, right_holders bigint not null default 0, area bigint not null default 0,
    signed_units bigint not null default 0, signed_households bigint not null default 0,
    signed_right_holders bigint not null default 0, signed_area bigint not null default 0) with (fillfactor = 50);
alter table tallies enable row level security;
alter table tallies force row level security;
create policy granted_rows on tallies for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on tallies for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on tallies for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on tallies for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on tallies for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on tallies to reporting_app;
grant select on tallies to reporting_mechanism;
create index on units (project_id, compound, building);
create index on signings (project_id, at desc);
