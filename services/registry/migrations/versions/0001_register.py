"""The register, the vault, imports, and the mechanism's tables.

Readable personal values stand in no table: the vault holds them sealed, `people` a masked name and a keyed hash to find them by.
"""

from alembic import op

from shared.messaging import schema
from shared.service import idempotency, rows

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERVICE = "registry"

# What staged rows are joined by are columns of theirs: row-level security keeps every index and hash from a value that is only
# computed (->> is not leak-proof), and 100,000 rows would each be held against every building.
_TABLES = {
    "districts": """
        district text primary key check (district ~ '^[0-9]{6}$'), name text not null, opened_at timestamptz not null""",
    "projects": """
        project_id uuid primary key, district text not null references districts, name text not null,
        starts_at timestamptz not null, ends_at timestamptz not null check (ends_at > starts_at),
        bases jsonb not null check (jsonb_array_length(bases) > 0), series text[] not null check (cardinality(series) > 0),
        counting_rule text not null check (counting_rule in ('all_units_signed', 'any_unit_signed')), plan text,
        auto_effect boolean not null, opened_at timestamptz not null,
        unique (district, name)""",
    "groups": """
        group_id uuid primary key, district text not null, project_id uuid not null references projects, name text not null,
        unique (project_id, name)""",
    "officers": """
        staff_id uuid primary key, district text not null, group_id uuid not null references groups,
        project_id uuid not null references projects, staff_number text not null, name text not null, subject text,
        unique (project_id, staff_number)""",
    "buildings": """
        building_id uuid primary key default uuidv7(), district text not null, project_id uuid not null references projects,
        compound text not null, building text not null, building_code text, stairwells int not null check (stairwells > 0),
        floors_above int not null check (floors_above > 0), floors_below int not null check (floors_below >= 0),
        unique (project_id, compound, building),
        unique (project_id, building_code) deferrable initially deferred""",
    "households": """
        household_id uuid primary key default uuidv7(), district text not null, project_id uuid not null references projects,
        label text not null, unique (project_id, label)""",
    "people": """
        person_id uuid primary key, district text not null, kind text not null check (kind in ('natural', 'organisation')),
        masked_name text not null check (masked_name like '%*%'), document_type text not null, overseas boolean not null,
        document_mark bytea, name_mark bytea, forgotten_at timestamptz, revision int not null default 1,
        unique (district, document_mark),
        check ((forgotten_at is null) = (document_mark is not null))""",
    "vault": """
        person_id uuid primary key references people, district text not null, key_id uuid not null unique,
        wrapped_key bytea not null, nonce text not null, ciphertext text not null, recorded_at timestamptz not null""",
    "units": """
        unit_id uuid primary key default uuidv7(), district text not null, project_id uuid not null references projects,
        building_id uuid not null references buildings, household_id uuid not null references households,
        unit_code text not null, house_code text, stairwell text not null, floor int not null, top_floor int, door text not null,
        use text not null, structure text not null, registered_area numeric(12,2) not null check (registered_area > 0),
        surveyed_area numeric(12,2) check (surveyed_area > 0), titled_on date,
        ownership text not null check (ownership in ('sole', 'joint', 'shares')),
        group_id uuid references groups, staff_id uuid references officers, revision int not null default 1,
        source jsonb, registered_at timestamptz not null,
        unique (project_id, unit_code), unique (project_id, house_code) deferrable initially deferred,  -- which two may exchange
        check (floor <> 0), check (top_floor > floor and top_floor <> 0),
        check (staff_id is null or group_id is not null)""",
    # One row per door: a merged unit has several, and none is in two units. Kept by a trigger, whoever writes a unit.
    "doors": """
        unit_id uuid not null references units, building_id uuid not null, stairwell text not null, door text not null,
        district text not null,
        unique (building_id, stairwell, door) deferrable initially deferred,  -- two units may exchange their doors
        primary key (unit_id, door)""",
    "holders": """
        unit_id uuid not null references units, person_id uuid not null references people, district text not null,
        place int not null, share text check (share ~ '^[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?$'), capable boolean not null,
        guardian_id uuid references people, primary key (unit_id, person_id), unique (unit_id, place),
        check (capable = (guardian_id is null)), check (guardian_id is distinct from person_id)""",
    "tenancies": """
        tenancy_id uuid primary key, district text not null, unit_id uuid not null references units,
        person_id uuid not null references people, use text not null check (use in ('home', 'shop', 'storage', 'other')),
        since_on date, until_on date check (until_on >= since_on), ended_on date, recorded_by text not null,
        recorded_at timestamptz not null""",
    "rolls": """
        project_id uuid primary key references projects, district text not null, units bigint not null,
        households bigint not null, right_holders bigint not null, area_hundredths_m2 bigint not null,
        digest text not null check (digest ~ '^[0-9a-f]{64}$'), frozen_at timestamptz not null, frozen_by text not null""",
    "roll_lines": """
        project_id uuid not null references rolls, unit_id uuid not null references units, district text not null,
        household_id uuid not null, area_hundredths_m2 bigint not null, right_holders jsonb not null,
        primary key (project_id, unit_id)""",
    "corrections": """
        correction_id uuid primary key, district text not null, unit_id uuid references units, person_id uuid references people,
        revision int not null, changed text[] not null, reason text not null check (length(reason) between 4 and 200),
        corrected_by text not null, corrected_at timestamptz not null, check (num_nonnulls(unit_id, person_id) = 1)""",
    "exports": """
        export_id uuid primary key, district text not null, project_id uuid not null references projects, subject text not null,
        roles text[] not null, reason text not null check (length(reason) between 4 and 200), units bigint not null,
        exported_at timestamptz not null""",
    "reveals": """
        reveal_id uuid primary key, district text not null, person_id uuid not null references people, subject text not null,
        roles text[] not null, reason text not null check (length(reason) between 4 and 200), revealed_at timestamptz not null""",
    "forgettings": """
        person_id uuid primary key references people, district text not null, key_id uuid not null, reason text not null,
        forgotten_by text not null, forgotten_at timestamptz not null""",
    "key_receipts": """
        person_id uuid not null, key_id uuid not null, reader text not null, district text not null,
        dropped_at timestamptz not null, primary key (person_id, key_id, reader)""",
    "imports": """
        import_id uuid primary key, district text not null, project_id uuid not null references projects,
        state text not null check (state in
            ('uploaded', 'reading', 'checking', 'clean', 'faulty', 'committing', 'committed', 'refused', 'abandoned')),
        file_name text not null, file_bytes bigint not null, file_digest text not null, key_id uuid not null,
        wrapped_key bytea, rows_read bigint not null default 0, units bigint, faults bigint not null default 0,
        fault_counts jsonb not null default '{}', changes jsonb, contacts_changed bigint, refusal jsonb, uploaded_by text not null,
        uploaded_at timestamptz not null, checked_at timestamptz, committed_at timestamptz, version int not null default 1""",
    # `step`: reading, checking or committing; `tries`: how often the worker has begun it.
    "import_progress": """
        import_id uuid primary key references imports, district text not null, step text not null, tries int not null default 1,
        done bigint not null default 0, total bigint not null default 0, began_at timestamptz not null,
        noted_at timestamptz not null""",
    "import_parts": """
        import_id uuid not null references imports, place int not null, district text not null, nonce bytea not null,
        ciphertext bytea not null, primary key (import_id, place)""",
    "import_lines": """
        import_id uuid not null references imports, row int not null, district text not null, unit_code text,
        content jsonb not null, holder jsonb not null, document_mark bytea, name_mark bytea, guardian_mark bytea,
        guardian_name_mark bytea, sealed bytea not null,
        compound text generated always as (content ->> 'compound') stored,
        building text generated always as (content ->> 'building') stored,
        house_code text generated always as (content ->> 'house_code') stored, primary key (import_id, row)""",
    "import_buildings": """
        import_id uuid not null references imports, row int not null, district text not null, compound text, building text,
        building_code text, stairwells int, floors_above int, floors_below int, primary key (import_id, row)""",
    "import_units": """
        import_id uuid not null references imports, unit_code text not null, district text not null, row int not null,
        source jsonb not null, change text not null check (change in ('new', 'changed', 'unchanged')),
        changed_columns text[] not null, compound text generated always as (source ->> 'compound') stored,
        building text generated always as (source ->> 'building') stored,
        -- A unit without a household number is a household of its own, under a label that nobody can type into the sheet.
        household text not null generated always as (coalesce('户 ' || (source ->> 'household'), '套 ' || unit_code)) stored,
        primary key (import_id, unit_code)""",
    "import_faults": """
        import_id uuid not null references imports, sheet text not null, row int not null, column_name text not null,
        code text not null, district text not null, primary key (import_id, sheet, row, column_name, code)""",
}
# Written once and never again: not even the service itself may take back what it has revealed, forgotten or frozen.
_APPEND_ONLY = ("rolls", "roll_lines", "corrections", "exports", "reveals", "forgettings", "key_receipts")
# The worker analyzes what it has just staged, and what another import has just written, since no plan for 100,000 rows may wait for
# the database's own turn.
_ANALYZED = ("import_lines", "import_buildings", "import_units", "people", "units", "doors")

