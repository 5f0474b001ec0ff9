"""Messages as metrics, read by the API while the worker that sends is dead too.

`engine` is the mechanism role's: it sees every district.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine, text

from services.notify.queries import channels, conservation
from services.notify.queries.channels import CHANNELS
from shared.service import database
from shared.service.clock import Clock
from shared.telemetry.facts import Fact, Sample

MESSAGES: Final = Fact(
    "clearwater_messages",
    "Messages by what became of them; `incomplete` wait for a contact or a key. `planned` is the sum of the others but `incomplete`.",
    ("state", "district"),
)
BY_CHANNEL: Final = Fact(
    "clearwater_messages_by_channel",
    "Messages by state and channel, each message once; `none` was decided not to be sent. Every known district, from the start.",
    ("state", "channel", "district"),
)
CHANNEL_HELD: Final = Fact(
    "clearwater_channel_held",
    "1 while a channel is held because it would refuse any message (our credential, credit or address, their machine).",
    ("channel", "district"),
)

DUE_AGE: Final = Fact(
    "clearwater_message_due_seconds",
    "For how long the oldest message of a channel could have been sent and was not: quiet hours, pauses between tries and a held channel's "
    "rest do not count. 0 when none is due.",
    ("channel", "district"),
)
_STATES: Final = ("planned", "sent", "held", "withheld", "superseded", "failed", "unknown", "waiting", "incomplete")

# Since when it could have been sent: the last of its hold, its next try and its channel's next probe. `hold_until` is of the business
# clock. A try that never ended counts from its beginning. Each part has an index of its own, so what was sent is not read.
_DUE = text("""
    select known.district, kinds.channel, coalesce(max(extract(epoch from waits.due_for)), 0)::float as seconds
    from (select distinct district from projects) as known cross join unnest(cast(:channels as text[])) as kinds (channel)
    left join (
        select district, channel,
               least(:now - hold_until, :real_now - next_try_at, :real_now - hold.next_probe_at) as due_for
        from messages left join (select * from channel_holds where ended_at is null) as hold using (district, channel)
        where state in ('held', 'waiting')
        union all
        select district, channel, :real_now - tried_at from messages where state = 'trying'
    ) as waits on waits.district = known.district and waits.channel = kinds.channel and waits.due_for > interval '0'
    group by known.district, kinds.channel order by known.district, kinds.channel
""")


def of_messages(engine: Engine, clock: Clock) -> Iterator[Sample]:
    yield from _counted(engine)
    moments = {"now": clock.now().astimezone(UTC), "real_now": datetime.now(UTC)}
    with engine.connect() as connection:
        rows = connection.execute(_DUE, {"channels": list(CHANNELS), **moments}).all()
    for row in rows:
        yield DUE_AGE.of(row.seconds, row.channel, row.district)


def _counted(engine: Engine) -> Iterator[Sample]:
    """The reconciler checks whether one is missing."""
    with database.reading(engine, granted=[database.EVERY]) as tx:
        balances, counts, lines = conservation.by_district(tx), conservation.by_channel(tx), channels.every(tx)
    for balance in balances:
        for state in _STATES:
            yield MESSAGES.of(getattr(balance, state), state, balance.district)
    for count in counts:
        yield BY_CHANNEL.of(count.messages, count.state, count.channel, count.district)
    for line in lines:
        yield CHANNEL_HELD.of(line.held, line.channel, line.district)
