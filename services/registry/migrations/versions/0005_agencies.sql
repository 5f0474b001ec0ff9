-- Agencies and their grants, per district: each district decides for itself who gets its events.

create table agencies (
    district text not null references districts, agency text not null check (agency ~ '^[a-z][a-z0-9-]{1,30}$'),
    revision int not null default 1, name text not null, office text not null, email text, telephone text,
    registered_by text not null, registered_at timestamptz not null, primary key (district, agency));
alter table agencies enable row level security;
alter table agencies force row level security;
create policy granted_rows on agencies for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on agencies for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on agencies for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on agencies for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on agencies for all to registry_mechanism
    using (true) with check (true);
grant select, insert on agencies to registry_app;
grant update (revision, name, office, email, telephone) on agencies to registry_app;
grant select on agencies to registry_mechanism;

-- A client of the identity provider acts for one agency.
create table agency_clients (
    district text not null, client_id text not null, agency text not null,
    primary key (district, client_id), foreign key (district, agency) references agencies);
create index on agency_clients (district, agency);
alter table agency_clients enable row level security;
alter table agency_clients force row level security;
create policy granted_rows on agency_clients for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on agency_clients for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on agency_clients for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on agency_clients for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on agency_clients for all to registry_mechanism
    using (true) with check (true);
grant select, insert, delete on agency_clients to registry_app;
grant select on agency_clients to registry_mechanism;

-- What is proposed never changes: the app may only fill in the approval and the revocation. A second person approves.
create table grants (
    grant_id uuid primary key, district text not null, agency text not null, purpose text not null, legal_basis text not null,
    audiences text[] not null check (audiences <@ array['public', 'internal'] and cardinality(audiences) > 0),
    event_types text[] not null check (cardinality(event_types) > 0),
    starts_at timestamptz not null, ends_at timestamptz not null check (ends_at > starts_at),
    proposed_by text not null, proposed_at timestamptz not null,
    approved_by text check (approved_by <> proposed_by), approved_at timestamptz check ((approved_at is null) = (approved_by is null)),
    revoked_by text, revoked_at timestamptz check ((revoked_at is null) = (revoked_by is null)),
    reason text check ((reason is null) = (revoked_by is null)),
    foreign key (district, agency) references agencies);
create index on grants (district, agency);
alter table grants enable row level security;
alter table grants force row level security;
create policy granted_rows on grants for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on grants for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on grants for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on grants for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on grants for all to registry_mechanism
    using (true) with check (true);
grant select, insert on grants to registry_app;
grant update (approved_by, approved_at, revoked_by, revoked_at, reason) on grants to registry_app;
grant select on grants to registry_mechanism;

-- An approval and a revocation are given once, and nothing is approved after its revocation.
create function guard_grant() returns trigger language plpgsql as $$
    begin
        if old.revoked_at is not null
            or (old.approved_at is not null and (new.approved_at, new.approved_by) is distinct from (old.approved_at, old.approved_by))
        then
            raise exception 'grant % was decided before', old.grant_id using errcode = 'CW002';
        end if;
        return new;
    end $$;
create trigger decided_once before update on grants for each row execute function guard_grant();
