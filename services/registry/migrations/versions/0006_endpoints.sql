-- Where an agency wants its events sent. A removed endpoint stays as a record of who registered it.

create table endpoints (
    endpoint_id uuid primary key, district text not null, agency text not null, revision int not null default 1,
    url text not null, event_types text[] not null, ordering text not null check (ordering in ('case', 'endpoint', 'none')),
    start text not null check (start in ('first', 'now')), active boolean not null default true,
    registered_by text not null, registered_at timestamptz not null,
    removed_by text, removed_at timestamptz check ((removed_at is null) = (removed_by is null)),
    foreign key (district, agency) references agencies);
create index on endpoints (district, agency);
alter table endpoints enable row level security;
alter table endpoints force row level security;
create policy granted_rows on endpoints for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on endpoints for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on endpoints for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on endpoints for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on endpoints for all to registry_mechanism
    using (true) with check (true);
grant select, insert on endpoints to registry_app;
grant update (revision, url, event_types, ordering, active, removed_by, removed_at) on endpoints to registry_app;
grant select on endpoints to registry_mechanism;

-- `kept`: the secret under the vault's key, for the agency to read. `sealed`: the same for the service that sends, which alone can open it.
create table endpoint_secrets (
    key_id uuid primary key, district text not null, endpoint_id uuid not null references endpoints,
    kept bytea not null, sealed text not null, made_at timestamptz not null, ends_at timestamptz);
create index on endpoint_secrets (endpoint_id);
alter table endpoint_secrets enable row level security;
alter table endpoint_secrets force row level security;
create policy granted_rows on endpoint_secrets for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on endpoint_secrets for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on endpoint_secrets for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on endpoint_secrets for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on endpoint_secrets for all to registry_mechanism
    using (true) with check (true);
grant select, insert, delete on endpoint_secrets to registry_app;
grant update (ends_at) on endpoint_secrets to registry_app;
grant select on endpoint_secrets to registry_mechanism;
