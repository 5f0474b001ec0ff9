"""The districts known from events. A loop visits each in its own transaction."""

from collections.abc import Sequence

from sqlalchemy import Engine, text

from shared.service import database

_KNOWN = text("select distinct district from projects order by district")


def known(engine: Engine, *, among: Sequence[str]) -> Sequence[str]:
    """`among` names the districts that a process answers for, `["*"]` = all."""
    return [row.district for row in database.look(engine, _KNOWN, {}, granted=among)]
