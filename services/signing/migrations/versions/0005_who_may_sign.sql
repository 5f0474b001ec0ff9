-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid, ban-drop-constraint, disallowed-unique-constraint
-- squawk-ignore-file require-concurrent-index-creation, prefer-text-field
-- The tables of one office are small, and no older code runs on this version, so each is read and locked once.

-- Older code takes signatures without saying who took them.
update served_code set oldest = '0005';
-- What is read below is read over all districts.
select set_config('clearwater.granted', '*', true);


-- 1. Who may sign, on which papers, and who took it.

alter table signatures add column taken_by text;
alter table signatures add column desk text;
alter table signatures add column papers text[] not null default '{}';
-- Signatures of before have none, and are only added to.
alter table signatures add constraint signatures_taken_by_check check (taken_by is not null and taken_by <> '') not valid;

-- Of a person who is registered somewhere in the district, the register's word counts: one unit that calls them incapable is enough.
create function may_sign_for_others(person uuid) returns boolean language sql stable as $$
    select coalesce(bool_and(capable and kind = 'natural'), true) from case_holders where person_id = person
$$;

-- When it is recorded; a paper that was recorded before may still be revoked.
create function mandate_is_good() returns trigger language plpgsql as $$
begin
    if new.hand = new.right_holder or not may_sign_for_others(new.hand) then
        raise exception 'this hand may not be given a mandate on unit %', new.unit_id using errcode = 'check_violation';
    end if;
    if not exists (
        select from case_holders where unit_id = new.unit_id and person_id = new.right_holder and case
            when kind = 'organisation' then new.kind in ('representative', 'agent')
            when capable then new.kind = 'agent' else new.kind = 'guardian' end)
    then
        raise exception 'no such mandate on unit %', new.unit_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger mandate_is_good before insert on mandates for each row execute function mandate_is_good();

-- After the row, as a signature that is stored already is written again and has no effect.
create function signature_is_sound() returns trigger language plpgsql as $$
begin
    if exists (
        select from signatures where agreement_id = new.agreement_id and lock_count = new.lock_count
            and right_holder <> new.right_holder and signed_at >= new.signed_at)
    then
        raise exception 'agreement % goes back in time', new.agreement_id using errcode = 'check_violation';
    end if;
    if new.capacity = 'self' then
        return null;
    end if;
    if new.hand = new.right_holder or not may_sign_for_others(new.hand) then
        raise exception 'this hand may not sign for another on agreement %', new.agreement_id using errcode = 'check_violation';
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
create trigger signature_is_sound after insert on signatures for each row execute function signature_is_sound();


-- 2. Rights that are confirmed stay as they were confirmed, and a lock freezes nothing else.

create function rights_of(unit uuid) returns text language sql stable as $$
    select md5(string_agg(concat_ws('/', person_id, kind, capable, parts, whole), ',' order by person_id))
    from case_holders where unit_id = unit
$$;

alter table cases add column confirmed_as text;
alter table cases no force row level security;
update cases set confirmed_as = ownership || ' ' || rights_of(unit_id) where rights_state = 'confirmed';
set constraints all immediate;
set constraints all deferred;
alter table cases force row level security;

create function rights_are_confirmed_as_they_stand() returns trigger language plpgsql as $$
begin
    if new.rights_state <> 'confirmed' then
        new.confirmed_as := null;
    elsif tg_op = 'INSERT' or old.rights_state <> 'confirmed' then
        new.confirmed_as := new.ownership || ' ' || rights_of(new.unit_id);
    else
        new.confirmed_as := old.confirmed_as;
    end if;
    return new;
end $$;
create trigger rights_are_confirmed_as_they_stand before insert or update on cases for each row
    execute function rights_are_confirmed_as_they_stand();

create or replace function confirmed_rights_are_whole() returns trigger language plpgsql as $$
declare it cases;
begin
    select * into it from cases where unit_id = coalesce(new.unit_id, old.unit_id) and rights_state = 'confirmed';
    if it.unit_id is null then
        return null;
    end if;
    if not (
        select rights_are_whole(it.ownership, count(*), count(parts), sum(parts), min(whole), max(whole))
        from case_holders where unit_id = it.unit_id)
    then
        raise exception 'the confirmed rights of case % are not whole', it.unit_id using errcode = 'check_violation';
    end if;
    if it.confirmed_as is distinct from it.ownership || ' ' || rights_of(it.unit_id) then
        raise exception 'the rights of case % were confirmed otherwise', it.unit_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger confirmed_holders_stay after delete on case_holders deferrable initially deferred for each row
    execute function confirmed_rights_are_whole();

