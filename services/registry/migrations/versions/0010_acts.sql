-- Who did which act, and when. An act that has a record of its own (a roll, a correction, a reveal, a grant) is not repeated here.
create table acts (
    act_id uuid primary key, district text not null, kind text not null check (kind in (
        'district-opened', 'project-opened', 'group-formed', 'officer-added', 'units-assigned', 'commit-ordered',
        'import-abandoned', 'tenancy-ended')),
    project_id uuid references projects, of uuid, name text, units bigint, changed bigint,
    done_by text not null, done_at timestamptz not null);
create index on acts (project_id, act_id);
create index on acts (of);
alter table acts enable row level security;
alter table acts force row level security;
create policy granted_rows on acts for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on acts for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on acts for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on acts for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on acts for all to registry_mechanism
    using (true) with check (true);
grant select, insert on acts to registry_app;
grant select on acts to registry_mechanism;
