"""The template's columns as parts of SQL statements, so that a new column needs no change of a statement.

The names are those of template.py, never a request's.
"""

from collections.abc import Sequence

from services.registry.domain.template import BUILDINGS, OF_UNIT, Column, Form

_TYPES: dict[Form, str] = {"area": "::numeric", "date": "::date", "integer": "::int"}


def names(columns: Sequence[Column]) -> str:
    """floor, door, use"""
    return ", ".join(column.name for column in columns)


def parameters(columns: Sequence[Column]) -> str:
    """:floor, :door, :use"""
    return ", ".join(f":{column.name}" for column in columns)


def excluded(columns: Sequence[Column]) -> str:
    """excluded.floor, excluded.door, excluded.use"""
    return ", ".join(f"excluded.{column.name}" for column in columns)


def renewed(columns: Sequence[Column], table: str) -> str:
    """As `excluded`, but an empty cell of a newer column leaves what the table has."""
    return ", ".join(
        f"coalesce(excluded.{column.name}, {table}.{column.name})" if column.newer else f"excluded.{column.name}"
        for column in columns
    )


def values(columns: Sequence[Column], source: str) -> str:
    """The columns' values in the jsonb `source`, each in its type in the register."""
    return ", ".join(f"({source} ->> '{column.name}'){_TYPES.get(column.form, '')}" for column in columns)


UNIT_NAMES = names(OF_UNIT)
BUILDING_NAMES = names(BUILDINGS)
