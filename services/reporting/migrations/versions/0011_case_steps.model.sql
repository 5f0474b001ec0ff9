-- Each event of a case with its instant. Cases of before have no steps until the model is rebuilt.

create table case_steps (
    unit_id uuid, epoch int, number bigint, district text not null, fact text not null, at timestamptz not null, series text,
    sequence_number bigint, primary key (unit_id, epoch, number));
alter table case_steps enable row level security;
alter table case_steps force row level security;
create policy granted_rows on case_steps for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on case_steps for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on case_steps for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on case_steps for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on case_steps for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on case_steps to reporting_app;
grant select on case_steps to reporting_mechanism;