create function lock_freezes_what_is_confirmed() returns trigger language plpgsql as $$
begin
    if not exists (
        select from agreements join cases using (unit_id)
        where agreement_id = new.agreement_id and rights_state = 'confirmed' and cases.rights_revision = new.rights_revision
          and cases.ownership = new.ownership and confirmed_as = new.ownership || ' ' || (
              select md5(string_agg(concat_ws('/', person_id, kind, capable, parts, whole), ',' order by person_id))
              from locked_holders where agreement_id = new.agreement_id and lock_count = new.lock_count))
    then
        raise exception 'agreement % was locked on rights that nobody has confirmed', new.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger lock_freezes_what_is_confirmed after insert on locks deferrable initially deferred for each row
    execute function lock_freezes_what_is_confirmed();


-- 3. Instants and counters only go on.

alter table agreements add column moved_at timestamptz;
grant update (moved_at) on agreements to signing_app;

create function goes_on() returns trigger language plpgsql as $$
begin
    raise exception '% goes back, or is another one', tg_table_name using errcode = 'check_violation';
end $$;
create trigger goes_on before update on cases for each row
    when (new.unit_id <> old.unit_id or new.version < old.version or new.revision < old.revision
          or new.rights_revision < old.rights_revision or new.opened_at <> old.opened_at)
    execute function goes_on();
create trigger goes_on before update on projects for each row
    when (new.project_id <> old.project_id or new.version < old.version)
    execute function goes_on();
create trigger goes_on before update on agreements for each row
    when (new.version < old.version or new.moved_at < old.moved_at or (old.moved_at is not null and new.moved_at is null))
    execute function goes_on();
create trigger goes_on before update on tasks for each row
    when (old.done_at is not null and new.done_at is distinct from old.done_at)
    execute function goes_on();
create trigger goes_on before update on series for each row
    when (new.project_id <> old.project_id or new.series <> old.series
          or new.last_number not in (old.last_number, old.last_number + 1) or new.last_at < old.last_at)
    execute function goes_on();

-- At the commit: what a series says of its last number is that number.
create function series_is_as_numbered() returns trigger language plpgsql as $$
declare it series; last numbers;
begin
    select * into it from series where project_id = new.project_id and series = new.series;
    select * into last from numbers where project_id = new.project_id and series = new.series order by number desc limit 1;
    if (it.last_number, it.last_at) is distinct from (coalesce(last.number, 0), last.signed_at) then
        raise exception 'the series says % and its last number is %', it.last_number, last.number using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger series_is_as_numbered after insert or update on series deferrable initially deferred for each row
    execute function series_is_as_numbered();
create constraint trigger series_is_as_numbered after insert on numbers deferrable initially deferred for each row
    execute function series_is_as_numbered();

create function day_is_of_its_feed() returns trigger language plpgsql as $$
begin
    if new.as_of > (select coalesce(max(feed_number), 0) from counted where project_id = new.project_id)
       or exists (select from days where project_id = new.project_id and business_on = new.business_on
                      and (as_of > new.as_of or closed_at > new.closed_at))
    then
        raise exception 'day % is not closed like this', new.business_on using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger day_is_of_its_feed after insert on days for each row execute function day_is_of_its_feed();


-- 4. Every count is what it adds up to: the project's row, the roll's rows, the agreements, the feed.

-- What roll and feed add up to, kept by their triggers as rows change, so that a commit compares two rows and sums nothing.
create table tallies (
    district text not null,
    project_id uuid primary key,
    roll_units bigint not null default 0,
    roll_households bigint not null default 0,
    roll_right_holders bigint not null default 0,
    roll_area bigint not null default 0,
    fed_units bigint not null default 0,
    fed_households bigint not null default 0,
    fed_right_holders bigint not null default 0,
    fed_area bigint not null default 0
);
insert into tallies (district, project_id, roll_units, roll_area, roll_households, roll_right_holders,
                     fed_units, fed_households, fed_right_holders, fed_area)
