"""Who waits for the next log number of a district, and the one poller that wakes them.

    exchange_numbers ─▶ poll every 100 ms, only where somebody waits ─▶ every waiting reader reads for itself, under its own grants

It is for the stream's process, where a waiting reader costs a greenlet. Invariant: a reader that waits holds no connection, and a client
has at most MOST_READERS of them, so that none can keep the walls out.
"""

import threading
from collections import Counter
from collections.abc import Callable

from sqlalchemy import Engine

from services.reporting.queries import exchange
from services.reporting.queries.exchange import Place
from shared.refusal import Refused
from shared.service import database

MOST_READERS = 8
RETRY_SECONDS = 5  # a reader that waits leaves within 30 s, and one of eight within a few


class Watch:
    """`wanted` is set when a reader begins to wait: who polls may sleep until then."""

    def __init__(self, engine: Engine, *, wanted: threading.Event) -> None:
        self._engine, self._wanted = engine, wanted
        self._news = threading.Condition()
        self._awaited: Counter[str] = Counter()
        self._reached: dict[str, Place] = {}
        self._readers: Counter[str] = Counter()

    def admit(self, client_id: str) -> Callable[[], None]:
        """Returns the way out. Refused readers-too-many."""
        with self._news:
            if self._readers[client_id] >= MOST_READERS:
                raise Refused("readers-too-many", most=MOST_READERS, retry_after_seconds=RETRY_SECONDS)
            self._readers[client_id] += 1

        def leave() -> None:
            with self._news:
                self._readers[client_id] -= 1

        return leave

    def wait(self, district: str, seen: Place, seconds: float) -> None:
        """Returns when the district's log goes on after `seen`, at the latest after `seconds`."""
        with self._news:
            self._awaited[district] += 1
            self._wanted.set()
            try:
                self._news.wait_for(lambda: self._reached.get(district, seen) > seen, seconds)
            finally:
                self._awaited[district] -= 1

    def awaited(self) -> list[str]:
        """The districts for which somebody waits."""
        with self._news:
            return sorted(district for district, readers in self._awaited.items() if readers)

    def poll(self) -> None:
        if not (districts := self.awaited()):
            return
        with database.reading(self._engine, granted=districts) as tx:
            reached = exchange.reached(tx)
        with self._news:
            if any(self._reached.get(district) != place for district, place in reached.items()):
                self._reached |= reached
                self._news.notify_all()
