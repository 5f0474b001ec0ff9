"""What must never happen and spans several tables: refused whoever asks, at the statement or at the commit.

Stays true: the rules are decided in domain/; this says the same of what has been written, so that a fault in a command, or a hand in the
database, cannot store what no rule allows. A check on one row alone stands with its table.
Long, since what is refused is read in one piece.
"""

from typing import get_args

from shared.events.terms import Basis

# The facet's moves. Rights must be settled for whoever goes on towards a signing; what is signed takes effect whatever happens to them.
# A rescission is written together with the effect that was declared before it.
_MOVES = """
create function agreement_moves() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if (new.state, new.lock_count) <> ('drafted', 0) then
            raise exception 'an agreement begins as a draft, not %', new.state using errcode = 'check_violation';
        end if;
        return new;
    end if;
    if old.state <> new.state and not (old.state || '>' || new.state) = any (array[
        'drafted>reviewed', 'reviewed>drafted', 'reviewed>locked', 'locked>drafted', 'pre_registered>drafted',
        'locked>pre_registered', 'locked>signed', 'pre_registered>signed', 'signed>effective', 'locked>effective',
        'pre_registered>effective', 'effective>performed',
        'drafted>returned', 'reviewed>returned', 'locked>superseded', 'pre_registered>superseded', 'signed>rescinded',
        'effective>rescinded', 'signed>void'])
    then
        raise exception 'an agreement does not go from % to %', old.state, new.state using errcode = 'check_violation';
    end if;
    if (new.form, new.rule_set_version) <> (old.form, old.rule_set_version)
       and (new.state <> 'drafted' or old.state not in ('drafted', 'reviewed'))
    then
        raise exception 'the terms of agreement % are not a draft', new.agreement_id using errcode = 'check_violation';
    end if;
    if new.lock_count <> old.lock_count + (old.state = 'reviewed' and new.state = 'locked')::int
       or new.effective_at is distinct from old.effective_at
          and (old.effective_at is not null or new.state not in ('effective', 'rescinded'))
    then
        raise exception 'agreement % was not locked or put into force', new.agreement_id using errcode = 'check_violation';
    end if;
    if old.state <> new.state and (new.state in ('reviewed', 'locked', 'signed') or old.state in ('locked', 'pre_registered')
       and new.state = 'effective') and not exists (
        select from cases where unit_id = new.unit_id and rights_state = 'confirmed' and not (new.state = 'reviewed' and area_disputed))
    then
        raise exception 'rights or area of unit % are not settled', new.unit_id using errcode = 'check_violation';
    end if;
    return new;
end $$
"""

# Another paper takes its place in the same transaction, so a unit never loses one that was locked.
_MADE_WAY = """
create function superseded_has_a_successor() returns trigger language plpgsql as $$
begin
    if not exists (select from agreements where supersedes = new.agreement_id) then
        raise exception 'agreement % was superseded by none', new.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$
"""

# A lock has the holders that it was made with: their shares are whole, and nobody joins them later.
_LOCKED_ARE_WHOLE = """
create function locked_rights_are_whole() returns trigger language plpgsql as $$
begin
    if exists (
        select from locks where agreement_id = new.agreement_id and lock_count = new.lock_count and not (
            select count(*) = locks.holders
                   and rights_are_whole(locks.ownership, count(*), count(parts), sum(parts), min(whole), max(whole))
            from locked_holders where agreement_id = new.agreement_id and lock_count = new.lock_count))
    then
        raise exception 'agreement % was locked on rights that are not whole', new.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$
"""