_INDEXES = (
    "create index on units (district, project_id, unit_id)",
    "create index on units (group_id) where group_id is not null",
    "create index on holders (person_id)",
    "create index on tenancies (person_id)",
    "create unique index on tenancies (unit_id, person_id) where ended_on is null",
    "create index on corrections (unit_id) where unit_id is not null",
    "create index on corrections (person_id) where person_id is not null",
    "create index on holders (guardian_id) where guardian_id is not null",
    "create index on officers (group_id)",
    "create index on reveals (district, revealed_at)",
    "create index on import_lines (import_id, unit_code)",
    "create index on import_buildings (import_id, compound, building)",
    # The worker's question, asked every second: is there anything to do?
    "create index on imports (uploaded_at) where state in ('uploaded', 'reading', 'checking', 'committing')",
)

# A rate's denominator is the frozen roll: which units are in it, their households and areas. Right-holders may still change, as
# a new revision that signing answers with a dispute; the roll's digest stays that of the day.
_ROLL_GUARD = """
    create function guard_frozen_roll() returns trigger language plpgsql as $$
    declare project uuid := case when tg_op = 'DELETE' then old.project_id else new.project_id end;
    begin
        -- The project's row first: whoever freezes holds it, so that no unit slips in beside the freezing.
        perform from projects where project_id = project for share;
        if exists (select from rolls where project_id = project) and (
            tg_op <> 'UPDATE' or new.project_id <> old.project_id or new.household_id <> old.household_id
            or new.registered_area <> old.registered_area)
        then
            raise exception 'the roll of project % is frozen', project using errcode = 'CW001';
        end if;
        return case when tg_op = 'DELETE' then old else new end;
    end $$"""
