-- Every column may change when its commands change it, and at no other time (decision 54).

-- 1. A column that no command changes is not granted: whom a message is for, over which channel, and what it says.
revoke update on messages, attempts, person_keys, contacts, projects, units, right_holders from notify_app;
grant update (state, code, receipt, tries, tried_at, next_try_at, settled_at, hold_until, forgiven, holds_begun) on messages to notify_app;
grant update (began_at, ended_at, outcome, code) on attempts to notify_app;
grant update (key_id, wrapped, dropped_at) on person_keys to notify_app;
grant update (key_id, nonce, ciphertext) on contacts to notify_app;
grant update (name) on projects to notify_app;
grant update (project_id, revision, label) on units to notify_app;
grant update (masked_name, current) on right_holders to notify_app;

-- The conditions of the triggers are written column by column: PostgreSQL gives a comparison of rows another form after a dump was read.

-- 2. A message goes by the moves of domain/message.py. `tries` counts the calls of a gateway; `forgiven`, `holds_begun` begin anew with a person's order.
create function message_moves() returns trigger language plpgsql as $$
declare
    ordered boolean := old.state = 'failed' and new.state = 'waiting';
    given_back boolean := old.state in ('trying', 'unknown') and new.state in ('waiting', 'held');
begin
    if not (case old.state
        when 'held' then new.state in ('trying', 'superseded', 'withheld')
        when 'waiting' then new.state in ('trying', 'superseded', 'withheld')
        when 'trying' then new.state in ('sent', 'failed', 'unknown', 'waiting', 'held')
        when 'unknown' then new.state in ('sent', 'failed', 'waiting')
        else ordered
    end) then
        raise exception 'message % does not go from % to %', old.message_key, old.state, new.state using errcode = 'check_violation';
    end if;
    if new.tries <> old.tries + (new.state = 'trying')::int and not (given_back and new.tries = old.tries - 1)
       or new.forgiven <> (case when ordered then old.tries else old.forgiven end)
       or new.holds_begun <> (case when ordered then 0 else old.holds_begun end)
          and not (old.state in ('trying', 'unknown') and new.holds_begun = old.holds_begun + 1) then
        raise exception 'the tries of message % do not follow its move', old.message_key using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger message_moves before update of state on messages for each row when (old.state is distinct from new.state)
    execute function message_moves();
create function message_stands() returns trigger language plpgsql as $$
begin
    raise exception 'message % changes without a move', old.message_key using errcode = 'check_violation';
end $$;
-- Asked again, an unknown message may begin a hold.
create trigger message_stands before update on messages for each row
    when (old.state = new.state and (
          old.tries is distinct from new.tries or old.tried_at is distinct from new.tried_at or old.forgiven is distinct from new.forgiven
          or (old.state <> 'unknown' and old.holds_begun is distinct from new.holds_begun)
          or (old.state in ('sent', 'failed', 'withheld', 'superseded') and (
              old.code is distinct from new.code or old.receipt is distinct from new.receipt
              or old.settled_at is distinct from new.settled_at or old.next_try_at is distinct from new.next_try_at
              or old.hold_until is distinct from new.hold_until))))
    execute function message_stands();
-- A message is for a recipient of its fact who has none yet: nobody gets a second one over another channel.
create function message_begins() returns trigger language plpgsql as $$
begin
    if new.state in ('trying', 'sent', 'failed', 'unknown') or new.tries <> 0 or new.forgiven <> 0 then
        raise exception 'message % begins as %, after % tries', new.message_key, new.state, new.tries using errcode = 'check_violation';
    end if;
    if not exists (select from recipients where event_id = new.event_id and person_id = new.person_id and planned_at is null) then
        raise exception 'message % is for nobody who waits for one', new.message_key using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger message_begins before insert on messages for each row execute function message_begins();

-- 3. A try is written while its message is being tried or is in doubt, and it is the last one. So no outcome changes after it is settled.
create function attempt_is_under_way() returns trigger language plpgsql as $$
begin
    if not exists (select from messages where message_key = new.message_key and tries = new.try and state in ('trying', 'unknown')) then
        raise exception 'try % of message % is not under way', new.try, new.message_key using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger attempt_is_under_way before insert or update on attempts for each row execute function attempt_is_under_way();
-- At the commit a message and its last try say the same.
create function message_is_as_tried() returns trigger language plpgsql as $$
begin
    if exists (
        select from messages left join attempts on attempts.message_key = messages.message_key and try = tries
        where messages.message_key = new.message_key and state in ('trying', 'sent', 'failed', 'unknown')
          and (try is null or outcome is distinct from nullif(state, 'trying'))) then
        raise exception 'message % is %, and its last try is not', new.message_key, new.state using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger message_is_as_tried after update of state on messages deferrable initially deferred for each row
    when (old.state is distinct from new.state and new.state in ('trying', 'sent', 'failed', 'unknown'))
    execute function message_is_as_tried();

-- 4. Who was forgotten stays forgotten. A contact goes with its key, and with nothing else.
create function forgotten_stays_forgotten() returns trigger language plpgsql as $$
begin
    raise exception 'person % was forgotten, and their key does not come back', old.person_id using errcode = 'check_violation';
end $$;
create trigger forgotten_stays_forgotten before update on person_keys for each row
    when (old.dropped_at is not null and (old.dropped_at is distinct from new.dropped_at or old.wrapped is distinct from new.wrapped
          or old.key_id is distinct from new.key_id))
    execute function forgotten_stays_forgotten();
create function contact_goes_with_its_key() returns trigger language plpgsql as $$
begin
    if not exists (select from person_keys where district = old.district and person_id = old.person_id and dropped_at is not null) then
        raise exception 'the contact of person % goes, and their key does not', old.person_id using errcode = 'check_violation';
    end if;
    return old;
end $$;
create trigger contact_goes_with_its_key before delete on contacts for each row execute function contact_goes_with_its_key();

-- 5. What was planned is not planned again, who is concerned is not looked up again, a hold that has ended is over, a unit keeps its project.
create function stays_as_it_is() returns trigger language plpgsql as $$
begin
    raise exception '% of % stays as it is', tg_argv[0], tg_table_name using errcode = 'check_violation';
end $$;
create trigger planned_stays_planned before update of planned_at on recipients for each row
    when (old.planned_at is not null and old.planned_at is distinct from new.planned_at) execute function stays_as_it_is('planned_at');
create trigger resolved_stays_resolved before update of resolved on facts for each row
    when (old.resolved and not new.resolved) execute function stays_as_it_is('resolved');
create trigger ended_stays_ended before update on channel_holds for each row
    when (old.ended_at is not null and (old.ended_at is distinct from new.ended_at or old.code is distinct from new.code
          or old.probes is distinct from new.probes or old.next_probe_at is distinct from new.next_probe_at))
    execute function stays_as_it_is('a hold that has ended');
create trigger unit_keeps_its_project before update of project_id on units for each row
    when (old.project_id is distinct from new.project_id) execute function stays_as_it_is('project_id');
