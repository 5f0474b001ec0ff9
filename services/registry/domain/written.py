"""Converts register values back to the template's words: for an exported workbook and for a correction.

Invariant: cells.py reads the result as the original value.
Held by tests/integration/registry/test_exports.py.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from services.registry.domain import cells
from services.registry.domain.cells import Cell, Value
from services.registry.domain.person import Personal
from services.registry.domain.template import HOLDERS, Column

Words = dict[str, Value]
_WORDS = {column: {code: word for word, code in choices.items()} for column, choices in cells.CHOICES.items()}


def word(column: str, code: str) -> str:
    """The choice that stands for a code: residential → 住宅."""
    return _WORDS[column][code]


def unit(content: Mapping[str, str | int]) -> Words:
    """The columns of a unit, from the stored copy of its row."""
    return {column.name: _value(column, content[column.name]) for column in HOLDERS if column.name in content}


def holder(kept: Mapping[str, str | None]) -> Words:
    """Share and capacity of a right-holder, as written in the workbook."""
    share, capacity = kept.get("share"), kept.get("capacity")
    words: Words = {"share": share} if share else {}
    return words | ({"capacity": word("capacity", capacity)} if capacity else {})


def person(personal: Personal) -> Words:
    """Readable."""
    words: dict[str, Value | None] = {
        "name": personal.name,
        "document_type": word("document_type", personal.document_type),
        "document_number": personal.document_number,
        "mobile": personal.mobile,
        "email": personal.email,
        "language": word("language", personal.language) if personal.language else None,
        "time_zone": personal.time_zone,
    }
    return {name: value for name, value in words.items() if value is not None}


def guardian(personal: Personal) -> Words:
    """Readable."""
    described = person(replace(personal, mobile=None, email=None))
    return {f"guardian_{name}": described[name] for name in ("name", "document_type", "document_number")}


def cell(value: Value) -> Cell:
    """The cell in a sheet for this value."""
    return Cell("date", value.isoformat()) if isinstance(value, date) else Cell("text", str(value))


def _value(column: Column, kept: str | int) -> Value:
    if column.form == "choice":
        return word(column.name, str(kept))
    if column.form == "area":
        return Decimal(str(kept))
    return date.fromisoformat(str(kept)) if column.form == "date" else kept