select projects.district, projects.project_id, on_roll.units, on_roll.area, parties.households, parties.right_holders,
       fed.units, fed.households, fed.right_holders, fed.area
from projects
cross join lateral (
    select count(*) as units, coalesce(sum(area), 0) as area from roll_units
    where roll_units.project_id = projects.project_id and signed) as on_roll
cross join lateral (
    select count(*) filter (where kind = 'household') as households, count(*) filter (where kind = 'right_holder') as right_holders
    from roll_parties where roll_parties.project_id = projects.project_id and signed >= counts_from) as parties
cross join lateral (
    select coalesce(sum(units), 0) as units, coalesce(sum(households), 0) as households,
           coalesce(sum(right_holders), 0) as right_holders, coalesce(sum(area), 0) as area
    from counted where counted.project_id = projects.project_id) as fed;
alter table tallies enable row level security;
alter table tallies force row level security;
create policy granted_rows on tallies for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on tallies for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on tallies for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on tallies for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on tallies for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update on tallies to signing_app;
grant select on tallies to signing_mechanism;

create function tallies_follow_their_tables() returns trigger language plpgsql as $$
begin
    if pg_trigger_depth() < 2 then
        raise exception 'tallies are kept by what they add up' using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger tallies_follow_their_tables before insert or update or delete or truncate on tallies for each statement
    execute function tallies_follow_their_tables();

create function tally_units() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into tallies (district, project_id, roll_units, roll_area)
        select district, project_id, count(*), sum(area) from now_so where signed group by district, project_id
        on conflict (project_id) do update
            set roll_units = tallies.roll_units + excluded.roll_units, roll_area = tallies.roll_area + excluded.roll_area;
    else
        insert into tallies (district, project_id, roll_units, roll_area)
        select now_so.district, project_id, sum(now_so.signed::int - was_so.signed::int),
               sum(now_so.signed::int * now_so.area - was_so.signed::int * was_so.area)
        from now_so join was_so using (project_id, unit_id) group by now_so.district, project_id
        on conflict (project_id) do update
            set roll_units = tallies.roll_units + excluded.roll_units, roll_area = tallies.roll_area + excluded.roll_area;
    end if;
    return null;
end $$;
create trigger tally_units after insert on roll_units referencing new table as now_so for each statement execute function tally_units();
create trigger tally_changed_units after update on roll_units referencing old table as was_so new table as now_so for each statement
    execute function tally_units();

create function tally_parties() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into tallies (district, project_id, roll_households, roll_right_holders)
        select district, project_id, count(*) filter (where kind = 'household'), count(*) filter (where kind = 'right_holder')
        from now_so where signed >= counts_from group by district, project_id
        on conflict (project_id) do update
            set roll_households = tallies.roll_households + excluded.roll_households,
                roll_right_holders = tallies.roll_right_holders + excluded.roll_right_holders;
    else
        insert into tallies (district, project_id, roll_households, roll_right_holders)
        select district, project_id, coalesce(sum(turned) filter (where kind = 'household'), 0),
               coalesce(sum(turned) filter (where kind = 'right_holder'), 0)
        from (
            select now_so.district, project_id, kind,
                   (now_so.signed >= now_so.counts_from)::int - (was_so.signed >= was_so.counts_from)::int as turned
            from now_so join was_so using (project_id, kind, party_id)) as party
        group by district, project_id
        on conflict (project_id) do update
            set roll_households = tallies.roll_households + excluded.roll_households,
                roll_right_holders = tallies.roll_right_holders + excluded.roll_right_holders;
    end if;
    return null;
end $$;
create trigger tally_parties after insert on roll_parties referencing new table as now_so for each statement
    execute function tally_parties();
create trigger tally_changed_parties after update on roll_parties referencing old table as was_so new table as now_so for each statement
    execute function tally_parties();

