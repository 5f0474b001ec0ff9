-- Daily reports as they were frozen. A record, not a read model: it outlasts every rebuild, and nothing may change it.
create table daily_reports (
    district text not null, project_id uuid not null, business_on date not null, restatement int not null check (restatement >= 0),
    feed_number bigint not null, frozen_at timestamptz not null default clock_timestamp(), body jsonb not null,
    primary key (project_id, business_on, restatement));
alter table daily_reports enable row level security;
alter table daily_reports force row level security;
create policy granted_rows on daily_reports for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on daily_reports for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on daily_reports for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on daily_reports for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on daily_reports for all to reporting_mechanism
    using (true) with check (true);
grant select, insert on daily_reports to reporting_app;
grant select on daily_reports to reporting_mechanism;