# After the row, as a signature that is stored already is written again and has no effect.
_SIGNATURE = """
create function signature_is_good() returns trigger language plpgsql as $$
begin
    if not exists (
        select from agreements it join cases using (unit_id) join projects on projects.project_id = it.project_id
        where it.agreement_id = new.agreement_id and it.lock_count = new.lock_count
          and it.state in ('locked', 'pre_registered', 'signed', 'effective') and rights_state = 'confirmed' and new.signed_at >= starts_at
          and (exists (select from latches where latches.project_id = it.project_id) or new.signed_at < ends_at
               and not exists (select from closings where closings.project_id = it.project_id)))
    then
        raise exception 'agreement % is not to be signed now', new.agreement_id using errcode = 'check_violation';
    end if;
    if not exists (
        select from locked_holders holder join agreements using (agreement_id)
        left join mandates paper on (paper.mandate_id, paper.unit_id, paper.right_holder, paper.hand, paper.kind)
            = (new.mandate_id, agreements.unit_id, holder.person_id, new.hand, new.capacity) and paper.revoked_at is null
            and paper.valid_until >= (new.signed_at at time zone interval '8 hours')::date
        where holder.agreement_id = new.agreement_id and holder.lock_count = new.lock_count and holder.person_id = new.right_holder
          and (new.capacity = 'self' or paper.mandate_id is not null) and case
              when holder.kind = 'organisation' then new.capacity in ('representative', 'agent')
              when holder.capable then new.capacity in ('self', 'agent') else new.capacity = 'guardian' end)
    then
        raise exception 'this hand may not sign agreement %', new.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$
"""

# At the commit, when state, signatures, number and what the project has decided are all written.
_AGREEMENT_IS_WHOLE = """
create function agreement_is_whole() returns trigger language plpgsql as $$
declare it agreements; given numbers; signed boolean; undone boolean;
begin
    select * into it from agreements where agreement_id = new.agreement_id;
    select * into given from numbers where agreement_id = it.agreement_id;
    signed := it.state in ('signed', 'effective', 'performed');
    undone := it.state in ('rescinded', 'void');
    if signed and (given.signed_at is distinct from (
        select max(signed_at) from signatures where agreement_id = it.agreement_id and lock_count = it.lock_count)
        or exists (
        select from locked_holders holder
        where holder.agreement_id = it.agreement_id and holder.lock_count = it.lock_count and not exists (
            select from signatures where agreement_id = it.agreement_id and lock_count = it.lock_count
            and right_holder = holder.person_id)))
    then
        raise exception 'agreement % lacks a signature or a number', it.agreement_id using errcode = 'check_violation';
    end if;
    if (given.number is not null) <> (signed or undone)
       or exists (select from detachments where agreement_id = it.agreement_id) <> undone
    then
        raise exception 'agreement % is % and its number says otherwise', it.agreement_id, it.state using errcode = 'check_violation';
    end if;
    if (it.effective_at is not null or it.state in ('effective', 'performed')) and it.effective_at is distinct from (
        select greatest(declared_at, given.signed_at) from declarations where project_id = it.project_id)
       or it.state = 'void' and not exists (select from closings where project_id = it.project_id and not reached)
    then
        raise exception 'agreement % is % and its project decided otherwise', it.agreement_id, it.state using errcode = 'check_violation';
    end if;
    if it.lock_count - (it.lock_count > 0 and it.state not in ('drafted', 'reviewed', 'returned'))::int <> (
        select count(*) from acts where unit_id = it.unit_id and agreement_id = it.agreement_id and kind = 'unlocked')
    then
        raise exception 'agreement % was unlocked without saying why', it.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$
"""

# After the row, as it is written again with whatever changes in the project and then has no effect.
_DECIDED = """
create function decision_is_due() returns trigger language plpgsql as $$
declare it projects; latch latches;
begin
    select * into it from projects where project_id = new.project_id;
    select * into latch from latches where project_id = new.project_id;
    if tg_table_name = 'latches' and (
        exists (select from closings where project_id = new.project_id)
        or not coalesce((
            select bool_and(total > 0 and signed * 100 >= total * percent)
            from (select (to_jsonb(it) ->> ('total_' || name))::numeric as total, (to_jsonb(it) ->> ('signed_' || name))::numeric as signed,
                         percent
                  from jsonb_to_recordset(it.bases) as basis (name text, percent int)) as reading), false))
    then
        raise exception 'project % has not reached its threshold', new.project_id using errcode = 'check_violation';
    elsif tg_table_name = 'declarations' and (to_jsonb(new) ->> 'declared_at')::timestamptz < latch.reached_at then
        raise exception 'project % declared before its threshold', new.project_id using errcode = 'check_violation';
    elsif tg_table_name = 'closings' and (
        (to_jsonb(new) ->> 'closed_at')::timestamptz < it.ends_at or it.total_units is null
        or (to_jsonb(new) ->> 'reached')::boolean <> (latch.project_id is not null))
    then
        raise exception 'the period of project % does not close like this', new.project_id using errcode = 'check_violation';
    end if;
    return null;
end $$
"""

