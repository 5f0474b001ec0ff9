"""Several statements in one round trip to the database (psycopg's pipeline), for what happens under a lock that others wait for.

Invariant: the database executes them one after the other, each on a snapshot of its own, as if they were sent one by one.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from psycopg.rows import namedtuple_row
from sqlalchemy import TextClause

from shared.service import database
from shared.service.database import Transaction


class Query(NamedTuple):
    statement: TextClause
    parameters: Mapping[str, object] = {}


def together(tx: Transaction, *queries: Query) -> list[list[Any]]:
    """The rows of each query. A query sees what the ones before it have locked or changed."""
    with database.pipelined(tx.connection) as driver:
        cursors = [driver.cursor(row_factory=namedtuple_row) for _ in queries]
        for cursor, query in zip(cursors, queries, strict=True):
            cursor.execute(database.as_sent(query.statement), query.parameters)
    return [cursor.fetchall() for cursor in cursors]


def write_without_waiting(tx: Transaction) -> None:
    """From here to the commit, statements are only sent, so nothing can be read any more. All of them and the commit are one round trip.

    An error of any of them is raised by the commit.
    """
    tx.at_end.enter_context(database.pipelined(tx.connection))
