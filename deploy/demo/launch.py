"""The launch day: many desks at once prepare and sign what is due by the business clock.

Invariant: what is due is signed before anything else is prepared; a unit is worked on by one desk at a time. The clock waits for the
desks: it goes slower while more owners stand at the desks than those can serve.
Left to others: which units and when (plan.py), what one desk does (desk.py), the clock (day.py).
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import Self

from deploy.demo import day
from deploy.demo.desk import Desk, Ready, Signed
from deploy.demo.opening import Opened
from deploy.demo.people import Refusal, Stuck
from deploy.demo.plan import Turn
from deploy.local.place import Place

DESKS = 8
_IDLE_SECONDS, _LATEST_SECONDS = 0.05, 20.0
_CLOSED = datetime.min.replace(tzinfo=UTC)  # nobody is due
_Entry = tuple[datetime, str]


@dataclass
class Queue:
    """The turns of all projects. `refused`: units that a service did not let through, with its words."""

    turns: dict[str, Turn]
    ready: dict[str, Ready] = field(default_factory=dict)
    signed: list[tuple[Turn, Signed]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _to_prepare: list[_Entry] = field(default_factory=list)
    _to_sign: list[_Entry] = field(default_factory=list)
    _at_work: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, turns: Iterable[Turn]) -> "Queue":
        queue = cls({turn.unit_id: turn for turn in turns})
        queue._to_prepare = [(turn.due_at, unit_id) for unit_id, turn in queue.turns.items()]
        heapify(queue._to_prepare)
        return queue

    def next(self, now: datetime) -> Turn | None:
        """What a free desk does now: whoever is due, else the file that is due first."""
        with self._lock:
            if self._to_sign and self._to_sign[0][0] <= now:
                return self._taken(self._to_sign)
            return self._taken(self._to_prepare) if self._to_prepare else None

    def prepared(self, turn: Turn, ready: Ready) -> None:
        with self._lock:
            self._at_work -= 1
            self.ready[turn.unit_id] = ready
            heappush(self._to_sign, (turn.due_at, turn.unit_id))

    def done(self, turn: Turn, signed: Signed | None, *, reason: str = "") -> None:
        with self._lock:
            self._at_work -= 1
            if signed:
                self.signed.append((turn, signed))
            else:
                self.refused.append(f"{turn.row['compound']}{turn.row['building']}{turn.row['door']}: {reason}")

    def overdue(self, now: datetime) -> int:
        """How many stand at the desks."""
        with self._lock:
            return sum(due <= now for due, _ in (*self._to_sign, *self._to_prepare))

    def prepared_ahead(self) -> int:
        with self._lock:
            return len(self._to_sign)

    @property
    def empty(self) -> bool:
        with self._lock:
            return not (self._to_prepare or self._to_sign or self._at_work)

    def _taken(self, entries: list[_Entry]) -> Turn:
        self._at_work += 1
        return self.turns[heappop(entries)[1]]


class Desks:
    """`count` desks, each a thread with connections of its own, from `with` to its end. They prepare at once and sign once `open`."""

    def __init__(self, place: Place, opened: Sequence[Opened], queue: Queue, *, count: int = DESKS) -> None:
        self._place, self._opened, self._queue = place, opened, queue
        self._stop, self._open, self._failed = threading.Event(), threading.Event(), ""
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"desk-{number}", daemon=True)
            for number in range(1, count + 1)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Returns when every desk has finished what it was doing."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def open(self) -> None:
        self._open.set()

    def expect_well(self) -> None:
        """Raises Stuck with why a desk has ended."""
        if self._failed:
            raise Stuck(self._failed)

    def _work(self, number: int) -> None:
        clock = day.clock(self._place)
        try:
            with ExitStack() as closing:
                desks = {}
                for project in self._opened:
                    desks[project.district.code] = Desk(self._place, project, name=f"{number} 号台")
                    closing.callback(desks[project.district.code].close)
                while not self._stop.is_set():
                    now = clock.now() if self._open.is_set() else _CLOSED
                    if turn := self._queue.next(now):
                        self._take(desks[turn.district], turn)
                    else:
                        self._stop.wait(_IDLE_SECONDS)
        except Stuck as reason:
            self._failed = str(reason)

    def _take(self, desk: Desk, turn: Turn) -> None:
        ready = self._queue.ready.get(turn.unit_id)
        try:
            if ready is None:
                self._queue.prepared(turn, desk.prepare(dict(turn.row)))
            else:
                self._queue.done(turn, desk.take(ready))
        except Refusal as refusal:  # somebody has acted on this case in between
            self._queue.done(turn, None, reason=str(refusal.problem.get("title", refusal)))


class Pace:
    """Sets the clock once a second: at the chosen speed, and slower while the desks have too much to do.

    `until`: which the clock does not reach while anybody is still to sign, however late this is called again.
    """

    def __init__(
        self, place: Place, queue: Queue, chosen: Callable[[], float], *, until: datetime, desks: int = DESKS
    ) -> None:
        self._place, self._queue, self._chosen, self._until, self._desks = place, queue, chosen, until, desks
        self._share, self.speed = 1.0, 0.0

    def keep(self) -> None:
        now = day.clock(self._place).now()
        waiting = self._queue.overdue(now)
        if waiting > 3 * self._desks:
            self._share = max(0.02, self._share * 0.7)
        elif waiting < self._desks:
            self._share = min(1.0, self._share * 1.2)
        wanted = max(1.0, self._chosen() * self._share)
        if now < self._until:
            wanted = min(wanted, (self._until - now).total_seconds() / _LATEST_SECONDS)
        if abs(wanted - self.speed) > 0.02 * wanted:
            day.run_at(self._place, wanted)
            self.speed = wanted


def wait_until_ready(desks: Desks, queue: Queue, count: int, *, on_wait: Callable[[], None]) -> None:
    """Until `count` files are prepared, or all."""
    while queue.prepared_ahead() < min(count, len(queue.turns) - len(queue.refused)):
        desks.expect_well()
        on_wait()
        time.sleep(0.1)
