"""The hub of the live stream: one poller per process, many readers. It also polls for those of the exchange log (watch.py).

    feed rows ─▶ poll every 100 ms ─▶ one snapshot per district with news ─▶ the bounded queue of each reader

Invariants. A reader gets, with a feed number, the state at that number or later, never a mix. The hub goes on in a district from a number
that is never higher than that of a reader's first read: an event that is appended between that read and the next poll is sent. A reader
that is too slow is dropped and reconnects with its last number.

It polls instead of LISTEN: a notification has no content and needs its own monitored connection; a poll of one small table by one process
is cheap.
"""

import json
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Engine

from services.reporting.api.watch import RETRY_SECONDS, Watch
from services.reporting.queries import as_of, cells, pace, reasons, scores, signings, standings
from services.reporting.queries.as_of import AsOfState
from services.reporting.queries.cells import CellState
from services.reporting.queries.pace import PaceState
from services.reporting.queries.reasons import ReasonState
from services.reporting.queries.scores import ScoreState
from services.reporting.queries.signings import SigningState
from services.reporting.queries.standings import ProjectState, Standing
from services.reporting.store import feed
from shared.messaging import rounds
from shared.messaging.rounds import Rounds, Work
from shared.refusal import Refused
from shared.service import database
from shared.service.clock import Clock
from shared.service.database import Transaction
from shared.telemetry import log, metrics, spans

LATEST: Final = 12  # slots of the list of latest signings
_POLL_SECONDS: Final = 0.1
_PULSE_SECONDS: Final = 2.0
_STILL_SECONDS: Final = 30.0
_WAITING: Final = 64  # events a reader may be behind before it is dropped
_MOST_ENTRIES: Final = 500  # a reader further back than this gets a snapshot
MOST_STREAMS = 16  # of one subject: four browsers of four streams (static/line.js), or sixteen walls
_log = log.get(__name__)

Name = Literal["change", "snapshot", "reset", "as_of"]


class LiveProject(ProjectState):
    """All figures of a project on the pages, of one feed number. A page updates all of them together.

    `cells`: the changed units; null when there are too many, so the page should reload.
    """

    latest: list[SigningState]
    scores: list[ScoreState]
    pace: PaceState
    reasons: list[ReasonState]
    cells: list[CellState] | None


class Live(BaseModel):
    """The data of one event of the stream."""

    district: str
    as_of: AsOfState
    projects: list[LiveProject]


@dataclass(frozen=True)
class Event:
    """`number` is the event's id; None for events without a position (as_of, reset)."""

    name: Name
    number: int | None
    data: str

    def encoded(self) -> bytes:
        place = f"id: {self.number}\n" if self.number is not None else ""
        return f"event: {self.name}\n{place}data: {self.data}\n\n".encode()


@dataclass(eq=False)
class Reader:
    district: str
    subject: str
    waiting: "queue.Queue[Event]" = field(default_factory=lambda: queue.Queue(_WAITING))
    dropped: bool = False

    def offer(self, event: Event) -> None:
        try:
            self.waiting.put_nowait(event)
        except queue.Full:
            self.dropped = True


RESET: Final = Event("reset", None, "{}")


