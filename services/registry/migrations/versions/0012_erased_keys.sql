-- A forgotten person's key leaves the journal too. A wrapped key opens with its reader's private key, so the journal's copy would open every sealed
-- record of the person for whoever has both. Nobody but this function changes an event, and it changes nothing else: no role may update `events`.
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'events' and tg_op = 'UPDATE' and current_setting('clearwater.erases', true) = 'keys' then
        return null;
    end if;
    raise exception 'the journal is append-only' using errcode = '42501';
end $$;

-- A key that is not sent yet is needed to send it: it is erased when it is asked for again, after a reader has confirmed.
create function erase_keys(person text) returns void language plpgsql security definer set search_path from current as $$
begin
    perform set_config('clearwater.erases', 'keys', true);
    update events set payload = null
    where topic = concat('clearwater.', current_setting('clearwater.district'), '.registry-key') and key = person
      and type = 'clearwater.registry.key.wrapped.v1' and payload is not null
      and not exists (select from unsent where unsent.id = events.id)
      and not exists (select from vault where vault.person_id = person::uuid);
    perform set_config('clearwater.erases', '', true);
end $$;
revoke execute on function erase_keys from public;
grant execute on function erase_keys to registry_app;

-- Of those who were forgotten before.
do $$
declare
    forgotten record;
begin
    perform set_config('clearwater.granted', '*', true);
    for forgotten in select district, key from events where type = 'clearwater.registry.key.deleted.v1' loop
        perform set_config('clearwater.district', forgotten.district, true), erase_keys(forgotten.key);
    end loop;
    perform set_config('clearwater.district', '', true), set_config('clearwater.granted', '', true);
end $$;