create function tally_feed() returns trigger language plpgsql as $$
begin
    insert into tallies (district, project_id, fed_units, fed_households, fed_right_holders, fed_area)
    select district, project_id, sum(units), sum(households), sum(right_holders), sum(area) from now_so group by district, project_id
    on conflict (project_id) do update
        set fed_units = tallies.fed_units + excluded.fed_units, fed_households = tallies.fed_households + excluded.fed_households,
            fed_right_holders = tallies.fed_right_holders + excluded.fed_right_holders, fed_area = tallies.fed_area + excluded.fed_area;
    return null;
end $$;
create trigger tally_feed after insert on counted referencing new table as now_so for each statement execute function tally_feed();

create function count_is_whole() returns trigger language plpgsql as $$
begin
    if exists (
        select from projects left join tallies it using (project_id)
        where project_id = new.project_id and (
            (signed_units, signed_households, signed_right_holders, signed_area) is distinct from (
                coalesce(it.roll_units, 0), coalesce(it.roll_households, 0), coalesce(it.roll_right_holders, 0), coalesce(it.roll_area, 0))
            or (signed_units, signed_households, signed_right_holders, signed_area) is distinct from (
                coalesce(it.fed_units, 0), coalesce(it.fed_households, 0), coalesce(it.fed_right_holders, 0), coalesce(it.fed_area, 0))))
    then
        raise exception 'the count of project % is not what its roll and its feed add up to', new.project_id
            using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger count_is_whole after insert on projects deferrable initially deferred for each row
    execute function count_is_whole();
create constraint trigger changed_count_is_whole after update on projects deferrable initially deferred for each row
    when (new.signed_units <> old.signed_units or new.signed_households <> old.signed_households
          or new.signed_right_holders <> old.signed_right_holders or new.signed_area <> old.signed_area)
    execute function count_is_whole();
create constraint trigger count_is_whole after insert or update on tallies deferrable initially deferred for each row
    execute function count_is_whole();

-- A unit is signed on the roll as its agreements say.
create function roll_is_as_agreed() returns trigger language plpgsql as $$
begin
    if exists (
        select from roll_units line where line.project_id = new.project_id and line.unit_id = new.unit_id and line.signed <> exists (
            select from agreements where agreements.unit_id = line.unit_id and state in ('signed', 'effective', 'performed')))
    then
        raise exception 'the roll says of unit % what its agreements do not', new.unit_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger roll_is_as_agreed after update on roll_units deferrable initially deferred for each row
    execute function roll_is_as_agreed();
create constraint trigger roll_is_as_agreed after update on agreements deferrable initially deferred for each row
    when (new.state is distinct from old.state) execute function roll_is_as_agreed();

-- A party has signed for as many units as are signed among its own.
create index on roll_members (project_id, kind, party_id);
create function party_is_as_its_units() returns trigger language plpgsql as $$
begin
    if exists (
        select from roll_parties party
        where (party.project_id, party.kind, party.party_id) = (new.project_id, new.kind, new.party_id) and party.signed <> (
            select count(*) filter (where line.signed) from roll_members member join roll_units line using (project_id, unit_id)
            where (member.project_id, member.kind, member.party_id) = (new.project_id, new.kind, new.party_id)))
    then
        raise exception 'party % has not signed for so many units', new.party_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger party_is_as_its_units after update on roll_parties deferrable initially deferred for each row
    execute function party_is_as_its_units();

-- Once, when the roll is copied: totals, units, parties and members are one roll, and it says who had signed by then.
create function copied_roll_is_whole() returns trigger language plpgsql as $$
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
            select from agreements where agreements.unit_id = line.unit_id and state in ('signed', 'effective', 'performed')))
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
create constraint trigger copied_roll_is_whole after update on rolls deferrable initially deferred for each row
    when (old.matched_at is null and new.matched_at is not null) execute function copied_roll_is_whole();
create constraint trigger copied_roll_is_whole after insert on projects deferrable initially deferred for each row
    when (new.total_units is not null) execute function copied_roll_is_whole();
create constraint trigger copied_total_is_whole after update on projects deferrable initially deferred for each row
    when (old.total_units is null and new.total_units is not null) execute function copied_roll_is_whole();

-- The feed tells what has happened, when it did; and what has happened is in it.
alter table counted add constraint counted_effective_check check (
    fact <> 'effective' or (units = 0 and households = 0 and right_holders = 0 and area = 0)) not valid;
