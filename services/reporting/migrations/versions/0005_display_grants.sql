-- A record and no read model: a rebuild leaves it alone.
-- `code` is the part of the code by which its grant is found; of the rest, and of the display's token, only digests are kept.
create table display_grants (
    grant_id uuid primary key, district text not null, project_id uuid not null, name text not null check (name <> ''),
    code text not null, secret_digest text not null, code_expires_at timestamptz not null, tries int not null default 0,
    token_digest text, granted_by text not null, granted_at timestamptz not null default clock_timestamp(),
    since timestamptz, last_seen_at timestamptz, expires_at timestamptz, revoked_by text, revoked_at timestamptz);
alter table display_grants enable row level security;
alter table display_grants force row level security;
create policy granted_rows on display_grants for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on display_grants for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on display_grants for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on display_grants for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on display_grants for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on display_grants to reporting_app;
grant select on display_grants to reporting_mechanism;
