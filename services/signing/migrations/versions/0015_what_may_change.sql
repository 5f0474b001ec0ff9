-- Every column of signing may change when its commands change it, and at no other time (decision 54).

-- 1. A column that no command changes is not granted. A process of the previous release sets only the columns that are granted below.
revoke update on case_holders, term_lines from signing_app;
revoke update on cases, projects, rolls, series, groups, assignments, staff, tallies from signing_app;
grant update (project_id, revision, unit_code, compound, building, stairwell, floor, door, area, household_id, ownership, rights_state,
              rights_revision, area_disputed, version) on cases to signing_app;
grant update (name, series, starts_at, ends_at, automatic, bases, counting_rule, total_units, total_households, total_right_holders,
              total_area, signed_units, signed_households, signed_right_holders, signed_area, version) on projects to signing_app;
grant update (digest, units, households, right_holders, area, frozen_at, matched_at) on rolls to signing_app;
grant update (last_number, last_at) on series to signing_app;
grant update (name, officers, staff) on groups to signing_app;
grant update (group_id, staff_id) on assignments to signing_app;
grant update (name, roles, staff_number, noted_at) on staff to signing_app;
-- By the triggers of what they add up, which run with the rights of the role.
grant update (roll_units, roll_households, roll_right_holders, roll_area, fed_units, fed_households, fed_right_holders, fed_area)
    on tallies to signing_app;

-- The conditions below are written column by column: PostgreSQL gives a comparison of rows another form after a dump was read.

-- 2. From the freeze of the roll on, a project keeps the rules by which it is counted. A signature changes none of these columns.
create function rules_stay_frozen() returns trigger language plpgsql as $$
begin
    if exists (select from rolls where project_id = new.project_id) then
        raise exception 'the roll of project % is frozen, and its rules with it', new.project_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger rules_stay_frozen before update of series, starts_at, ends_at, automatic, bases, counting_rule on projects for each row
    when (old.series is distinct from new.series or old.starts_at is distinct from new.starts_at
          or old.ends_at is distinct from new.ends_at or old.automatic is distinct from new.automatic
          or old.bases is distinct from new.bases or old.counting_rule is distinct from new.counting_rule)
    execute function rules_stay_frozen();

-- 3. A unit belongs to one project for ever. What the registry says of a unit changes with the registry's revision only.
create function case_keeps_its_facts() returns trigger language plpgsql as $$
begin
    raise exception 'case % gets another project, or other facts without a revision', old.unit_id using errcode = 'check_violation';
end $$;
create trigger case_keeps_its_project before update of project_id on cases for each row
    when (old.project_id is distinct from new.project_id) execute function case_keeps_its_facts();
create trigger case_keeps_its_facts
    before update of unit_code, compound, building, stairwell, floor, door, area, household_id, ownership, rights_revision on cases for each row
    when (old.revision = new.revision and (
          old.unit_code is distinct from new.unit_code or old.compound is distinct from new.compound
          or old.building is distinct from new.building or old.stairwell is distinct from new.stairwell
          or old.floor is distinct from new.floor or old.door is distinct from new.door or old.area is distinct from new.area
          or old.household_id is distinct from new.household_id or old.ownership is distinct from new.ownership
          or old.rights_revision is distinct from new.rights_revision))
    execute function case_keeps_its_facts();

-- 4. A review that was made before has not seen the paper of a new mandate.
create function mandate_is_not_back_dated() returns trigger language plpgsql as $$
begin
    if exists (select from acts where unit_id = new.unit_id and kind = 'reviewed' and at >= new.recorded_at) then
        raise exception 'a mandate on unit % is recorded before a review that did not see it', new.unit_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger mandate_is_not_back_dated before insert on mandates for each row execute function mandate_is_not_back_dated();
