"""Messages that are due and not sent, per district."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, text

from shared.messaging.freshness import Age
from shared.service.context import context

# Two conditions, since each has a partial index of its own. What quiet hours hold is not due.
# Ages are of the business clock, as `hold_until` is.
_DUE: Final = text("""
    select district, count(*), extract(epoch from cast(:now as timestamptz) - min(hold_until))::float from messages
    where (state in ('held', 'waiting') or state = 'trying') and hold_until <= :now group by district order by district
""")
_KNOWN: Final = text("select distinct district from projects")


def ages(connection: Connection) -> Sequence[Age]:
    """A row for every district that has a project, 0 where nothing is due."""
    found = {row.district: Age(*row) for row in connection.execute(_DUE, {"now": context().clock.now()})}
    return [found.get(district, Age(district, 0, 0.0)) for district in connection.execute(_KNOWN).scalars()]
