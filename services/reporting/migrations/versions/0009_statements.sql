-- squawk-ignore-file require-concurrent-index-creation
-- A statement as it was signed: a compact JWS. A record, not a read model: it outlasts every rebuild, and nothing may change it. It counts
-- the log numbers after `after_number` up to `last_number`.
create table agency_statements (
    district text, agency text, business_on date, epoch int not null, after_number bigint not null, last_number bigint not null,
    event_types text[] not null, signed text not null, made_at timestamptz not null default clock_timestamp(),
    primary key (district, agency, business_on));
alter table agency_statements enable row level security;
alter table agency_statements force row level security;
create policy granted_rows on agency_statements for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on agency_statements for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on agency_statements for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on agency_statements for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on agency_statements for all to reporting_mechanism
    using (true) with check (true);
grant select, insert on agency_statements to reporting_app;
grant select on agency_statements to reporting_mechanism;

-- The public keys that statements were signed with, so that those of a former key can be checked.
create table statement_keys (
    district text, key_id text, public_key jsonb not null, first_used_at timestamptz not null default clock_timestamp(),
    primary key (district, key_id));
alter table statement_keys enable row level security;
alter table statement_keys force row level security;
create policy granted_rows on statement_keys for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on statement_keys for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on statement_keys for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on statement_keys for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on statement_keys for all to reporting_mechanism
    using (true) with check (true);
grant select, insert on statement_keys to reporting_app;
grant select on statement_keys to reporting_mechanism;

-- A statement that can be corrected proves nothing. The trigger binds the owner too, who needs no grant.
create function refuse_change_of_record() returns trigger language plpgsql as $$
    begin raise exception '% is append-only', tg_table_name using errcode = '42501'; end $$;
create trigger append_only before update or delete or truncate on agency_statements
    for each statement execute function refuse_change_of_record();
create trigger append_only before update or delete or truncate on statement_keys
    for each statement execute function refuse_change_of_record();

-- The acts by which an agency gets events and loses them: few, and asked for each statement.
create index exchange_log_grants on exchange_log (district, epoch, key, number)
    where type in ('clearwater.registry.grant.approved.v1', 'clearwater.registry.grant.revoked.v1');
