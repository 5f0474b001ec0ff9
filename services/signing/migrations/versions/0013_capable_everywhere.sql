-- One unit that calls a person incapable is enough, whether they sign for another or for themselves.
create or replace function signature_is_sound() returns trigger language plpgsql as $$
begin
    if exists (
        select from signatures where agreement_id = new.agreement_id and lock_count = new.lock_count
            and right_holder <> new.right_holder and signed_at >= new.signed_at)
    then
        raise exception 'agreement % goes back in time', new.agreement_id using errcode = 'check_violation';
    end if;
    if not may_sign_for_others(new.hand) or (new.capacity <> 'self' and new.hand = new.right_holder) then
        raise exception 'this hand may not sign for % on agreement %',
            case new.capacity when 'self' then 'themselves' else 'another' end, new.agreement_id using errcode = 'check_violation';
    end if;
    if new.capacity = 'self' then
        return null;
    end if;
    if not exists (
        select from mandates paper
        cross join lateral (select case paper.kind when 'agent' then 'power_of_attorney' when 'guardian' then 'guardianship'
                                                   else 'seal_authority' end as code) as wanted
        where paper.mandate_id = new.mandate_id and (wanted.code = any (new.papers) or exists (
            select from acts where acts.unit_id = paper.unit_id and acts.agreement_id = new.agreement_id and acts.kind = 'reviewed'
                and acts.at >= paper.recorded_at and acts.facts -> 'papers' ? wanted.code)))
    then
        raise exception 'agreement % is signed on a paper that nobody has seen', new.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
