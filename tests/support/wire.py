"""What goes over a connection to the database, as libpq itself traces it: statements, and how often somebody waits for an answer."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import pq
from sqlalchemy import Engine, event

# A client waits after each of these: a round trip.
_ENDS = {"Query", "Sync"}


@dataclass
class Wire:
    """`trips`: the statements of each round trip, in order."""

    trips: list[list[str]] = field(default_factory=list)

    @property
    def statements(self) -> list[str]:
        return [statement for trip in self.trips for statement in trip]

    def trip_of(self, words: str) -> int:
        """The number of the only round trip with these words."""
        [found] = [number for number, trip in enumerate(self.trips) if any(words in statement for statement in trip)]
        return found


@contextmanager
def traced(engine: Engine) -> Iterator[Wire]:
    """Of one connection, which has prepared no statement yet: so every statement goes over the wire in words."""
    wire = Wire()
    with tempfile.TemporaryFile("w+") as file:

        def begin(connection: Any, *_: object) -> None:
            connection.pgconn.trace(file.fileno())
            connection.pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)

        def end(connection: Any, *_: object) -> None:
            connection.pgconn.untrace()

        engine.dispose()
        event.listen(engine, "checkout", begin)
        event.listen(engine, "checkin", end)
        yield wire
        event.remove(engine, "checkout", begin)
        event.remove(engine, "checkin", end)
        file.seek(0)
        wire.trips = [trip for trip in _trips(file.read()) if trip]


def _trips(trace: str) -> Iterator[list[str]]:
    trip: list[str] = []
    for message in ("\n" + trace).split("\nF\t")[1:]:
        _, kind, *rest = message.split("\nB\t")[0].split("\t", maxsplit=2)
        if kind in {"Parse", "Query"}:
            trip.append(" ".join("".join(rest).split()))
        if kind in _ENDS:
            yield trip
            trip = []
