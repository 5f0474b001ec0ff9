"""What other services have said, kept until a message needs it. Facts of different topics arrive in any order.

Persons: a sealed contact and a wrapped key, both unreadable as they lie here.
"""

from shared.service.rows import protect

_PROJECTS = """
create table projects (
    district text not null,
    project_id uuid primary key,
    name text not null
)
"""

_UNITS = """
create table units (
    district text not null,
    unit_id uuid primary key,
    project_id uuid not null,
    revision int not null,
    label text not null
)
"""

# A holder who left the unit stays, no longer current: a message about an earlier signing still needs the masked name.
_RIGHT_HOLDERS = """
create table right_holders (
    district text not null,
    unit_id uuid not null,
    person_id uuid not null,
    masked_name text not null check (masked_name like '%*%'),
    current boolean not null,
    primary key (unit_id, person_id)
)
"""

_CONTACTS = """
create table contacts (
    district text not null,
    person_id uuid not null,
    key_id uuid not null,
    nonce text not null,
    ciphertext text not null,
    primary key (district, person_id)
)
"""

# A dropped key leaves its row: what was sealed with it and arrives late is not kept either.
_PERSON_KEYS = """
create table person_keys (
    district text not null,
    person_id uuid not null,
    key_id uuid,
    wrapped text,
    dropped_at timestamptz,
    primary key (district, person_id),
    check ((wrapped is null) = (dropped_at is not null))
)
"""

# One row per event that tells somebody something. `resolved` once it is known whom: recipients then holds them.
_FACTS = """
create table facts (
    district text not null,
    event_id uuid primary key,
    event_type text not null,
    project_id uuid not null,
    unit_id uuid not null,
    agreement_id uuid not null,
    template text not null,
    number bigint,
    happened_at timestamptz not null,
    urgent boolean not null,
    supersedes text[] not null,
    told_at timestamptz not null,
    resolved boolean not null default false
)
"""

_RECIPIENTS = """
create table recipients (
    district text not null,
    event_id uuid not null references facts,
    person_id uuid not null,
    planned_at timestamptz,
    primary key (event_id, person_id)
)
"""

DDL = (
    _PROJECTS,
    *protect("projects", service="notify", app="select, insert, update"),
    _UNITS,
    *protect("units", service="notify", app="select, insert, update"),
    _RIGHT_HOLDERS,
    "create index on right_holders (person_id)",
    *protect("right_holders", service="notify", app="select, insert, update"),
    _CONTACTS,
    *protect("contacts", service="notify"),
    _PERSON_KEYS,
    *protect("person_keys", service="notify", app="select, insert, update"),
    _FACTS,
    "create index on facts (unit_id)",
    "create index on facts (unit_id) where not resolved",
    *protect("facts", service="notify", app="select, insert, update (resolved)"),
    _RECIPIENTS,
    # The planner looks here every second; those told already must cost it nothing.
    "create index on recipients (person_id) where planned_at is null",
    *protect("recipients", service="notify", app="select, insert, update (planned_at)"),
)
