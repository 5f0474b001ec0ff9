-- Debezium's way out (decision 50): off until the trigger is enabled. An event then passes through `outbox` instead of waiting in `unsent`: its row is
-- inserted and deleted in the event's own transaction, so the write-ahead log carries it and the table stays empty.
create table outbox (
    id uuid primary key, aggregatetype text not null, aggregateid text not null, type text not null, payload bytea,
    route text not null, contenttype text not null, specversion text not null, source text not null, dataschema text not null,
    sequence text not null, time text not null, epoch text not null, correlationid text, causationid text, traceparent text,
    district text not null)
    with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
alter table outbox enable row level security;
alter table outbox force row level security;
create policy granted_rows on outbox for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on outbox for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on outbox for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on outbox for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on outbox for all to signing_mechanism
    using (true) with check (true);
grant select, insert, delete on outbox to signing_app;
grant select, insert, delete on outbox to signing_mechanism;
-- A header that the event does not have is named behind the topic: the router writes all headers, and the connector takes those away again.
create function leave_by_log() returns trigger language plpgsql as $$
begin
    insert into outbox
    select event_id, aggregatetype, key, type, payload,
           concat(topic, case when correlation is null then '#correlationid' end, case when causation is null then '#causationid' end,
                  case when trace is null then '#traceparent' end),
           'application/json', '1.0', concat('/', district, '/', split_part(type, '.', 2)), concat('urn:clearwater:schema:', type),
           lpad(sequence::text, 20, '0'), headers ->> 'time', headers ->> 'epoch', correlation, causation, trace, district
    from events, nullif(headers ->> 'correlationid', '') as correlation, nullif(headers ->> 'causationid', '') as causation,
         nullif(headers ->> 'traceparent', '') as trace
    where id = new.id;
    delete from outbox where id = (select event_id from events where id = new.id);
    return null;
end $$;
create trigger leave_by_log before insert on unsent for each row execute function leave_by_log();
alter table unsent disable trigger leave_by_log;
create publication outbox for table outbox with (publish = 'insert');
