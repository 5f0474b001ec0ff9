-- Our own copy of agencies and their grants in force, from the registry's events.

create table agency_clients (
    district text not null, client_id text not null, agency text not null, primary key (district, client_id));
alter table agency_clients enable row level security;
alter table agency_clients force row level security;
create policy granted_rows on agency_clients for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on agency_clients for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on agency_clients for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on agency_clients for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on agency_clients for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on agency_clients to reporting_app;
grant select on agency_clients to reporting_mechanism;

create table agency_grants (
    grant_id uuid primary key, district text not null, agency text not null, audiences text[] not null, event_types text[] not null,
    starts_at timestamptz not null, ends_at timestamptz not null);
create index on agency_grants (district, agency);
alter table agency_grants enable row level security;
alter table agency_grants force row level security;
create policy granted_rows on agency_grants for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on agency_grants for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on agency_grants for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on agency_grants for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on agency_grants for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on agency_grants to reporting_app;
grant select on agency_grants to reporting_mechanism;
