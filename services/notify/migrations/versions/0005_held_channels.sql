-- A channel that is held, and what was sent again by one act. Never, whoever asks: two open holds of one channel in one district;
-- an order to send again without a reason and a name.

alter table messages add column forgiven int not null default 0 check (forgiven >= 0);
alter table messages add column holds_begun int not null default 0 check (holds_begun >= 0);

create table channel_holds (
    district text not null,
    hold_id uuid primary key,
    channel text not null check (channel in ('mail', 'sms')),
    code text not null,
    began_at timestamptz not null,
    probes int not null default 0,
    next_probe_at timestamptz not null,
    ended_at timestamptz
);
create unique index channel_holds_open on channel_holds (district, channel) where ended_at is null;
alter table channel_holds enable row level security;
alter table channel_holds force row level security;
create policy granted_rows on channel_holds for select to notify_app, notify_owner using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on channel_holds for insert to notify_app, notify_owner with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on channel_holds for update to notify_app, notify_owner using (district = nullif(current_setting('clearwater.district', true), '')) with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on channel_holds for delete to notify_app, notify_owner using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on channel_holds for all to notify_mechanism using (true) with check (true);
grant select, insert, update (code, probes, next_probe_at, ended_at) on channel_holds to notify_app;
grant select on channel_holds to notify_mechanism;

-- Who has ordered, and why, that all messages which one code had failed are sent again. Only added to.
create table resends (
    district text not null,
    resend_id uuid primary key,
    code text not null,
    channel text check (channel in ('mail', 'sms')),
    reason text not null check (btrim(reason) <> ''),
    ordered_by text not null check (btrim(ordered_by) <> ''),
    ordered_at timestamptz not null,
    message_keys text[] not null
);
create index resends_newest on resends (district, ordered_at desc);
alter table resends enable row level security;
alter table resends force row level security;
create policy granted_rows on resends for select to notify_app, notify_owner using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on resends for insert to notify_app, notify_owner with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on resends for update to notify_app, notify_owner using (district = nullif(current_setting('clearwater.district', true), '')) with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on resends for delete to notify_app, notify_owner using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on resends for all to notify_mechanism using (true) with check (true);
grant select, insert on resends to notify_app;
grant select on resends to notify_mechanism;
