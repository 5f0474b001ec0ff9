"""The tables of the read models, without a schema's name: created in `model`, and in `model_next` by a rebuild."""

from typing import Final

from shared.messaging import schema
from shared.service import rows

SERVICE: Final = "reporting"
TABLES: Final = {
    "districts": "create table districts (district text primary key, name text not null)",
    "projects": """
        create table projects (
            project_id uuid primary key, district text not null, name text not null, bases jsonb not null,
            counting_rule text not null, starts_at timestamptz not null, ends_at timestamptz not null)""",
    "rolls": """
        create table rolls (
            project_id uuid primary key, district text not null, units bigint not null, households bigint not null,
            right_holders bigint not null, area bigint not null, digest text not null, frozen_at timestamptz not null,
            matches boolean not null default false)""",
    "calls": """
        create table calls (
            project_id uuid primary key, district text not null, reached_at timestamptz, reached_bases jsonb,
            effective_at timestamptz, document_number text, closed_at timestamptz)""",
    "units": """
        create table units (
            unit_id uuid primary key, district text not null, project_id uuid not null, revision int not null,
            unit_code text not null, compound text not null, building text not null, stairwell text not null, floor int not null,
            top_floor int, door text not null, area bigint not null, use text not null, household_id uuid not null, ownership text not null,
            owner text not null, overseas boolean not null, owners jsonb not null)""",
    "holders": """
        create table holders (
            unit_id uuid, person_id uuid, share text, district text not null, project_id uuid not null,
            primary key (unit_id, person_id))""",
    "groups": """
        create table groups (
            group_id uuid primary key, district text not null, project_id uuid not null, name text not null,
            officers jsonb not null)""",
    "assignments": """
        create table assignments (
            unit_id uuid primary key, district text not null, project_id uuid not null, group_id uuid not null, staff_id uuid)""",
    "cases": """
        create table cases (
            unit_id uuid primary key, district text not null, project_id uuid not null, rights text not null,
            agreement text not null, series text, sequence_number bigint, signed_at timestamptz,
            changed_at timestamptz not null) with (fillfactor = 70)""",
    "signings": """
        create table signings (
            agreement_id uuid, fact text not null check (fact in ('signed', 'rescinded', 'void')),
            change int generated always as (case fact when 'signed' then 1 else -1 end) stored,
            district text not null, project_id uuid not null, unit_id uuid not null, series text not null,
            sequence_number bigint not null, at timestamptz not null,
            primary key (agreement_id, change))""",
    "tallies": """
        create table tallies (
            project_id uuid primary key, district text not null, units bigint not null default 0,
            households bigint not null default 0, right_holders bigint not null default 0, area bigint not null default 0,
            signed_units bigint not null default 0, signed_households bigint not null default 0,
            signed_right_holders bigint not null default 0, signed_area bigint not null default 0) with (fillfactor = 50)""",
}
# The count of a project and the cells of a building read by project; the list of latest signings reads its end.
INDEXES: Final = (
    "create index on units (project_id, compound, building)",
    "create index on signings (project_id, at desc)",
)


def statements() -> list[str]:
    """The consumer's inbox and everything it fills, with policies and grants; the schema is rebuild.schema's."""
    tables = [
        statement for name, create in TABLES.items() for statement in (create, *rows.protect(name, service=SERVICE))
    ]
    return [*schema.inbox(SERVICE), *tables, *INDEXES]