# From the copy on: one roll, one total, one ruler.
_FROZEN = """
create function roll_stays_frozen() returns trigger language plpgsql as $$
begin
    raise exception 'the roll of project % is counted already', old.project_id using errcode = 'check_violation';
end $$
"""
_JOINED = """
create function roll_takes_no_more() returns trigger language plpgsql as $$
begin
    if exists (select from joined join rolls using (project_id) where matched_at is not null) then
        raise exception 'a roll is counted already and takes no more' using errcode = 'check_violation';
    end if;
    return null;
end $$
"""
_REVOKED = """
create function revoked_stays_revoked() returns trigger language plpgsql as $$
begin
    raise exception 'mandate % was revoked already', old.mandate_id using errcode = 'check_violation';
end $$
"""

# For the owner too, who needs no grant; it takes a migration to do otherwise.
_ADDED = """
create function only_added_to() returns trigger language plpgsql as $$
begin
    raise exception '% is only added to', tg_table_name using errcode = 'check_violation';
end $$
"""
_ADDED_TO = (
    *("locks", "locked_holders", "signatures", "numbers", "detachments", "acts"),
    *("latches", "declarations", "closings", "counted", "days"),
)
_AT_COMMIT = "deferrable initially deferred for each row"


def _listed(row: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{row}.{column}" for column in columns)


DDL = (
    _MOVES,
    "create trigger agreement_moves before insert or update on agreements for each row execute function agreement_moves()",
    _MADE_WAY,
    f"""create constraint trigger superseded_has_a_successor after insert or update on agreements {_AT_COMMIT}
        when (new.state = 'superseded') execute function superseded_has_a_successor()""",
    _LOCKED_ARE_WHOLE,
    *(
        f"""create constraint trigger locked_rights_are_whole after insert on {table} {_AT_COMMIT}
            execute function locked_rights_are_whole()"""
        for table in ("locks", "locked_holders")
    ),
    _SIGNATURE,
    "create trigger signature_is_good after insert on signatures for each row execute function signature_is_good()",
    _AGREEMENT_IS_WHOLE,
    *(
        f"""create constraint trigger agreement_is_whole after insert or update on {table} {_AT_COMMIT}
            execute function agreement_is_whole()"""
        for table in ("agreements", "numbers", "detachments")
    ),
    _DECIDED,
    *(
        f"create trigger decision_is_due after insert on {table} for each row execute function decision_is_due()"
        for table in ("latches", "declarations", "closings")
    ),
    _FROZEN,
    *(
        f"""create trigger roll_stays_frozen before update on {table} for each row
            when (old.{known} is not null and ({_listed("old", kept)}) is distinct from ({_listed("new", kept)}))
            execute function roll_stays_frozen()"""
        for table, known, kept in (
            ("rolls", "matched_at", ("digest", "units", "households", "right_holders", "area", "matched_at")),
            ("projects", "total_units", (*(f"total_{basis}" for basis in get_args(Basis)), "counting_rule")),
        )
    ),
    _JOINED,
    *(
        f"""create trigger roll_takes_no_more after insert on {table} referencing new table as joined
            for each statement execute function roll_takes_no_more()"""
        for table in ("roll_units", "roll_parties", "roll_members")
    ),
    _REVOKED,
    """create trigger revoked_stays_revoked before update on mandates
       for each row when (old.revoked_at is not null and old.revoked_at is distinct from new.revoked_at)
       execute function revoked_stays_revoked()""",
    _ADDED,
    *(
        f"""create trigger only_added_to before update or delete or truncate on {table}
            for each statement execute function only_added_to()"""
        for table in _ADDED_TO
    ),
)
