-- A record, not a read model: it stands beside the feed in `public`, and a rebuild does not touch it.

-- `whole`: the log of this epoch begins with the district's first event.
create table exchange_numbers (
    district text primary key, epoch int not null default 1, last_number bigint not null, whole boolean not null default true)
    with (fillfactor = 50);
alter table exchange_numbers enable row level security;
alter table exchange_numbers force row level security;
create policy granted_rows on exchange_numbers for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on exchange_numbers for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on exchange_numbers for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on exchange_numbers for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on exchange_numbers for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on exchange_numbers to reporting_app;
grant select on exchange_numbers to reporting_mechanism;

create table exchange_log (
    district text, epoch int, number bigint check (number > 0), feed_number bigint not null, event_id uuid not null,
    topic text not null, key text not null, sequence bigint not null, type text not null, headers jsonb not null, payload bytea,
    appended_at timestamptz not null default clock_timestamp(),
    primary key (district, epoch, number), unique (district, epoch, event_id));
alter table exchange_log enable row level security;
alter table exchange_log force row level security;
create policy granted_rows on exchange_log for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on exchange_log for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on exchange_log for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on exchange_log for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on exchange_log for all to reporting_mechanism
    using (true) with check (true);
grant select, insert on exchange_log to reporting_app;
grant select on exchange_log to reporting_mechanism;

-- A log that can be corrected proves nothing. The trigger binds the owner too, who needs no grant.
create function refuse_change() returns trigger language plpgsql as $$
    begin raise exception 'the exchange log is append-only' using errcode = '42501'; end $$;
create trigger append_only before update or delete or truncate on exchange_log for each statement execute function refuse_change();

-- Where events were applied before this version, the log lacks them.
do $$ declare known text; begin
    perform set_config('clearwater.granted', '*', true);
    for known in select district from feed_numbers loop
        perform set_config('clearwater.district', known, true);
        insert into exchange_numbers (district, last_number, whole) values (known, 0, false);
    end loop;
    perform set_config('clearwater.district', '', true), set_config('clearwater.granted', '', true);
end $$;
