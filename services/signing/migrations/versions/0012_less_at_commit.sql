-- A party's units are looked up by their keys. Joined to the whole roll, the database read and planned it anew for each party of a signing.
create or replace function party_is_as_its_units() returns trigger language plpgsql as $$
begin
    if exists (
        select from roll_parties party
        where (party.project_id, party.kind, party.party_id) = (new.project_id, new.kind, new.party_id) and party.signed <> (
            select count(*) from roll_members member
            where (member.project_id, member.kind, member.party_id) = (new.project_id, new.kind, new.party_id) and (
                select signed from roll_units line where (line.project_id, line.unit_id) = (member.project_id, member.unit_id))))
    then
        raise exception 'party % has not signed for so many units', new.party_id using errcode = 'check_violation';
    end if;
    return null;
end $$;

-- A number is inserted once for an agreement. If the agreement's row changes beside it, agreement_is_whole compares the two there. If it does
-- not change, it was whole without a number, so it is neither signed nor undone, and the number is refused here.
create function agreement_has_number() returns trigger language plpgsql as $$
declare found_state text;
begin
    select state into found_state from agreements
    where agreement_id = new.agreement_id and not counts_as_signed and state not in ('rescinded', 'void');
    if found then
        raise exception 'agreement % is % and its number says otherwise', new.agreement_id, found_state using errcode = 'check_violation';
    end if;
    return null;
end $$;
drop trigger agreement_is_whole on numbers;
create constraint trigger agreement_is_whole after update on numbers deferrable initially deferred for each row
    execute function agreement_is_whole();
create constraint trigger agreement_has_number after insert on numbers deferrable initially deferred for each row
    execute function agreement_has_number();

-- These look up a few rows by their keys. Left to itself, the database may plan their statements anew at every signing, which costs more.
alter function party_is_as_its_units() set plan_cache_mode = 'force_generic_plan';
alter function roll_is_as_agreed() set plan_cache_mode = 'force_generic_plan';
alter function tally_changed_unit() set plan_cache_mode = 'force_generic_plan';