create function fact_has_happened() returns trigger language plpgsql as $$
begin
    if not (case new.fact
        when 'signed' then exists (
            select from numbers where agreement_id = new.agreement_id and project_id = new.project_id and signed_at = new.happened_at)
        when 'undone' then exists (
            select from detachments join numbers using (agreement_id)
            where agreement_id = new.agreement_id and project_id = new.project_id and detached_at = new.happened_at)
        when 'effective' then exists (
            select from agreements where agreement_id = new.agreement_id and project_id = new.project_id and effective_at = new.happened_at)
        else exists (select from rolls where project_id = new.project_id and matched_at = new.happened_at) end)
    then
        raise exception 'the feed of project % tells what has not happened', new.project_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger fact_has_happened after insert on counted deferrable initially deferred for each row
    execute function fact_has_happened();
create function feed_has_it() returns trigger language plpgsql as $$
begin
    if not exists (select from counted where agreement_id = new.agreement_id and fact = tg_argv[0]) then
        raise exception 'the feed does not tell that agreement % was %', new.agreement_id, tg_argv[0] using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger feed_has_it after insert on numbers deferrable initially deferred for each row
    execute function feed_has_it('signed');
create constraint trigger feed_has_it after insert on detachments deferrable initially deferred for each row
    execute function feed_has_it('undone');
create constraint trigger feed_has_it after update on agreements deferrable initially deferred for each row
    when (old.effective_at is null and new.effective_at is not null) execute function feed_has_it('effective');


-- 5. A row and what it hangs on are of one district.

-- The key that a child names, with its district.
alter table cases add unique (district, unit_id);
alter table agreements add unique (district, agreement_id);
alter table agreements add unique (district, agreement_id, project_id, series);
alter table locks add unique (district, agreement_id, lock_count);
alter table locked_holders add unique (district, agreement_id, lock_count, person_id);
alter table mandates add unique (district, mandate_id);
alter table projects add unique (district, project_id);
alter table series add unique (district, project_id, series);
alter table numbers add unique (district, agreement_id);
alter table rolls add unique (district, project_id);
alter table roll_units add unique (district, project_id, unit_id);
alter table roll_parties add unique (district, project_id, kind, party_id);
alter table latches add unique (district, project_id);

