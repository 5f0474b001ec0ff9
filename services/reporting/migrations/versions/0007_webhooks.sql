-- Records, not read models: they stand beside the exchange log in `public`, and a rebuild does not touch them.

-- How an endpoint is: `new` until it has answered the handshake, `open`, `resting` after three days of failures, `gone` after its 410.
-- `scanned`: up to this number of the log its deliveries are planned; `planned`: the number of the last one. `failures`: in a row, of the
-- endpoint. `tokens`: what it may be sent now under its allowed rate, counted at `refilled_at`.
create table endpoint_states (
    endpoint_id uuid primary key, district text not null, url text not null,
    status text not null default 'new' check (status in ('new', 'open', 'resting', 'gone')), code text, since timestamptz not null,
    epoch int not null, scanned bigint not null, planned bigint not null, failures int not null default 0,
    paused_until timestamptz, succeeded_at timestamptz, served_at timestamptz,
    allowed_rate int check (allowed_rate > 0), tokens double precision not null default 1, refilled_at timestamptz)
    with (fillfactor = 50);
create index on endpoint_states (district);
alter table endpoint_states enable row level security;
alter table endpoint_states force row level security;
create policy granted_rows on endpoint_states for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on endpoint_states for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on endpoint_states for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on endpoint_states for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on endpoint_states for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on endpoint_states to reporting_app;
grant select on endpoint_states to reporting_mechanism;

-- One event for one endpoint. `after`: the number that was planned before it. A test event has the number 0 and is not in the log.
-- `failures`: since it was first tried, was switched on again or was asked for again; `tries`: ever.
create table deliveries (
    endpoint_id uuid, event_id uuid, district text not null, epoch int not null, number bigint not null, after bigint not null,
    key text not null, type text not null,
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'resting', 'withheld')),
    tries int not null default 0, failures int not null default 0, code text, planned_at timestamptz not null,
    first_failed_at timestamptz, tried_at timestamptz, next_try_at timestamptz, claimed_until timestamptz, settled_at timestamptz,
    primary key (endpoint_id, event_id));
create index deliveries_held on deliveries (endpoint_id, key, number) where state in ('waiting', 'resting');
create index deliveries_waiting on deliveries (endpoint_id, number) where state in ('waiting', 'resting');
create index deliveries_claimed on deliveries (endpoint_id) where claimed_until is not null;
create index deliveries_settled on deliveries (settled_at);
create index deliveries_listed on deliveries (endpoint_id, planned_at, event_id);
alter table deliveries enable row level security;
alter table deliveries force row level security;
create policy granted_rows on deliveries for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on deliveries for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on deliveries for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on deliveries for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on deliveries for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on deliveries to reporting_app;
grant select, delete on deliveries to reporting_mechanism;

create table delivery_attempts (
    endpoint_id uuid, event_id uuid, try int, district text not null, began_at timestamptz not null, milliseconds int not null,
    status int, code text, primary key (endpoint_id, event_id, try));
create index on delivery_attempts (began_at);
alter table delivery_attempts enable row level security;
alter table delivery_attempts force row level security;
create policy granted_rows on delivery_attempts for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on delivery_attempts for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on delivery_attempts for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on delivery_attempts for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on delivery_attempts for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on delivery_attempts to reporting_app;
grant select, delete on delivery_attempts to reporting_mechanism;

-- The kit's: an agency's acts on its endpoints are carried out once.
create table idempotent_answers (
    district text not null, subject text not null, route text not null, key text not null,
    digest bytea not null, status int, headers jsonb, body bytea, answered_at timestamptz not null default
    now(), primary key (district, subject, route, key));
alter table idempotent_answers enable row level security;
alter table idempotent_answers force row level security;
create policy granted_rows on idempotent_answers for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on idempotent_answers for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on idempotent_answers for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on idempotent_answers for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on idempotent_answers for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on idempotent_answers to reporting_app;
grant select on idempotent_answers to reporting_mechanism;
