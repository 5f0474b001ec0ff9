-- Our own copy of the endpoints of agencies, from the registry's events. `secrets`: [{key_id, sealed, ends_at}], the newest one first.

create table endpoints (
    endpoint_id uuid primary key, district text not null, agency text not null, url text not null, event_types text[] not null,
    ordering text not null, start text not null, active boolean not null, secrets jsonb not null, registered_at timestamptz not null);
create index on endpoints (district, agency);
alter table endpoints enable row level security;
alter table endpoints force row level security;
create policy granted_rows on endpoints for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on endpoints for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on endpoints for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on endpoints for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on endpoints for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on endpoints to reporting_app;
grant select on endpoints to reporting_mechanism;
