"""The template's columns as fields of the API's models, so that a new column is read and corrected without another declaration."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, create_model

from services.registry.domain.template import Column

M = TypeVar("M", bound=BaseModel)

_LONGEST_AREA = 13
_SHOWN: dict[str, Any] = {"area": Decimal, "date": date, "integer": int}
_CORRECTED: dict[str, Any] = {"date": date, "integer": int}


def shown(columns: Sequence[Column]) -> Callable[[type[M]], type[M]]:
    """Adds the columns to the model of a response. Empty in the register is null."""
    return _adding({column.name: _shown(column) for column in columns})


def corrected(columns: Sequence[Column]) -> Callable[[type[M]], type[M]]:
    """Adds the columns to the body of a correction: all optional, choices by their code, areas as text with their decimals."""
    return _adding({column.name: _corrected(column) for column in columns})


def _adding(fields: dict[str, Any]) -> Callable[[type[M]], type[M]]:
    def add(model: type[M]) -> type[M]:
        return create_model(
            model.__name__, __base__=model, __doc__=model.__doc__, __module__=model.__module__, **fields
        )

    return add


def _shown(column: Column) -> tuple[Any, Any]:
    kind = _SHOWN.get(column.form, str)
    return (kind if column.required else kind | None, Field(description=column.description or None))


def _corrected(column: Column) -> tuple[Any, Any]:
    kind = Literal[*column.choices.values()] if column.choices else _CORRECTED.get(column.form, str)
    longest = _LONGEST_AREA if column.form == "area" else column.longest if kind is str else None
    return (kind | None, Field(default=None, max_length=longest, description=column.description or None))
