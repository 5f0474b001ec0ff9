-- squawk-ignore-file adding-field-with-default, adding-required-field, require-concurrent-index-creation, require-concurrent-index-deletion
-- squawk-ignore-file adding-not-nullable-field, ban-drop-column
-- The tables of one office are small: each is locked once.

-- 1. What counts as signed, and what is live: here, and as SIGNED and LIVE in domain/agreement.py, which a test compares.

alter table agreements
    add column counts_as_signed boolean not null generated always as (state in ('signed', 'effective', 'performed')) stored,
    add column live boolean not null generated always as (
        state in ('drafted', 'reviewed', 'locked', 'pre_registered', 'signed', 'effective', 'performed')) stored;
drop index one_live_agreement;
-- At most one live agreement per unit: the second of two desks that draft at once fails here, not by a timer.
create unique index one_live_agreement on agreements (unit_id) where live;

create or replace function roll_is_as_agreed() returns trigger language plpgsql as $$
begin
    if exists (
        select from roll_units line where line.project_id = new.project_id and line.unit_id = new.unit_id and line.signed <> exists (
            select from agreements where agreements.unit_id = line.unit_id and counts_as_signed))
    then
        raise exception 'the roll says of unit % what its agreements do not', new.unit_id using errcode = 'check_violation';
    end if;
    return null;
end $$;

drop trigger roll_is_as_agreed on agreements;
create constraint trigger roll_is_as_agreed after update on agreements deferrable initially deferred for each row
    when (new.counts_as_signed is distinct from old.counts_as_signed) execute function roll_is_as_agreed();

create or replace function copied_roll_is_whole() returns trigger language plpgsql as $$
declare ours uuid := new.project_id;
begin
    if not exists (
        select from rolls join projects using (project_id)
        where project_id = ours and matched_at is not null
          and (units, households, right_holders, area) = (total_units, total_households, total_right_holders, total_area)
          and (units, area) = (select count(*), coalesce(sum(roll_units.area), 0) from roll_units where roll_units.project_id = ours)
          and (households, right_holders) = (
              select count(*) filter (where kind = 'household'), count(*) filter (where kind = 'right_holder')
              from roll_parties where roll_parties.project_id = ours))
    then
        raise exception 'the roll of project % is not whole', ours using errcode = 'check_violation';
    end if;
    if exists (
        select from roll_units line where project_id = ours and line.signed <> exists (
            select from agreements where agreements.unit_id = line.unit_id and counts_as_signed))
       or exists (
        select from roll_parties party left join (
            select kind, party_id, count(*) as units, count(*) filter (where line.signed) as signed
            from roll_members join roll_units line using (project_id, unit_id) where project_id = ours group by kind, party_id
        ) as own using (kind, party_id)
        where party.project_id = ours and (party.units, party.signed) is distinct from (own.units, own.signed))
    then
        raise exception 'the roll of project % says who has signed, and they have not', ours using errcode = 'check_violation';
    end if;
    return null;
end $$;

create or replace function agreement_is_whole() returns trigger language plpgsql as $$
declare it agreements; given numbers; signed boolean; undone boolean;
begin
    select * into it from agreements where agreement_id = new.agreement_id;
    select * into given from numbers where agreement_id = it.agreement_id;
    signed := it.counts_as_signed;
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
end $$;


-- 2. The same proof for less.

-- The series is compared with its last number where it changes; a number beside an unchanged series is beyond it.
create function number_is_within_its_series() returns trigger language plpgsql as $$
declare last bigint;
begin
    select last_number into last from series where project_id = new.project_id and series = new.series;
    if new.number > coalesce(last, 0) then
        raise exception 'the series says % and its last number is %', last, new.number using errcode = 'check_violation';
    end if;
    return null;
end $$;
drop trigger series_is_as_numbered on numbers;
create constraint trigger series_is_as_numbered after insert on numbers deferrable initially deferred for each row
    execute function number_is_within_its_series();

