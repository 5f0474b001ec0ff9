"""Messages as metrics, read by the API while the worker that sends is dead too. What due and late mean: due.py.

`engine` is the mechanism role's: it sees every district.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine

from services.notify.queries import channels, conservation, due
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
    "1 while messages wait for a channel that is held: it would refuse any (our credential, credit or address, their machine).",
    ("channel", "district"),
)

DUE_AGE: Final = Fact(
    "clearwater_message_due_seconds",
    "For how long the oldest message of a channel could have been sent and was not: quiet hours, pauses between tries and a held channel's "
    "rest do not count. 0 when none is due.",
    ("channel", "district"),
)
_STATES: Final = ("planned", "sent", "held", "withheld", "superseded", "failed", "unknown", "waiting", "incomplete")


def of_messages(engine: Engine, clock: Clock) -> Iterator[Sample]:
    yield from _counted(engine)
    with engine.connect() as connection:
        found = due.by_channel(connection, clock)
    for of_channel in found:
        yield DUE_AGE.of(of_channel.late_seconds, of_channel.channel, of_channel.district)


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
        # The next message ends a hold that nothing waits for: nobody can do anything about it.
        yield CHANNEL_HELD.of(line.held and line.waiting > 0, line.channel, line.district)
