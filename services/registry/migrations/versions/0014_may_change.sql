-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid, ban-drop-constraint, disallowed-unique-constraint
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
-- The register of one city is read and locked once, for seconds; the processes of the previous release wait meanwhile and work on.
-- Every column may change when its commands change it, every row may go when they replace it, and at no other time (decision 54).


-- 1. A column that no command changes is not granted. A process of the previous release sets only the columns that are granted below.
revoke update, delete on districts, projects, groups, officers, buildings, households, people, units, tenancies from registry_app;
revoke update on vault, holders, imports, import_parts, import_lines, import_buildings, import_units, import_faults from registry_app;
revoke update, delete on import_progress from registry_app;
-- Nothing of a project changes. A row can only be locked by who may update one of its columns.
grant update (project_id) on projects to registry_app;
grant update (building_code, stairwells, floors_above, floors_below) on buildings to registry_app;
grant update (masked_name, document_mark, name_mark, forgotten_at, revision) on people to registry_app;
grant update (nonce, ciphertext, recorded_at) on vault to registry_app;
grant update (building_id, household_id, floor, top_floor, stairwell, door, house_code, use, structure, registered_area, surveyed_area,
              titled_on, ownership, group_id, staff_id, source, revision) on units to registry_app;
grant update (ended_on) on tenancies to registry_app;
grant update (state, file_name, file_digest, wrapped_key, rows_read, units, faults, fault_counts, changes, contacts_changed, refusal,
              checked_at, committed_at, version) on imports to registry_app;
grant update (step, tries, done, total, began_at, noted_at) on import_progress to registry_app;
grant update (code) on import_faults to registry_app;
-- The doors of a unit are kept by the trigger of the unit alone.
revoke insert, update, delete on doors from registry_app;
alter function keep_doors() security definer set search_path from current;


-- 2. A project stays as it was opened. Its rules are published, and printed with the call to sign.
create function stays_as_opened() returns trigger language plpgsql as $$
begin
    raise exception 'a project stays as it was opened' using errcode = 'check_violation';
end $$;
create trigger stays_as_opened before update on projects for each statement execute function stays_as_opened();


-- 3. What is published with a revision changes with the next one only. `revised_in`: the transaction of the newest one.
alter table units add column revised_in xid8;
alter table agencies add column revised_in xid8;
alter table units alter column revised_in set default pg_current_xact_id();
alter table agencies alter column revised_in set default pg_current_xact_id();
-- The argument: the columns that are no part of a revision. A column that is added later is part of it.
create function takes_a_revision() returns trigger language plpgsql as $$
declare apart text[] := tg_argv[0];
begin
    if new.revision = old.revision and to_jsonb(new) - apart is distinct from to_jsonb(old) - apart then
        raise exception 'a row of % changes without a revision', tg_table_name using errcode = 'check_violation';
    end if;
    if new.revision not between old.revision and old.revision + 1 then
        raise exception 'the revision of a row of % goes from % to %', tg_table_name, old.revision, new.revision using errcode = 'check_violation';
    end if;
    return new;
end $$;
create function note_revision() returns trigger language plpgsql as $$
begin
    new.revised_in := pg_current_xact_id();
    return new;
end $$;
create trigger takes_a_revision before update on units for each row
    execute function takes_a_revision('{group_id, staff_id, source}');
create trigger takes_a_revision before update on agencies for each row execute function takes_a_revision('{}');
create trigger takes_a_revision before update on endpoints for each row
    execute function takes_a_revision('{removed_by, removed_at}');
create trigger note_revision before update of revision on units for each row
    when (old.revision <> new.revision) execute function note_revision();
create trigger note_revision before update of revision on agencies for each row
    when (old.revision <> new.revision) execute function note_revision();
-- The copy of the workbook's row names the assignment, which changes without a revision.
create function source_takes_a_revision() returns trigger language plpgsql as $$
begin
    raise exception 'the source of unit % changes without a revision', old.unit_id using errcode = 'check_violation';
end $$;
create trigger source_takes_a_revision before update of source on units for each row
    when (old.revision = new.revision and (old.source - 'group' - 'officer') is distinct from (new.source - 'group' - 'officer'))
    execute function source_takes_a_revision();

