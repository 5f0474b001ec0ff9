"""What is known of a unit and of those who own it."""

from shared.service.rows import protect

_CASES = """
create table cases (
    district text not null,
    unit_id uuid primary key,
    project_id uuid not null,
    revision int not null check (revision >= 1),
    unit_code text not null,
    compound text not null,
    building text not null,
    stairwell text not null,
    floor int not null,
    door text not null,
    area bigint not null check (area >= 0),
    household_id uuid not null,
    ownership text not null check (ownership in ('sole', 'joint', 'shares')),
    rights_state text not null check (rights_state in ('pending', 'reviewing', 'confirmed', 'disputed')),
    rights_revision int not null check (rights_revision between 1 and revision),
    area_disputed boolean not null default false,
    opened_at timestamptz not null,
    version int not null default 1
)
"""

# Shares of one unit are stored over one denominator, so that the database adds them up exactly: 1/3 × 3 is 1.
_CASE_HOLDERS = """
create table case_holders (
    district text not null,
    unit_id uuid not null references cases,
    person_id uuid not null,
    position int not null,
    name text not null,
    kind text not null check (kind in ('natural', 'organisation')),
    capable boolean not null,
    parts bigint check (parts > 0),
    whole bigint check (whole > 0),
    written text,
    primary key (unit_id, person_id),
    check ((parts is null) = (whole is null))
)
"""

# Who owned it when the roll was frozen, as the registry wrote it: a later sale leaves these rows alone.
_ROLL_HOLDERS = """
create table roll_holders (
    district text not null,
    unit_id uuid not null references cases,
    person_id uuid not null,
    written text,
    primary key (unit_id, person_id)
)
"""

# The rule of product.md 3.3.3 again, in the database: sole one owner, joint no shares, by shares exactly 1.
_ARE_WHOLE = """
create function rights_are_whole(ownership text, holders bigint, shares bigint, parts numeric, low bigint, high bigint)
returns boolean language sql immutable as $$
    select case ownership
        when 'sole' then holders = 1 and (shares = 0 or (parts = high and low = high))
        when 'joint' then holders > 1 and shares = 0
        else holders > 0 and shares = holders and low = high and parts = high
    end
$$
"""

_CONFIRMED_ARE_WHOLE = """
create function confirmed_rights_are_whole() returns trigger language plpgsql as $$
begin
    if exists (
        select from cases where unit_id = new.unit_id and rights_state = 'confirmed' and not (
            select rights_are_whole(cases.ownership, count(*), count(parts), sum(parts), min(whole), max(whole))
            from case_holders where case_holders.unit_id = cases.unit_id))
    then
        raise exception 'the confirmed rights of case % are not whole', new.unit_id using errcode = 'check_violation';
    end if;
    return null;
end $$
"""

_MANDATES = """
create table mandates (
    district text not null,
    mandate_id uuid primary key,
    unit_id uuid not null references cases,
    right_holder uuid not null,
    hand uuid not null,
    kind text not null check (kind in ('agent', 'guardian', 'representative')),
    valid_until date not null,
    evidence text not null check (evidence <> ''),
    recorded_at timestamptz not null,
    recorded_by text not null,
    revoked_at timestamptz
)
"""

_TASKS = """
create table tasks (
    district text not null,
    task_id uuid primary key,
    unit_id uuid not null references cases,
    code text not null,
    raised_at timestamptz not null,
    done_at timestamptz
)
"""

# Who did what to a case, why and when. Only added to.
_ACTS = """
create table acts (
    district text not null,
    act_id uuid primary key,
    unit_id uuid not null references cases,
    agreement_id uuid,
    kind text not null,
    reason text not null default '',
    facts jsonb not null default '{}',
    by text not null,
    at timestamptz not null,
    check (reason <> '' or kind not in ('unlocked', 'returned', 'superseded', 'rescinded', 'rights-disputed', 'mandate-revoked'))
)
"""

_ASSIGNMENTS = """
create table assignments (
    district text not null,
    unit_id uuid primary key,
    group_id uuid not null,
    staff_id uuid
)
"""

_GROUPS = """
create table groups (
    district text not null,
    group_id uuid primary key,
    project_id uuid not null,
    name text not null,
    officers jsonb not null
)
"""

DDL = (
    _CASES,
    "create index on cases (project_id, unit_code, unit_id)",
    *protect("cases", service="signing", app="select, insert, update"),
    _CASE_HOLDERS,
    "create index on case_holders (person_id)",
    *protect("case_holders", service="signing"),
    _ROLL_HOLDERS,
    *protect("roll_holders", service="signing", app="select, insert, delete"),
    _ARE_WHOLE,
    _CONFIRMED_ARE_WHOLE,
    """create constraint trigger confirmed_rights_are_whole after insert or update on cases
       deferrable initially deferred for each row when (new.rights_state = 'confirmed') execute function confirmed_rights_are_whole()""",
    """create constraint trigger confirmed_holders_are_whole after insert or update on case_holders
       deferrable initially deferred for each row execute function confirmed_rights_are_whole()""",
    _MANDATES,
    "create index on mandates (unit_id)",
    *protect("mandates", service="signing", app="select, insert, update (revoked_at)"),
    _TASKS,
    "create index on tasks (unit_id) where done_at is null",
    *protect("tasks", service="signing", app="select, insert, update (done_at)"),
    _ACTS,
    "create index on acts (unit_id, at)",
    *protect("acts", service="signing", app="select, insert"),
    _ASSIGNMENTS,
    *protect("assignments", service="signing", app="select, insert, update"),
    _GROUPS,
    *protect("groups", service="signing", app="select, insert, update"),
)
