-- How far each consumer is behind in each district, as it last counted, and when it last had read everything.
create table lags (
    consumer text, district text, events bigint not null, caught_up_at timestamptz not null default clock_timestamp(),
    primary key (consumer, district)) with (fillfactor = 50);
alter table lags enable row level security;
alter table lags force row level security;
create policy granted_rows on lags for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on lags for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on lags for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on lags for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on lags for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on lags to reporting_app;
grant select on lags to reporting_mechanism;

-- What signing has closed: the figures of a business day, with each restatement.
create table closed_days (
    district text not null, project_id uuid not null, business_on date not null, restatement int not null check (restatement >= 0),
    as_of bigint not null, series jsonb not null, bases jsonb not null, counting_rule text not null, closed_at timestamptz not null,
    primary key (project_id, business_on, restatement));
alter table closed_days enable row level security;
alter table closed_days force row level security;
create policy granted_rows on closed_days for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on closed_days for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on closed_days for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on closed_days for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on closed_days for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on closed_days to reporting_app;
grant select on closed_days to reporting_mechanism;
