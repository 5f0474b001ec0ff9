"""The districts that notify has heard of: a loop visits each in a transaction of its own."""

from collections.abc import Sequence

from sqlalchemy import Engine, TextClause, text

from shared.service import database

_KNOWN = text("select distinct district from projects order by district")
_WITH_DUE = text("select distinct district from messages where state in ('held', 'waiting') order by district")


def known(engine: Engine, *, among: Sequence[str]) -> Sequence[str]:
    """`among` names the districts that a process answers for, `["*"]` = all."""
    return _districts(engine, _KNOWN, among)


def with_due_messages(engine: Engine, *, among: Sequence[str]) -> Sequence[str]:
    """Those with anything to send, now or later."""
    return _districts(engine, _WITH_DUE, among)


def _districts(engine: Engine, statement: TextClause, among: Sequence[str]) -> Sequence[str]:
    with database.reading(engine, granted=among) as tx:
        return list(tx.connection.execute(statement).scalars())
