-- Who received the uploaded rows of an import, decrypted, with each mistake beside its cell. Only who uploaded the file gives no reason.
create table annotations (
    annotation_id uuid primary key, district text not null, import_id uuid not null references imports,
    project_id uuid not null references projects, subject text not null, roles text[] not null,
    reason text check (length(reason) between 4 and 200), annotated_at timestamptz not null);
alter table annotations enable row level security;
alter table annotations force row level security;
create policy granted_rows on annotations for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on annotations for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on annotations for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on annotations for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on annotations for all to registry_mechanism
    using (true) with check (true);
grant select, insert on annotations to registry_app;
grant select on annotations to registry_mechanism;