-- Right-holders belong to a revision of their unit, clients to one of their agency: they come and go in its transaction.
create function comes_with_a_revision() returns trigger language plpgsql as $$
declare late boolean;
begin
    execute format('select exists (select from touched left join %I using (district, %I) where revised_in is distinct from $1)',
                   tg_argv[0], tg_argv[1]) into late using pg_current_xact_id();
    if late then
        raise exception 'rows of % come or go without a revision of %', tg_table_name, tg_argv[0] using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger comes_with_a_revision after insert on holders referencing new table as touched
    for each statement execute function comes_with_a_revision('units', 'unit_id');
create trigger goes_with_a_revision after delete on holders referencing old table as touched
    for each statement execute function comes_with_a_revision('units', 'unit_id');
create trigger comes_with_a_revision after insert on agency_clients referencing new table as touched
    for each statement execute function comes_with_a_revision('agencies', 'agency');
create trigger goes_with_a_revision after delete on agency_clients referencing old table as touched
    for each statement execute function comes_with_a_revision('agencies', 'agency');


-- 4. The frozen roll is whole: as many lines as it counts, of all units of its project, and none later. Its buildings stay.
create function roll_is_whole() returns trigger language plpgsql as $$
begin
    if exists (
        select from rolls
        cross join lateral (
            select count(*) as units, count(distinct household_id) as households, sum(area_hundredths_m2) as area
            from roll_lines where roll_lines.project_id = rolls.project_id) as lines
        cross join lateral (
            select count(distinct holder ->> 'person_id') as right_holders
            from roll_lines cross join jsonb_array_elements(roll_lines.right_holders) as holder
            where roll_lines.project_id = rolls.project_id) as named
        cross join lateral (select count(*) as units from units where units.project_id = rolls.project_id) as registered
        where rolls.project_id in (select project_id from added)
            and (lines.units <> rolls.units or registered.units <> rolls.units or lines.households <> rolls.households
                 or lines.area <> rolls.area_hundredths_m2 or named.right_holders <> rolls.right_holders))
    then
        raise exception 'the lines are not the roll that was frozen' using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger roll_is_whole after insert on roll_lines referencing new table as added
    for each statement execute function roll_is_whole();
create function roll_has_its_lines() returns trigger language plpgsql as $$
begin
    if not exists (select from roll_lines where project_id = new.project_id) then
        raise exception 'the roll of project % has no lines', new.project_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger roll_has_its_lines after insert on rolls deferrable initially deferred for each row
    execute function roll_has_its_lines();
create function building_stays_frozen() returns trigger language plpgsql as $$
begin
    perform from projects where project_id = new.project_id for share;
    if exists (select from rolls where project_id = new.project_id) then
        raise exception 'the roll of project % is frozen, and its buildings with it', new.project_id using errcode = 'CW001';
    end if;
    return new;
end $$;
create trigger building_stays_frozen before update on buildings for each row execute function building_stays_frozen();


-- 5. A person keeps the document, and the name changes with a revision. Who is forgotten stays so, is so in every table, and on record.
create function person_changes() returns trigger language plpgsql as $$
begin
    if old.forgotten_at is not null then
        raise exception 'person % is forgotten', old.person_id using errcode = 'check_violation';
    end if;
    if new.revision not between old.revision and old.revision + 1 then
        raise exception 'the revision of person % goes from % to %', old.person_id, old.revision, new.revision using errcode = 'check_violation';
    end if;
    if new.forgotten_at is null and (
        new.document_mark is distinct from old.document_mark or new.revision = old.revision and (
            new.masked_name is distinct from old.masked_name or new.name_mark is distinct from old.name_mark))
    then
        raise exception 'person % gets another document, or another name without a revision', old.person_id using errcode = 'check_violation';
    end if;
    if new.forgotten_at is not null and (new.name_mark is not null or new.masked_name <> '**' or new.revision <> old.revision) then
        raise exception 'person % is forgotten, and is still named', old.person_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger person_changes before update on people for each row execute function person_changes();
create function forgotten_is_whole() returns trigger language plpgsql as $$
declare its uuid := case when tg_op = 'DELETE' then old.person_id else new.person_id end;
begin
    if exists (select from vault where person_id = its)
       or not exists (select from forgettings where person_id = its)
       or not exists (select from people where person_id = its and forgotten_at is not null)
    then
        raise exception 'person % is forgotten in part, or without a record', its using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger forgotten_is_whole after update on people deferrable initially deferred for each row
    when (old.forgotten_at is null and new.forgotten_at is not null) execute function forgotten_is_whole();
create constraint trigger forgotten_is_whole after delete on vault deferrable initially deferred for each row
    execute function forgotten_is_whole();
create constraint trigger forgotten_is_whole after insert on forgettings deferrable initially deferred for each row
    execute function forgotten_is_whole();
