-- How far each consumer is behind in each district, as it last counted, and when it last had read everything.
create table lags (
    consumer text, district text, events bigint not null, caught_up_at timestamptz not null default clock_timestamp(),
    primary key (consumer, district)) with (fillfactor = 50);
alter table lags enable row level security;
alter table lags force row level security;
create policy granted_rows on lags for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on lags for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on lags for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on lags for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on lags for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update on lags to signing_app;
grant select on lags to signing_mechanism;
