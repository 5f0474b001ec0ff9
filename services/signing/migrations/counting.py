"""Projects, the frozen roll, the count on it and what follows from it."""

from shared.service.rows import protect

_PROJECTS = """
create table projects (
    district text not null,
    project_id uuid primary key,
    name text not null,
    series text[] not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    automatic boolean not null,
    bases jsonb not null check (jsonb_typeof(bases) = 'array'),
    counting_rule text not null check (counting_rule in ('all_units_signed', 'any_unit_signed')),
    total_units bigint,
    total_households bigint,
    total_right_holders bigint,
    total_area bigint,
    signed_units bigint not null default 0,
    signed_households bigint not null default 0,
    signed_right_holders bigint not null default 0,
    signed_area bigint not null default 0,
    version int not null default 1,
    check (starts_at < ends_at),
    check (num_nulls(total_units, total_households, total_right_holders, total_area) in (0, 4)),
    check (signed_units between 0 and coalesce(total_units, 0)),
    check (signed_households between 0 and coalesce(total_households, 0)),
    check (signed_right_holders between 0 and coalesce(total_right_holders, 0)),
    check (signed_area between 0 and coalesce(total_area, 0))
)
"""

# What the registry has announced. Nothing is evaluated before our own units give the same digest.
_ROLLS = """
create table rolls (
    district text not null,
    project_id uuid primary key,
    digest text not null,
    units bigint not null,
    households bigint not null,
    right_holders bigint not null,
    area bigint not null,
    frozen_at timestamptz not null,
    matched_at timestamptz
)
"""

_ROLL_UNITS = """
create table roll_units (
    district text not null,
    project_id uuid not null references rolls,
    unit_id uuid not null,
    household_id uuid not null,
    area bigint not null check (area >= 0),
    signed boolean not null default false,
    primary key (project_id, unit_id)
)
"""

# Who counts once however many units they have: as signed when `counts_from` of them are. That is all of a household's; of a right-holder's
# as the project's counting rule said when the roll was copied.
_ROLL_PARTIES = """
create table roll_parties (
    district text not null,
    project_id uuid not null references rolls,
    kind text not null check (kind in ('household', 'right_holder')),
    party_id uuid not null,
    units int not null check (units > 0),
    counts_from int not null check (counts_from in (1, units)),
    check (kind = 'right_holder' or counts_from = units),
    signed int not null default 0 check (signed between 0 and units),
    primary key (project_id, kind, party_id)
)
"""

_ROLL_MEMBERS = """
create table roll_members (
    district text not null,
    project_id uuid not null,
    unit_id uuid not null,
    kind text not null,
    party_id uuid not null,
    primary key (project_id, unit_id, kind, party_id),
    foreign key (project_id, unit_id) references roll_units,
    foreign key (project_id, kind, party_id) references roll_parties
)
"""

# One row, once: the latch. A later rescission finds it here and changes nothing.
_LATCHES = """
create table latches (
    district text not null,
    project_id uuid primary key references projects,
    reached_at timestamptz not null,
    readings jsonb not null
)
"""

_DECLARATIONS = """
create table declarations (
    district text not null,
    project_id uuid primary key references latches,
    document_number text not null check (document_number <> ''),
    declared_at timestamptz not null,
    declared_by text not null,
    automatic boolean not null
)
"""

_CLOSINGS = """
create table closings (
    district text not null,
    project_id uuid primary key references projects,
    reached boolean not null,
    closed_at timestamptz not null,
    closed_by text not null
)
"""

# The project's feed: every fact that moves a figure, numbered under the project's lock. The changes up to a number are the count as of it.
_COUNTED = """
create table counted (
    district text not null,
    project_id uuid not null references projects,
    feed_number bigint not null check (feed_number >= 1),
    fact text not null check (fact in ('matched', 'signed', 'undone', 'effective')),
    agreement_id uuid references agreements,
    units bigint not null,
    households bigint not null,
    right_holders bigint not null,
    area bigint not null,
    happened_at timestamptz not null,
    primary key (project_id, feed_number),
    unique (agreement_id, fact),
    check ((fact = 'matched') = (agreement_id is null)),
    check (fact <> 'signed' or least(units, households, right_holders, area) >= 0),
    check (fact <> 'undone' or greatest(units, households, right_holders, area) <= 0)
)
"""

_COUNTED_FOLLOW = """
create function counted_follow() returns trigger language plpgsql as $$
begin
    if new.feed_number > 1 and not exists (
        select from counted where project_id = new.project_id and feed_number = new.feed_number - 1)
    then
        raise exception 'feed number % does not follow', new.feed_number using errcode = 'check_violation';
    end if;
    return new;
end $$
"""

# A day's figures, frozen when it was closed. What is learnt later is a restatement of its own, with the next count.
_DAYS = """
create table days (
    district text not null,
    project_id uuid not null references projects,
    business_on date not null,
    restatement int not null default 0 check (restatement >= 0),
    as_of bigint not null check (as_of >= 0),
    figures jsonb not null,
    bases jsonb not null,
    counting_rule text not null check (counting_rule in ('all_units_signed', 'any_unit_signed')),
    closed_at timestamptz not null,
    closed_by text not null,
    follows int generated always as (nullif(restatement, 0) - 1) stored,
    primary key (project_id, business_on, restatement),
    foreign key (project_id, business_on, follows) references days,
    check (closed_at >= (business_on + 1)::timestamp at time zone interval '8 hours')
)
"""

_APPEND = "select, insert"

DDL = (
    _PROJECTS,
    *protect("projects", service="signing", app="select, insert, update"),
    _ROLLS,
    *protect("rolls", service="signing", app="select, insert, update"),
    _ROLL_UNITS,
    *protect("roll_units", service="signing", app="select, insert, update (signed)"),
    _ROLL_PARTIES,
    *protect("roll_parties", service="signing", app="select, insert, update (signed)"),
    _ROLL_MEMBERS,
    *protect("roll_members", service="signing", app=_APPEND),
    _LATCHES,
    *protect("latches", service="signing", app=_APPEND),
    _DECLARATIONS,
    *protect("declarations", service="signing", app=_APPEND),
    _CLOSINGS,
    *protect("closings", service="signing", app=_APPEND),
    _COUNTED,
    *protect("counted", service="signing", app=_APPEND),
    _COUNTED_FOLLOW,
    "create trigger counted_follow before insert on counted for each row execute function counted_follow()",
    _DAYS,
    *protect("days", service="signing", app=_APPEND),
)