-- Each in the place of the same one without a district.
alter table case_holders drop constraint case_holders_unit_id_fkey;
alter table case_holders add constraint case_holders_unit_id_fkey foreign key (district, unit_id) references cases (district, unit_id);
alter table roll_holders drop constraint roll_holders_unit_id_fkey;
alter table roll_holders add constraint roll_holders_unit_id_fkey foreign key (district, unit_id) references cases (district, unit_id);
alter table mandates drop constraint mandates_unit_id_fkey;
alter table mandates add constraint mandates_unit_id_fkey foreign key (district, unit_id) references cases (district, unit_id);
alter table tasks drop constraint tasks_unit_id_fkey;
alter table tasks add constraint tasks_unit_id_fkey foreign key (district, unit_id) references cases (district, unit_id);
alter table acts drop constraint acts_unit_id_fkey;
alter table acts add constraint acts_unit_id_fkey foreign key (district, unit_id) references cases (district, unit_id);
alter table agreements drop constraint agreements_unit_id_fkey;
alter table agreements add constraint agreements_unit_id_fkey foreign key (district, unit_id) references cases (district, unit_id);
alter table term_lines drop constraint term_lines_agreement_id_fkey;
alter table term_lines add constraint term_lines_agreement_id_fkey foreign key (district, agreement_id) references agreements (district, agreement_id);
alter table locks drop constraint locks_agreement_id_fkey;
alter table locks add constraint locks_agreement_id_fkey foreign key (district, agreement_id) references agreements (district, agreement_id);
alter table locked_holders drop constraint locked_holders_agreement_id_lock_count_fkey;
alter table locked_holders add constraint locked_holders_agreement_id_lock_count_fkey foreign key (district, agreement_id, lock_count) references locks (district, agreement_id, lock_count);
alter table signatures drop constraint signatures_agreement_id_lock_count_right_holder_fkey;
alter table signatures add constraint signatures_agreement_id_lock_count_right_holder_fkey foreign key (district, agreement_id, lock_count, right_holder) references locked_holders (district, agreement_id, lock_count, person_id);
alter table signatures drop constraint signatures_mandate_id_fkey;
alter table signatures add constraint signatures_mandate_id_fkey foreign key (district, mandate_id) references mandates (district, mandate_id);
alter table numbers drop constraint numbers_agreement_id_project_id_series_fkey;
alter table numbers add constraint numbers_agreement_id_project_id_series_fkey foreign key (district, agreement_id, project_id, series) references agreements (district, agreement_id, project_id, series);
alter table numbers drop constraint numbers_project_id_series_fkey;
alter table numbers add constraint numbers_project_id_series_fkey foreign key (district, project_id, series) references series (district, project_id, series);
alter table detachments drop constraint detachments_agreement_id_fkey;
alter table detachments add constraint detachments_agreement_id_fkey foreign key (district, agreement_id) references numbers (district, agreement_id);
alter table roll_units drop constraint roll_units_project_id_fkey;
alter table roll_units add constraint roll_units_project_id_fkey foreign key (district, project_id) references rolls (district, project_id);
alter table roll_parties drop constraint roll_parties_project_id_fkey;
alter table roll_parties add constraint roll_parties_project_id_fkey foreign key (district, project_id) references rolls (district, project_id);
alter table roll_members drop constraint roll_members_project_id_unit_id_fkey;
alter table roll_members add constraint roll_members_project_id_unit_id_fkey foreign key (district, project_id, unit_id) references roll_units (district, project_id, unit_id);
alter table roll_members drop constraint roll_members_project_id_kind_party_id_fkey;
alter table roll_members add constraint roll_members_project_id_kind_party_id_fkey foreign key (district, project_id, kind, party_id) references roll_parties (district, project_id, kind, party_id);
alter table latches drop constraint latches_project_id_fkey;
alter table latches add constraint latches_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table declarations drop constraint declarations_project_id_fkey;
alter table declarations add constraint declarations_project_id_fkey foreign key (district, project_id) references latches (district, project_id);
alter table closings drop constraint closings_project_id_fkey;
alter table closings add constraint closings_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table counted drop constraint counted_project_id_fkey;
alter table counted add constraint counted_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table counted drop constraint counted_agreement_id_fkey;
alter table counted add constraint counted_agreement_id_fkey foreign key (district, agreement_id) references agreements (district, agreement_id);
alter table days drop constraint days_project_id_fkey;
alter table days add constraint days_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table series add foreign key (district, project_id) references projects (district, project_id);

-- Where what it hangs on may come later, a foreign key cannot be; and row-level security hides a row of another district from the check.
create function district_of(parent text, id uuid) returns text language plpgsql as $$
declare granted text := current_setting('clearwater.granted', true); found text;
begin
    perform set_config('clearwater.granted', '*', true);
    if parent = 'unit' then
        select district into found from cases where unit_id = id;
    else
        select district into found from projects where project_id = id;
    end if;
    perform set_config('clearwater.granted', coalesce(granted, ''), true);
    return found;
end $$;
create function hangs_on_its_district() returns trigger language plpgsql as $$
begin
    if district_of(tg_argv[0], case tg_argv[0] when 'unit' then (to_jsonb(new) ->> 'unit_id')::uuid
                               else (to_jsonb(new) ->> 'project_id')::uuid end) <> new.district
    then
        raise exception 'this % is of another district', tg_argv[0] using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger hangs_on_its_district after insert or update on assignments for each row
    execute function hangs_on_its_district('unit');
create trigger hangs_on_its_district after insert or update on groups for each row
    execute function hangs_on_its_district('project');
create trigger hangs_on_its_district after insert or update on rolls for each row
    execute function hangs_on_its_district('project');
create trigger hangs_on_its_district after insert on cases for each row
    execute function hangs_on_its_district('project');

-- An agreement is of its case's project, without a foreign key: that would wait for whoever is signing in the project.
create function agreement_is_of_its_case() returns trigger language plpgsql as $$
begin
    if not exists (select from cases where unit_id = new.unit_id and project_id = new.project_id and district = new.district) then
        raise exception 'agreement % is of another project than its unit', new.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger agreement_is_of_its_case after insert on agreements for each row execute function agreement_is_of_its_case();

select set_config('clearwater.granted', '', true);
