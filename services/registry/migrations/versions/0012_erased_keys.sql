-- A forgotten person's key leaves the journal too. A wrapped key opens with its reader's private key, so the journal's copy would open every sealed
-- record of the person for whoever has both. Nothing else of an event changes, and no other event.
drop trigger append_only on events;
create trigger append_only before delete or truncate on events for each statement execute function refuse_change();

create function refuse_change_of_event() returns trigger language plpgsql as $$
begin
    if old.type = 'clearwater.registry.key.wrapped.v1' and new.payload is null and to_jsonb(new) - 'payload' = to_jsonb(old) - 'payload'
       and exists (select from events as deleted
                   where (deleted.topic, deleted.key) = (old.topic, old.key) and deleted.sequence > old.sequence
                     and deleted.type = 'clearwater.registry.key.deleted.v1') then
        return new;
    end if;
    raise exception 'the journal is append-only' using errcode = '42501';
end $$;
create trigger no_change before update on events for each row execute function refuse_change_of_event();

-- As the owner, for an act that may insert only. A wrapped key that is not sent yet is still needed: the next function erases it.
create function erase_sent_keys() returns trigger language plpgsql security definer set search_path from current as $$
begin
    update events set payload = null
    where (topic, key) = (new.topic, new.key) and type = 'clearwater.registry.key.wrapped.v1' and payload is not null
      and not exists (select from unsent where unsent.id = events.id);
    return null;
end $$;
create trigger erase_sent_keys after insert on events for each row
    when (new.type = 'clearwater.registry.key.deleted.v1') execute function erase_sent_keys();

-- The deletion is sent, and so is what came before it on the same key.
create function erase_keys_when_sent() returns trigger language plpgsql as $$
begin
    update events set payload = null
    from sent join events as deleted using (id)
    where deleted.type = 'clearwater.registry.key.deleted.v1' and (events.topic, events.key) = (deleted.topic, deleted.key)
      and events.type = 'clearwater.registry.key.wrapped.v1' and events.payload is not null;
    return null;
end $$;
create trigger erase_keys_when_sent after delete on unsent referencing old table as sent
    for each statement execute function erase_keys_when_sent();
grant update (payload) on events to registry_mechanism;

-- Of those who were forgotten before.
do $$
declare
    place text;
begin
    perform set_config('clearwater.granted', '*', true);
    for place in select distinct district from events where type = 'clearwater.registry.key.deleted.v1' loop
        perform set_config('clearwater.district', place, true);
        update events set payload = null
        from events as deleted
        where deleted.type = 'clearwater.registry.key.deleted.v1' and deleted.district = place
          and (events.topic, events.key) = (deleted.topic, deleted.key) and events.type = 'clearwater.registry.key.wrapped.v1'
          and events.payload is not null and not exists (select from unsent where unsent.id = events.id);
    end loop;
    perform set_config('clearwater.district', '', true), set_config('clearwater.granted', '', true);
end $$;
