"""Messages as metrics, read by the API while the worker that sends is dead too. What due and late mean: due.py.

`engine` is the mechanism role's: it sees every district.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine

from services.notify.queries import due
from shared.service.clock import Clock
from shared.telemetry.facts import Fact, Sample

DUE_AGE: Final = Fact(
    "clearwater_message_due_seconds",
    "For how long the oldest message of a channel could have been sent and was not: quiet hours, pauses between tries and a held channel's "
    "rest do not count. 0 when none is due.",
    ("channel", "district"),
)


def of_messages(engine: Engine, clock: Clock) -> Iterator[Sample]:
    with engine.connect() as connection:
        found = due.by_channel(connection, clock)
    for of_channel in found:
        yield DUE_AGE.of(of_channel.late_seconds, of_channel.channel, of_channel.district)