class Hub:
    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._wanted = threading.Event()  # somebody reads or waits
        self.watch = Watch(engine, wanted=self._wanted)
        self._readers: set[Reader] = set()
        self._reached: dict[str, int] = {}
        self._rounds = Rounds("hub")
        self._polled_at = time.monotonic()
        self._lock = threading.Lock()

    def start(self, stop: threading.Event) -> None:
        threading.Thread(target=self._run, args=(stop,), name="hub", daemon=True).start()

    def silent_seconds(self) -> float:
        """Since the last look that could read, or since the start."""
        return time.monotonic() - self._polled_at

    def missing(self) -> str | None:
        """For health.ready: pages that nobody moves look as if nothing happened."""
        silent = self.silent_seconds()
        return f"live stream: last read {silent:.0f} s ago" if silent > _STILL_SECONDS else None

    def join(self, district: str, subject: str) -> Reader:
        """Call it before the reader's first read (`since`). Refused readers-too-many: one subject could keep all others out."""
        reader = Reader(district, subject)
        if district not in self._reached:
            with database.reading(self._engine, granted=[district]) as tx:
                number = feed.latest(tx.connection, district)
            self._reached.setdefault(district, number)
        with self._lock:
            if sum(it.subject == subject for it in self._readers) >= MOST_STREAMS:
                raise Refused("readers-too-many", most=MOST_STREAMS, retry_after_seconds=RETRY_SECONDS)
            self._readers.add(reader)
            self._count(district)
        self._wanted.set()
        return reader

    def leave(self, reader: Reader) -> None:
        with self._lock:
            self._readers.discard(reader)
            self._count(reader.district)

    def _count(self, district: str) -> None:
        metrics.LIVE_READERS.labels(district).set(sum(reader.district == district for reader in self._readers))

    def since(self, district: str, number: int | None) -> list[Event]:
        """The events for a reader that has seen everything up to `number`: the missed ones, or reset and snapshot."""
        with database.reading(self._engine, granted=[district]) as tx:
            if number is None:
                return [self._snapshot(tx, district)]
            entries = _entries(tx, district, number)
            if entries is None:
                return [RESET, self._snapshot(tx, district)]
            return [self._change(tx, district, entries) if entries else self._as_of(tx, district)]

    def poll(self) -> None:
        """Looks once for news in the districts with readers, and sends it to them."""
        with self._lock:
            districts = sorted({reader.district for reader in self._readers})
        if not districts:
            return
        with database.reading(self._engine, granted=districts) as tx:
            numbers = feed.latest_of(tx.connection, districts)
        news = [district for district in districts if self._reached[district] != numbers.get(district, 0)]
        self._rounds.carry_out(Work(district, "news", partial(self._hand_out, district)) for district in news)

    def pulse(self) -> None:
        """Sends every reader the as-of time of its figures, with or without news."""
        with self._lock:
            districts = sorted({reader.district for reader in self._readers})
        self._rounds.carry_out(Work(district, "pulse", partial(self._beat, district)) for district in districts)

    def _beat(self, district: str) -> int:
        with database.reading(self._engine, granted=[district]) as tx:
            self._offer(district, self._as_of(tx, district))
        return 1

    def _hand_out(self, district: str) -> int:
        began = spans.now()
        with database.reading(self._engine, granted=[district]) as tx:
            number, reached = feed.latest(tx.connection, district), self._reached[district]
            entries = _entries(tx, district, reached)
            if entries is None:
                self._offer(district, RESET)
                self._offer(district, self._snapshot(tx, district))
            else:
                self._offer(district, self._change(tx, district, entries))
        spans.record(_shown(district, entries or (), began))
        self._reached[district] = number
        return 1

    def _offer(self, district: str, event: Event) -> None:
        with self._lock:
            readers = [reader for reader in self._readers if reader.district == district]
        for reader in readers:
            reader.offer(event)

    def _change(self, tx: Transaction, district: str, entries: Sequence[feed.Numbered]) -> Event:
        changed: dict[UUID, set[UUID] | None] = {}
        for entry in entries:
            if entry.body.get("project_id") is None:
                continue
            project_id, units = UUID(entry.body["project_id"]), entry.body.get("units")
            known = changed.setdefault(project_id, set())
            changed[project_id] = None if units is None or known is None else known | set(map(UUID, units))
        return self._event(tx, "change", district, changed)

    def _snapshot(self, tx: Transaction, district: str) -> Event:
        found = {standing.project_id: None for standing in standings.of(tx) if standing.district == district}
        return self._event(tx, "snapshot", district, {**found})

    def _event(self, tx: Transaction, name: Name, district: str, changed: dict[UUID, set[UUID] | None]) -> Event:
        moment = as_of.of(tx, self._clock, district=district)
        projects = [
            self._project(tx, standing, changed[standing.project_id]) for standing in standings.of(tx, list(changed))
        ]
        live = Live(district=district, as_of=moment, projects=projects)
        return Event(name, moment.number, live.model_dump_json())

    def _project(self, tx: Transaction, standing: Standing, units: set[UUID] | None) -> LiveProject:
        return LiveProject(
            **dict(standing),
            latest=signings.latest(tx, [standing.project_id], limit=LATEST),
            scores=scores.of(tx, standing.project_id),
            pace=pace.of(tx, standing, now=self._clock.now()),
            reasons=reasons.of(tx, standing.project_id),
            cells=_cells(tx, units),
        )

    def _as_of(self, tx: Transaction, district: str) -> Event:
        moment = as_of.of(tx, self._clock, district=district)
        return Event("as_of", None, Live(district=district, as_of=moment, projects=[]).model_dump_json())

    def _run(self, stop: threading.Event) -> None:
        turns = 0
        while not stop.wait(_POLL_SECONDS):
            self._wanted.clear()
            if not self._readers and not self.watch.awaited():
                self._wanted.wait(_PULSE_SECONDS)
            try:
                self.poll()
                self.watch.poll()
                if turns % round(_PULSE_SECONDS / _POLL_SECONDS) == 0:
                    self.pulse()
                self._polled_at = time.monotonic()
            except Exception as failure:  # noqa: BLE001 - an outage: readers see the silence; the next turn may find the database
                _log.error("the live stream could not read", code=rounds.code(failure))
                stop.wait(_PULSE_SECONDS)
            turns += 1


def narrowed(event: Event, *, project_id: UUID) -> Event:
    """What a reader of one project may see of an event."""
    live = json.loads(event.data)
    if "projects" in live:
        live["projects"] = [project for project in live["projects"] if project["project_id"] == str(project_id)]
    return Event(event.name, event.number, json.dumps(live, ensure_ascii=False))


def _entries(tx: Transaction, district: str, since: int) -> Sequence[feed.Numbered] | None:
    """None when the number was trimmed, is too old or was never issued, or when the model was rebuilt."""
    if not feed.complete_after(tx.connection, district, since):
        return None
    entries = feed.after(tx.connection, district, since, _MOST_ENTRIES + 1)
    continued = len(entries) <= _MOST_ENTRIES and all(entry.kind == "changed" for entry in entries)
    return entries if continued else None


def _shown(district: str, entries: Sequence[feed.Numbered], began: int) -> Iterator[spans.Beginning]:
    for entry in entries:
        facts: dict[str, spans.Value] = {"clearwater.district": district, "clearwater.feed_number": entry.number}
        for parent in entry.body.get("traces", ()):
            yield spans.Beginning("show on screens", "producer", parent, facts, at=began)


def _cells(tx: Transaction, units: set[UUID] | None) -> list[CellState] | None:
    return None if units is None else [*cells.of_units(tx, sorted(units))]
