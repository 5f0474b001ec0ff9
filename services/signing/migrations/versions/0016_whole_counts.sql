-- 1. A unit that signs, or whose signing is undone, takes its household and its right-holders with it. Until now only a party that
-- changed was compared with its units, so a signing could leave its parties out.
create function unit_takes_its_parties() returns trigger language plpgsql as $$
begin
    if exists (
        select from roll_members as member
        join roll_parties as party on party.project_id = member.project_id and party.kind = member.kind and party.party_id = member.party_id
        where member.project_id = new.project_id and member.unit_id = new.unit_id and party.signed <> (
            select count(*) from roll_members as other
            join roll_units as line on line.project_id = other.project_id and line.unit_id = other.unit_id
            where other.project_id = member.project_id and other.kind = member.kind and other.party_id = member.party_id and line.signed))
    then
        raise exception 'unit % changed, and its parties did not', new.unit_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
alter function unit_takes_its_parties() set plan_cache_mode = 'force_generic_plan';
create constraint trigger unit_takes_its_parties after update of signed on roll_units deferrable initially deferred for each row
    when (old.signed is distinct from new.signed) execute function unit_takes_its_parties();

-- 2. A period does not close as unreached while its counts reach the threshold: the latch was due.
create function is_reached(it projects) returns boolean language sql stable as $$
    select coalesce(bool_and(total > 0 and signed * 100 >= total * percent), false)
    from (select (to_jsonb(it) ->> ('total_' || name))::numeric as total, (to_jsonb(it) ->> ('signed_' || name))::numeric as signed, percent
          from jsonb_to_recordset(it.bases) as basis (name text, percent int)) as reading
$$;
create or replace function decision_is_due() returns trigger language plpgsql as $$
declare it projects; latch latches;
begin
    select * into it from projects where project_id = new.project_id;
    select * into latch from latches where project_id = new.project_id;
    if tg_table_name = 'latches' and (exists (select from closings where project_id = new.project_id) or not is_reached(it)) then
        raise exception 'project % has not reached its threshold', new.project_id using errcode = 'check_violation';
    elsif tg_table_name = 'declarations' and (to_jsonb(new) ->> 'declared_at')::timestamptz < latch.reached_at then
        raise exception 'project % declared before its threshold', new.project_id using errcode = 'check_violation';
    elsif tg_table_name = 'closings' and (
        (to_jsonb(new) ->> 'closed_at')::timestamptz < it.ends_at or it.total_units is null
        or (to_jsonb(new) ->> 'reached')::boolean <> (latch.project_id is not null)
        or (latch.project_id is null and is_reached(it)))
    then
        raise exception 'the period of project % does not close like this', new.project_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
