"""Is every planned message accounted for, and which recipients cannot be planned yet?

    planned = sent + held + withheld + superseded + failed + unknown + waiting

Shown as a balance per district, and given to the reconciler per business day with ids. `planned` counts the recipients that planning
has settled; the right side counts messages by state. The two sides are two tables, so a message that is lost between them is
detected. `waiting` includes the one a worker is sending now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Engine, Row, text

from shared.events.day import business_day, midnight
from shared.messaging.conservation import Equation, Place
from shared.service.clock import Clock
from shared.service.database import Transaction

_BALANCE = text("""
    with reported as (
        select recipients.district, count(*) filter (where planned_at is not null) as planned,
               count(*) filter (where planned_at is null) as incomplete
        from recipients join facts using (event_id)
        where cast(:project_id as uuid) is null or facts.project_id = :project_id group by 1),
    became as (
        select district, count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'held') as held,
               count(*) filter (where state = 'withheld') as withheld, count(*) filter (where state = 'superseded')
                   as superseded,
               count(*) filter (where state = 'failed') as failed, count(*) filter (where state = 'unknown') as unknown,
               count(*) filter (where state in ('waiting', 'trying')) as waiting
        from messages where cast(:project_id as uuid) is null or project_id = :project_id group by 1)
    select district, coalesce(planned, 0) as planned, coalesce(sent, 0) as sent, coalesce(held, 0) as held,
           coalesce(withheld, 0) as withheld,
           coalesce(superseded, 0) as superseded, coalesce(failed, 0) as failed, coalesce(unknown, 0) as unknown,
           coalesce(waiting, 0) as waiting, coalesce(incomplete, 0) as incomplete
    from (select district from projects union select district from reported) as known
    left join reported using (district) left join became using (district) order by district
""")


class Conservation(BaseModel):
    """planned = sent + held + withheld + superseded + failed + unknown + waiting; `missing` is 0 when it holds."""

    district: str
    planned: int
    sent: int
    held: int
    withheld: int
    superseded: int
    failed: int
    unknown: int
    waiting: int
    incomplete: int = Field(description="Recipients whose contact or key has not arrived yet; not planned.")
    missing: int


def by_district(tx: Transaction, *, project_id: UUID | None = None) -> list[Conservation]:
    return [_conservation(row) for row in tx.connection.execute(_BALANCE, {"project_id": project_id})]


def _conservation(row: Row[Any]) -> Conservation:
    became = row.sent + row.held + row.withheld + row.superseded + row.failed + row.unknown + row.waiting
    return Conservation(**row._asdict(), missing=row.planned - became)


_STATES: Final = ("held", "waiting", "trying", "sent", "failed", "unknown", "withheld", "superseded")
_BY_CHANNEL = text("""
    with counted as (
        select district, state, coalesce(channel, 'none') as channel, count(*) as messages from messages group by 1, 2, 3)
    select district, state, channel, coalesce(messages, 0) as messages
    from (select distinct district from projects) as known
    cross join unnest(cast(:states as text[])) as kinds (state)
    cross join unnest(array['mail', 'sms', 'none']) as places (channel)
    left join counted using (district, state, channel)
""")


@dataclass(frozen=True)
class Count:
    """`channel` is None for a message that is deliberately not sent."""

    district: str
    state: str
    channel: str
    messages: int


def by_channel(tx: Transaction) -> Sequence[Count]:
    """Every state and channel of every known district, also where the count is 0."""
    return [
        Count(row.district, row.state, row.channel, row.messages)
        for row in tx.connection.execute(_BY_CHANNEL, {"states": list(_STATES)})
    ]


_OUTCOMES: Final = ("sent", "held", "withheld", "superseded", "failed", "unknown", "waiting")
_DAYS = text("""
    with reported as (
        select district, (planned_at at time zone 'Asia/Shanghai')::date as day, count(*) as planned
        from recipients where planned_at >= :since group by 1, 2),
    became as (
        select district, (planned_at at time zone 'Asia/Shanghai')::date as day,
               case state when 'trying' then 'waiting' else state end as state, count(*) as messages
        from messages where planned_at >= :since group by 1, 2, 3)
    select district, day, coalesce(planned, 0) as planned,
           coalesce(jsonb_object_agg(state, messages) filter (where state is not null), '{}') as became
    from reported full join became using (district, day) group by 1, 2, 3 order by 1, 2
""")
# Both sides are written in one transaction, so neither may exist without the other.
_UNPAIRED = text("""
    select recipients.district, (recipients.planned_at at time zone 'Asia/Shanghai')::date as day, true as missing,
           recipients.event_id || '/' || recipients.person_id as id
    from recipients left join messages using (event_id, person_id)
    where recipients.planned_at >= :since and messages.message_key is null
    union all
    select messages.district, (messages.planned_at at time zone 'Asia/Shanghai')::date, false, message_key
    from messages left join recipients using (event_id, person_id)
    where messages.planned_at >= :since and recipients.planned_at is null
""")


class Planned:
    """`engine` is the mechanism role's. Days are those of the business clock, today and the day before: what a message becomes changes."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def count(self, since: datetime) -> Sequence[Equation]:
        today = business_day(self._clock.now())
        parameters = {"since": min(since, midnight(today - timedelta(days=1)))}
        with self._engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            unpaired = connection.execute(_UNPAIRED, parameters).all()
            return [
                Equation(
                    "planned",
                    Place(row.district, row.day),
                    row.planned,
                    {state: row.became.get(state, 0) for state in _OUTCOMES},
                    *(
                        [it.id for it in unpaired if (it.district, it.day, it.missing) == (row.district, row.day, side)]
                        for side in (True, False)
                    ),
                )
                for row in connection.execute(_DAYS, parameters)
            ]
