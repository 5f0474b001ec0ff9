-- What left for an agency, by hour: how many events, between which log numbers, under which grants. `taker`: a client of the agency, or an
-- endpoint. A repeat counts again. A record, not a read model: a row of the hour grows, and nothing takes from it.
create table exchange_taken (
    district text, agency text not null, taker text, channel text check (channel in ('feed', 'snapshot', 'webhook')), epoch int,
    hour timestamptz, grants uuid[] not null, first_number bigint not null, last_number bigint not null, events bigint not null,
    answers bigint not null, primary key (district, taker, channel, epoch, hour))
    with (fillfactor = 50);
create index on exchange_taken (district, agency, hour);
alter table exchange_taken enable row level security;
alter table exchange_taken force row level security;
create policy granted_rows on exchange_taken for select to reporting_app, reporting_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on exchange_taken for insert to reporting_app, reporting_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on exchange_taken for update to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on exchange_taken for delete to reporting_app, reporting_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on exchange_taken for all to reporting_mechanism
    using (true) with check (true);
grant select, insert, update on exchange_taken to reporting_app;
grant select on exchange_taken to reporting_mechanism;

create function refuse_less() returns trigger language plpgsql as $$
    begin
        if (new.district, new.agency, new.taker, new.channel, new.epoch, new.hour)
             is distinct from (old.district, old.agency, old.taker, old.channel, old.epoch, old.hour)
           or new.events < old.events or new.answers < old.answers or not new.grants @> old.grants
           or new.first_number > old.first_number or new.last_number < old.last_number then
            raise exception '% only grows', tg_table_name using errcode = '42501';
        end if;
        return new;
    end $$;
create trigger only_grows before update on exchange_taken for each row execute function refuse_less();
create trigger append_only before delete or truncate on exchange_taken for each statement execute function refuse_change_of_record();