create function forgotten_stays_forgotten() returns trigger language plpgsql as $$
begin
    if exists (select from forgettings where person_id = new.person_id) then
        raise exception 'person % is forgotten', new.person_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger forgotten_stays_forgotten before insert on vault for each row execute function forgotten_stays_forgotten();

create function tenancy_ends_once() returns trigger language plpgsql as $$
begin
    raise exception 'tenancy % has ended', old.tenancy_id using errcode = 'check_violation';
end $$;
create trigger tenancy_ends_once before update on tenancies for each row
    when (old.ended_on is not null) execute function tenancy_ends_once();


-- 6. An import goes on by its moves (services/registry/domain/imports.py). Its report is written by the step that finds it, and what
-- it has read stays until it is read again, or destroyed with the key of the file.
create function import_moves() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'uploaded' then
            raise exception 'import % begins as %', new.import_id, new.state using errcode = 'check_violation';
        end if;
        return new;
    end if;
    if new.state <> old.state and concat(old.state, ' ', new.state) not in (
        'uploaded reading', 'uploaded refused', 'reading checking', 'reading refused', 'checking clean', 'checking faulty',
        'clean committing', 'clean abandoned', 'faulty abandoned', 'committing committed', 'committing faulty', 'refused abandoned')
    then
        raise exception 'import % does not go from % to %', old.import_id, old.state, new.state using errcode = 'check_violation';
    end if;
    if new.version not between old.version and old.version + 1 then
        raise exception 'the version of import % goes from % to %', old.import_id, old.version, new.version using errcode = 'check_violation';
    end if;
    if new.rows_read is distinct from old.rows_read and old.state <> 'reading'
       or old.state not in ('checking', 'committing') and (
           new.units is distinct from old.units or new.faults is distinct from old.faults or new.changes is distinct from old.changes
           or new.fault_counts is distinct from old.fault_counts or new.contacts_changed is distinct from old.contacts_changed
           or new.checked_at is distinct from old.checked_at)
       or new.committed_at is distinct from old.committed_at and (old.committed_at is not null or new.state <> 'committed')
       or new.refusal is distinct from old.refusal and new.state not in ('refused', 'faulty')
           and (new.state <> 'abandoned' or new.refusal -> 'facts' is distinct from '{}')
    then
        raise exception 'the report of import % does not change while it is %', old.import_id, old.state using errcode = 'check_violation';
    end if;
    if new.wrapped_key is distinct from old.wrapped_key and (new.wrapped_key is not null or new.state not in ('committed', 'abandoned'))
       or (new.file_name <> old.file_name or new.file_digest <> old.file_digest)
           and (new.state <> 'abandoned' or new.file_name <> '' or new.file_digest <> '')
    then
        raise exception 'the file of import % stays until it is destroyed', old.import_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger import_begins before insert on imports for each row execute function import_moves();
create trigger import_moves before update on imports for each row execute function import_moves();
-- A correction is staged as an import without a file, which goes with its transaction.
create function import_stays() returns trigger language plpgsql as $$
begin
    raise exception 'import % stays on record', old.import_id using errcode = 'check_violation';
end $$;
create trigger import_stays before delete on imports for each row
    when (old.state <> 'uploaded' or old.wrapped_key is not null) execute function import_stays();
-- The argument: the states in which rows go although the key of the file is there.
create function staged_stays() returns trigger language plpgsql as $$
begin
    if exists (select from gone join imports using (import_id)
               where wrapped_key is not null and state <> all (cast(tg_argv[0] as text[])))
    then
        raise exception 'rows of % stay while the import has its file', tg_table_name using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger staged_stays after delete on import_parts referencing old table as gone
    for each statement execute function staged_stays('{}');
create trigger staged_stays after delete on import_lines referencing old table as gone
    for each statement execute function staged_stays('{uploaded, reading}');
create trigger staged_stays after delete on import_buildings referencing old table as gone
    for each statement execute function staged_stays('{uploaded, reading}');
create trigger staged_stays after delete on import_units referencing old table as gone
    for each statement execute function staged_stays('{uploaded, reading, checking, committing}');
create trigger staged_stays after delete on import_faults referencing old table as gone
    for each statement execute function staged_stays('{uploaded, reading, checking, committing}');
