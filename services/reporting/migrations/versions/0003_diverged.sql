-- Outlasts a rebuild of the read model, by which a decision for the other event takes effect.
-- What a person decided about two events under one number, why, and who. Never changed.
create table decisions (
    consumer text, topic text, key text, epoch int, sequence bigint, event_id uuid,
    decision text not null check (decision in ('keep-ours', 'accept-theirs')), reason text not null check (reason <> ''),
    decided_by text not null check (decided_by <> ''), decided_at timestamptz not null default clock_timestamp(),
    district text not null, primary key (consumer, event_id));
alter table decisions enable row level security;
alter table decisions force row level security;
create policy granted_rows on decisions for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on decisions for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on decisions for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on decisions for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on decisions for all to reporting_mechanism
    using (true) with check (true);
grant select, insert on decisions to reporting_app;
grant select on decisions to reporting_mechanism;

-- Older code parks under the key that this version replaced.
update served_code set oldest = '0003';