_GUARD_TRIGGER = """
    create trigger frozen_roll before insert or update or delete on units for each row execute function guard_frozen_roll()"""

# By statement, since an import writes 100,000 units at once.
_DOORS = """
    create function keep_doors() returns trigger language plpgsql as $$
    begin
        if tg_op = 'UPDATE' then
            delete from doors using was, now_is where doors.unit_id = was.unit_id and now_is.unit_id = was.unit_id
                and (was.building_id, was.stairwell, was.door) <> (now_is.building_id, now_is.stairwell, now_is.door);
            insert into doors (unit_id, building_id, stairwell, door, district)
            select now_is.unit_id, now_is.building_id, now_is.stairwell, each, now_is.district
            from was join now_is using (unit_id) cross join unnest(string_to_array(now_is.door, '、')) as each
            where (was.building_id, was.stairwell, was.door) <> (now_is.building_id, now_is.stairwell, now_is.door);
        else
            insert into doors (unit_id, building_id, stairwell, door, district)
            select unit_id, building_id, stairwell, each, district
            from now_is cross join unnest(string_to_array(door, '、')) as each;
        end if;
        return null;
    end $$"""
_DOOR_TRIGGERS = (
    """create trigger doors_added after insert on units referencing new table as now_is
        for each statement execute function keep_doors()""",
    """create trigger doors_moved after update on units referencing old table as was new table as now_is
        for each statement execute function keep_doors()""",
)


def upgrade() -> None:
    """Everything the service starts with."""
    statements = [
        *rows.schema(_SERVICE),
        *schema.journal(_SERVICE),
        *schema.inbox(_SERVICE),
        *idempotency.schema(_SERVICE),
    ]
    for table, columns in _TABLES.items():
        app = "select, insert" if table in _APPEND_ONLY else "select, insert, update, delete"
        app += ", maintain" if table in _ANALYZED else ""
        statements += [f"create table {table} ({columns})", *rows.protect(table, service=_SERVICE, app=app)]
    for statement in [*statements, *_INDEXES, _ROLL_GUARD, _GUARD_TRIGGER, _DOORS, *_DOOR_TRIGGERS]:
        op.execute(statement)