create function line_is_read() returns trigger language plpgsql as $$
declare its uuid;
begin
    select import_id into its from (select distinct import_id from added) as touched left join imports using (import_id)
    where state is null or state not in ('uploaded', 'reading');
    if found then
        raise exception 'import % is not being read', its using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger line_is_read after insert on import_lines referencing new table as added
    for each statement execute function line_is_read();
create trigger line_is_read after insert on import_buildings referencing new table as added
    for each statement execute function line_is_read();
create function fault_is_explained() returns trigger language plpgsql as $$
begin
    raise exception 'a fault of import % is another one', old.import_id using errcode = 'check_violation';
end $$;
create trigger fault_is_explained before update on import_faults for each row
    when (old.code <> 'person-name-differs') execute function fault_is_explained();


-- 7. A removed endpoint stays removed; one that is not has one secret that does not end.
create function removed_stays_removed() returns trigger language plpgsql as $$
begin
    raise exception 'endpoint % is removed', old.endpoint_id using errcode = 'check_violation';
end $$;
create trigger removed_stays_removed before update on endpoints for each row
    when (old.removed_at is not null) execute function removed_stays_removed();
create function secret_ends_once() returns trigger language plpgsql as $$
begin
    raise exception 'the end of secret % is known', old.key_id using errcode = 'check_violation';
end $$;
create trigger secret_ends_once before update on endpoint_secrets for each row
    when (old.ends_at is not null) execute function secret_ends_once();
create function one_secret_does_not_end() returns trigger language plpgsql as $$
declare its uuid := case when tg_op = 'DELETE' then old.endpoint_id else new.endpoint_id end;
begin
    if exists (select from endpoints where endpoint_id = its and removed_at is null)
       and (select count(*) from endpoint_secrets where endpoint_id = its and ends_at is null) <> 1
    then
        raise exception 'endpoint % has not one secret that does not end', its using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger one_secret_does_not_end after insert or update or delete on endpoint_secrets deferrable initially deferred
    for each row execute function one_secret_does_not_end();

-- Nobody comes into the register approved, removed, ended or with a past.
create function begins_new() returns trigger language plpgsql as $$
begin
    raise exception 'a row of % does not begin so', tg_table_name using errcode = 'check_violation';
end $$;
create trigger begins_new before insert on grants for each row
    when (new.approved_by is not null or new.revoked_by is not null) execute function begins_new();
create trigger begins_new before insert on endpoints for each row
    when (new.removed_by is not null or new.revision <> 1) execute function begins_new();
create trigger begins_new before insert on tenancies for each row when (new.ended_on is not null) execute function begins_new();
create trigger begins_new before insert on agencies for each row when (new.revision <> 1) execute function begins_new();
create trigger begins_new before insert on units for each row when (new.revision <> 1) execute function begins_new();
create trigger begins_new before insert on people for each row
    when (new.forgotten_at is not null or new.revision <> 1) execute function begins_new();


-- 8. A row and what it hangs on are of one district, and of one project where both have one. The key that a child names:
alter table projects add unique (district, project_id);
alter table groups add unique (district, project_id, group_id);
alter table officers add unique (district, project_id, staff_id);
alter table buildings add unique (district, project_id, building_id);
alter table households add unique (district, project_id, household_id);
alter table people add unique (district, person_id);
alter table units add unique (district, unit_id);
alter table units add unique (district, project_id, unit_id);
drop index units_district_project_id_unit_id_idx;
alter table rolls add unique (district, project_id);
alter table imports add unique (district, import_id);
alter table endpoints add unique (district, endpoint_id);

