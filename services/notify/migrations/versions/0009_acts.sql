-- Who had a message sent again or found out whether it arrived, and when. Only added to. An order for all messages of a code has a record of
-- its own (resends) and is not repeated here.
create table acts (
    act_id uuid primary key, district text not null, kind text not null check (kind in ('retry', 'arrived', 'not_arrived')),
    message_key text not null references messages, done_by text not null check (btrim(done_by) <> ''), done_at timestamptz not null);
create index on acts (message_key);
alter table acts enable row level security;
alter table acts force row level security;
create policy granted_rows on acts for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on acts for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on acts for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on acts for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on acts for all to notify_mechanism
    using (true) with check (true);
grant select, insert on acts to notify_app;
grant select on acts to notify_mechanism;
