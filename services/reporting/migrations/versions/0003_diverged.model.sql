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
grant insert on parked to reporting_mechanism;
grant insert, update on inbox to reporting_mechanism;

-- How far a consumer has judged each partition: what comes again behind that is read again, and no second record.
create table positions (
    consumer text, topic text, partition int, next_offset bigint not null, district text not null,
    primary key (consumer, topic, partition)) with (fillfactor = 50);
alter table positions enable row level security;
alter table positions force row level security;
create policy granted_rows on positions for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on positions for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on positions for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on positions for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on positions for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on positions to reporting_app;
grant select on positions to reporting_mechanism;

-- Numbers below the newest that the topic holds a second time; the reconciler compares the events and empties it.
create table doubted (
    consumer text, topic text, partition int, "offset" bigint, key text not null, epoch int not null,
    sequence bigint not null, district text not null, at timestamptz not null default clock_timestamp(),
    primary key (consumer, topic, partition, "offset"));
alter table doubted enable row level security;
alter table doubted force row level security;
create policy granted_rows on doubted for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on doubted for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on doubted for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on doubted for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on doubted for all to reporting_mechanism
    using (true) with check (true);
grant select, insert on doubted to reporting_app;
grant select, delete on doubted to reporting_mechanism;