-- One lookup for a fact, not four.
create or replace function fact_has_happened() returns trigger language plpgsql as $$
declare known boolean;
begin
    if new.fact = 'signed' then
        known := exists (
            select from numbers where agreement_id = new.agreement_id and project_id = new.project_id and signed_at = new.happened_at);
    elsif new.fact = 'undone' then
        known := exists (
            select from detachments join numbers using (agreement_id)
            where agreement_id = new.agreement_id and project_id = new.project_id and detached_at = new.happened_at);
    elsif new.fact = 'effective' then
        known := exists (
            select from agreements where agreement_id = new.agreement_id and project_id = new.project_id and effective_at = new.happened_at);
    else
        known := exists (select from rolls where project_id = new.project_id and matched_at = new.happened_at);
    end if;
    if not known then
        raise exception 'the feed of project % tells what has not happened', new.project_id using errcode = 'check_violation';
    end if;
    return null;
end $$;


-- 3. Tallies: a signing changes one unit, two parties or so, and adds one fact. For these a trigger of the row is cheaper than one that
--    adds up a table of changes; copying a roll adds all its rows at once and keeps its own.

create or replace function tally_units() returns trigger language plpgsql as $$
begin
    insert into tallies (district, project_id, roll_units, roll_area)
    select district, project_id, count(*), sum(area) from now_so where signed group by district, project_id
    on conflict (project_id) do update
        set roll_units = tallies.roll_units + excluded.roll_units, roll_area = tallies.roll_area + excluded.roll_area;
    return null;
end $$;
create function tally_changed_unit() returns trigger language plpgsql as $$
declare
    more_units bigint := new.signed::int - old.signed::int;
    more_area bigint := new.signed::int * new.area - old.signed::int * old.area;
begin
    update tallies set roll_units = roll_units + more_units, roll_area = roll_area + more_area where project_id = new.project_id;
    if not found then
        insert into tallies (district, project_id, roll_units, roll_area) values (new.district, new.project_id, more_units, more_area);
    end if;
    return null;
end $$;
drop trigger tally_changed_units on roll_units;
create trigger tally_changed_units after update on roll_units for each row
    when ((new.signed, new.area) is distinct from (old.signed, old.area)) execute function tally_changed_unit();

create or replace function tally_parties() returns trigger language plpgsql as $$
begin
    insert into tallies (district, project_id, roll_households, roll_right_holders)
    select district, project_id, count(*) filter (where kind = 'household'), count(*) filter (where kind = 'right_holder')
    from now_so where signed >= counts_from group by district, project_id
    on conflict (project_id) do update
        set roll_households = tallies.roll_households + excluded.roll_households,
            roll_right_holders = tallies.roll_right_holders + excluded.roll_right_holders;
    return null;
end $$;
create function tally_changed_party() returns trigger language plpgsql as $$
declare
    turned int := (new.signed >= new.counts_from)::int - (old.signed >= old.counts_from)::int;
    more_households bigint := case new.kind when 'household' then turned else 0 end;
    more_right_holders bigint := case new.kind when 'right_holder' then turned else 0 end;
begin
    update tallies set roll_households = roll_households + more_households,
                       roll_right_holders = roll_right_holders + more_right_holders
    where project_id = new.project_id;
    if not found then
        insert into tallies (district, project_id, roll_households, roll_right_holders)
        values (new.district, new.project_id, more_households, more_right_holders);
    end if;
    return null;
end $$;
drop trigger tally_changed_parties on roll_parties;
create trigger tally_changed_parties after update on roll_parties for each row
    when ((new.signed >= new.counts_from) <> (old.signed >= old.counts_from)) execute function tally_changed_party();

create or replace function tally_feed() returns trigger language plpgsql as $$
begin
    update tallies
    set fed_units = fed_units + new.units, fed_households = fed_households + new.households,
        fed_right_holders = fed_right_holders + new.right_holders, fed_area = fed_area + new.area
    where project_id = new.project_id;
    if not found then
        insert into tallies (district, project_id, fed_units, fed_households, fed_right_holders, fed_area)
        values (new.district, new.project_id, new.units, new.households, new.right_holders, new.area);
    end if;
    return null;
end $$;
drop trigger tally_feed on counted;
create trigger tally_feed after insert on counted for each row execute function tally_feed();


-- 4. These two look up a few rows by their keys. Left to itself, the database plans their statements anew at every signing, which costs more.

alter function signature_is_good() set plan_cache_mode = 'force_generic_plan';
alter function agreement_is_whole() set plan_cache_mode = 'force_generic_plan';
