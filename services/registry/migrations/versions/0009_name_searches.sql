-- Who searched people by name, why, and whom it found. The name itself is not kept: no table holds a readable one.
create table name_searches (
    search_id uuid primary key, district text not null, subject text not null, roles text[] not null,
    reason text not null check (length(reason) between 4 and 200), found uuid[] not null, searched_at timestamptz not null);
alter table name_searches enable row level security;
alter table name_searches force row level security;
create policy granted_rows on name_searches for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on name_searches for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on name_searches for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on name_searches for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on name_searches for all to registry_mechanism
    using (true) with check (true);
grant select, insert on name_searches to registry_app;
grant select on name_searches to registry_mechanism;