-- Each in the place of the same one without a district.
alter table groups drop constraint groups_project_id_fkey;
alter table groups add constraint groups_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table officers drop constraint officers_project_id_fkey;
alter table officers add constraint officers_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table officers drop constraint officers_group_id_fkey;
alter table officers add constraint officers_group_id_fkey foreign key (district, project_id, group_id) references groups (district, project_id, group_id);
alter table buildings drop constraint buildings_project_id_fkey;
alter table buildings add constraint buildings_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table households drop constraint households_project_id_fkey;
alter table households add constraint households_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table vault drop constraint vault_person_id_fkey;
alter table vault add constraint vault_person_id_fkey foreign key (district, person_id) references people (district, person_id);
alter table units drop constraint units_project_id_fkey;
alter table units add constraint units_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table units drop constraint units_building_id_fkey;
alter table units add constraint units_building_id_fkey foreign key (district, project_id, building_id) references buildings (district, project_id, building_id);
alter table units drop constraint units_household_id_fkey;
alter table units add constraint units_household_id_fkey foreign key (district, project_id, household_id) references households (district, project_id, household_id);
alter table units drop constraint units_group_id_fkey;
alter table units add constraint units_group_id_fkey foreign key (district, project_id, group_id) references groups (district, project_id, group_id);
alter table units drop constraint units_staff_id_fkey;
alter table units add constraint units_staff_id_fkey foreign key (district, project_id, staff_id) references officers (district, project_id, staff_id);
alter table doors drop constraint doors_unit_id_fkey;
alter table doors add constraint doors_unit_id_fkey foreign key (district, unit_id) references units (district, unit_id);
alter table holders drop constraint holders_unit_id_fkey;
alter table holders add constraint holders_unit_id_fkey foreign key (district, unit_id) references units (district, unit_id);
alter table holders drop constraint holders_person_id_fkey;
alter table holders add constraint holders_person_id_fkey foreign key (district, person_id) references people (district, person_id);
alter table holders drop constraint holders_guardian_id_fkey;
alter table holders add constraint holders_guardian_id_fkey foreign key (district, guardian_id) references people (district, person_id);
alter table tenancies drop constraint tenancies_unit_id_fkey;
alter table tenancies add constraint tenancies_unit_id_fkey foreign key (district, unit_id) references units (district, unit_id);
alter table tenancies drop constraint tenancies_person_id_fkey;
alter table tenancies add constraint tenancies_person_id_fkey foreign key (district, person_id) references people (district, person_id);
alter table rolls drop constraint rolls_project_id_fkey;
alter table rolls add constraint rolls_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table roll_lines drop constraint roll_lines_project_id_fkey;
alter table roll_lines add constraint roll_lines_project_id_fkey foreign key (district, project_id) references rolls (district, project_id);
alter table roll_lines drop constraint roll_lines_unit_id_fkey;
alter table roll_lines add constraint roll_lines_unit_id_fkey foreign key (district, project_id, unit_id) references units (district, project_id, unit_id);
alter table corrections drop constraint corrections_unit_id_fkey;
alter table corrections add constraint corrections_unit_id_fkey foreign key (district, unit_id) references units (district, unit_id);
alter table corrections drop constraint corrections_person_id_fkey;
alter table corrections add constraint corrections_person_id_fkey foreign key (district, person_id) references people (district, person_id);
alter table exports drop constraint exports_project_id_fkey;
alter table exports add constraint exports_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table reveals drop constraint reveals_person_id_fkey;
alter table reveals add constraint reveals_person_id_fkey foreign key (district, person_id) references people (district, person_id);
alter table forgettings drop constraint forgettings_person_id_fkey;
alter table forgettings add constraint forgettings_person_id_fkey foreign key (district, person_id) references people (district, person_id);
alter table acts drop constraint acts_project_id_fkey;
alter table acts add constraint acts_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table annotations drop constraint annotations_project_id_fkey;
alter table annotations add constraint annotations_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table annotations drop constraint annotations_import_id_fkey;
alter table annotations add constraint annotations_import_id_fkey foreign key (district, import_id) references imports (district, import_id);
alter table imports drop constraint imports_project_id_fkey;
alter table imports add constraint imports_project_id_fkey foreign key (district, project_id) references projects (district, project_id);
alter table import_progress drop constraint import_progress_import_id_fkey;
alter table import_progress add constraint import_progress_import_id_fkey foreign key (district, import_id) references imports (district, import_id);
alter table import_parts drop constraint import_parts_import_id_fkey;
alter table import_parts add constraint import_parts_import_id_fkey foreign key (district, import_id) references imports (district, import_id);
alter table import_lines drop constraint import_lines_import_id_fkey;
alter table import_lines add constraint import_lines_import_id_fkey foreign key (district, import_id) references imports (district, import_id);
alter table import_buildings drop constraint import_buildings_import_id_fkey;
alter table import_buildings add constraint import_buildings_import_id_fkey foreign key (district, import_id) references imports (district, import_id);
alter table import_units drop constraint import_units_import_id_fkey;
alter table import_units add constraint import_units_import_id_fkey foreign key (district, import_id) references imports (district, import_id);
alter table import_faults drop constraint import_faults_import_id_fkey;
alter table import_faults add constraint import_faults_import_id_fkey foreign key (district, import_id) references imports (district, import_id);
alter table endpoint_secrets drop constraint endpoint_secrets_endpoint_id_fkey;
alter table endpoint_secrets add constraint endpoint_secrets_endpoint_id_fkey foreign key (district, endpoint_id) references endpoints (district, endpoint_id);
