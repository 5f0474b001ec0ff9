-- The read models in their own schema, so that a rebuild can fill another one and swap; feed and pulses beside them in `public`.

create table row_probe (district text primary key);
alter table row_probe enable row level security;
alter table row_probe force row level security;
create policy granted_rows on row_probe for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on row_probe for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on row_probe for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on row_probe for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on row_probe for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update, delete on row_probe to reporting_app;
grant select on row_probe to reporting_mechanism;

do $$ begin
    if to_regclass('alembic_version') is not null then
        grant select on alembic_version to reporting_app, reporting_mechanism;
    end if;
end $$;

select set_config('clearwater.district', '000001', true);

insert into row_probe (district) values ('000001');

select set_config('clearwater.district', '000002', true);

insert into row_probe (district) values ('000002');

select set_config('clearwater.district', '', true);

create table feed_numbers (district text primary key, last_number bigint not null) with (fillfactor = 50);
alter table feed_numbers enable row level security;
alter table feed_numbers force row level security;
create policy granted_rows on feed_numbers for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on feed_numbers for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on feed_numbers for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on feed_numbers for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on feed_numbers for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on feed_numbers to reporting_app;
grant select on feed_numbers to reporting_mechanism;

create table feed (
    district text, number bigint, kind text not null, body jsonb not null,
    appended_at timestamptz not null default clock_timestamp(), primary key (district, number));
alter table feed enable row level security;
alter table feed force row level security;
create policy granted_rows on feed for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on feed for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on feed for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on feed for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on feed for all to reporting_mechanism
    using (true) with check (true);
grant select, insert on feed to reporting_app;
grant select, delete on feed to reporting_mechanism;

create table pulses (consumer text primary key, caught_up_at timestamptz not null);
grant select, insert, update on pulses to reporting_app;
grant select on pulses to reporting_mechanism;

create schema model;
grant usage on schema model to reporting_app, reporting_mechanism;
