-- Several events may wait under one number that we gave to another one (`ours`). `parked` is small: what waits, and what once waited.
alter table parked add column ours uuid;
alter table parked add column counted_at timestamptz;
-- squawk-ignore ban-drop-constraint
alter table parked drop constraint parked_pkey;
-- squawk-ignore constraint-missing-not-valid, adding-serial-primary-key-field
alter table parked add primary key (consumer, topic, key, epoch, sequence, event_id);
alter table parked no force row level security;
update parked set counted_at = released_at where released_at is not null;
alter table parked force row level security;
-- squawk-ignore require-concurrent-index-creation
create index parked_uncounted on parked (consumer, district) where outcome = 'applied' and counted_at is null;
grant insert on parked to registry_mechanism;
grant insert, update on inbox to registry_mechanism;

-- How far a consumer has judged each partition: what comes again behind that is read again, and no second record.
create table positions (
    consumer text, topic text, partition int, next_offset bigint not null, district text not null,
    primary key (consumer, topic, partition)) with (fillfactor = 50);
alter table positions enable row level security;
alter table positions force row level security;
create policy granted_rows on positions for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on positions for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on positions for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on positions for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on positions for all to registry_mechanism
    using (true) with check (true);
grant select, insert, update on positions to registry_app;
grant select on positions to registry_mechanism;

-- Numbers below the newest that the topic holds a second time; the reconciler compares the events and empties it.
create table doubted (
    consumer text, topic text, partition int, "offset" bigint, key text not null, epoch int not null,
    sequence bigint not null, district text not null, at timestamptz not null default clock_timestamp(),
    primary key (consumer, topic, partition, "offset"));
alter table doubted enable row level security;
alter table doubted force row level security;
create policy granted_rows on doubted for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on doubted for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on doubted for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on doubted for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on doubted for all to registry_mechanism
    using (true) with check (true);
grant select, insert on doubted to registry_app;
grant select, delete on doubted to registry_mechanism;

-- What a person decided about two events under one number, why, and who. Never changed.
create table decisions (
    consumer text, topic text, key text, epoch int, sequence bigint, event_id uuid,
    decision text not null check (decision in ('keep-ours', 'accept-theirs')), reason text not null check (reason <> ''),
    decided_by text not null check (decided_by <> ''), decided_at timestamptz not null default clock_timestamp(),
    district text not null, primary key (consumer, event_id));
alter table decisions enable row level security;
alter table decisions force row level security;
create policy granted_rows on decisions for select to registry_app, registry_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on decisions for insert to registry_app, registry_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on decisions for update to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on decisions for delete to registry_app, registry_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on decisions for all to registry_mechanism
    using (true) with check (true);
grant select, insert on decisions to registry_app;
grant select on decisions to registry_mechanism;

-- Older code parks under the key that this version replaced.
update served_code set oldest = '0003';
