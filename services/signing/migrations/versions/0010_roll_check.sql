-- Each side of the comparison is computed once. Before, a database without statistics of a roll that was just copied could compute the parties'
-- own units anew for each party: minutes under the project's lock, for a roll of 1,708 units.
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
        select kind, party_id, units::bigint, signed::bigint from roll_parties where project_id = ours
        except
        select kind, party_id, count(*), count(*) filter (where line.signed)
        from roll_members join roll_units line using (project_id, unit_id) where project_id = ours group by kind, party_id)
    then
        raise exception 'the roll of project % says who has signed, and they have not', ours using errcode = 'check_violation';
    end if;
    return null;
end $$;
