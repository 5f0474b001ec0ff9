"""Serves the feed over HTTP, starts the subscriber, and marks what it asks.

Invariant: requests are played one after another, so each is judged in one scene. A scene in which the subscriber ends, or asks nothing for
the time of the patience, has failed; what it was stuck at is then left out of the feed, and the next scene goes on with what it asks next.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from deploy.sandbox.door import Door
from deploy.sandbox.feed import Answer, Feed, FeedRequest
from deploy.sandbox.holdings import Holdings, Unreadable, count_fault, status_fault
from deploy.sandbox.report import Report
from deploy.sandbox.scenes import MAY_END, SCENES, Scene, Stage, Unseen
from deploy.sandbox.story import DISTRICT, SIGNING, Story

_FATAL: Final = frozenset({"begins", "epoch"})  # who does not come through them comes no further
_LOOK_SECONDS: Final = 0.05
_NOTHING_NEW_SECONDS: Final = 1.0


class Play:
    """`patience`: seconds between two requests of the subscriber at most."""

    def __init__(self, stage: Stage, report: Report, *, patience: float) -> None:
        self._stage, self._report, self._patience = stage, report, patience
        self._left, self._lock = list(SCENES), threading.Lock()
        self._running: Scene | None = None
        self._first, self._moved = 1, time.monotonic()
        self.over = threading.Event()
        stage.feed.write([*stage.story.case(*SIGNING), *stage.story.case(*SIGNING)])

    @property
    def overdue(self) -> bool:
        return time.monotonic() - self._moved > self._patience

    @property
    def may_end(self) -> bool:
        return self._left[:1] == [MAY_END]

    def answer(self, request: FeedRequest) -> Answer:
        with self._lock:
            while self._left:
                try:
                    found = self._running.send(request) if self._running else self._begin(request)
                except StopIteration as end:
                    self._report.judge(self._left[0], end.value)
                except Unseen as reason:
                    self._report.unseen(self._left[0], str(reason))
                else:
                    self._moved = time.monotonic()
                    return found
                self._next()
            self.over.set()
            found = self._stage.feed.answer(request)
        return Answer(found.status, found.headers, found.body, delay=min(request.wait, _NOTHING_NEW_SECONDS))

    def give_up(self, reason: str) -> None:
        """The scene that runs has failed."""
        with self._lock:
            if not self._left:
                return
            name = self._left[0]
            self._report.judge(name, reason)
            self._stage.feed.withhold(self._first)
            self._next()
            if name in _FATAL:
                self._left.clear()
            if not self._left:
                self.over.set()
            self._moved = time.monotonic()

    def _begin(self, request: FeedRequest) -> Answer:
        self._first = self._stage.feed.last + 1
        self._running = SCENES[self._left[0]](self._stage, request)
        return next(self._running)

    def _next(self) -> None:
        if self._running:
            self._running.close()
        self._running = None
        self._first = self._stage.feed.last + 1
        del self._left[0]


class Subscriber:
    """The process of the subscriber, and of all that it starts."""

    def __init__(self, command: str, environment: Mapping[str, str]) -> None:
        self._command, self._environment = shlex.split(command), {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def start(self) -> None:
        self._killed = False
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=sys.stderr, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def kill(self) -> None:
        self._killed = True
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def ended(self) -> str | None:
        """Why it does not run: empty if the player has ended it. None: it runs."""
        code = self._process.poll() if self._process else None
        if code is None:
            return None
        return "" if self._killed else f"The subscriber ended with exit code {code}."


def play(  # noqa: PLR0913 - what the command line names
    report: Report, holdings: Holdings, *, command: str, bind: tuple[str, int], patience: float, slow_seconds: float
) -> None:
    """`command`: how the subscriber is started; empty: somebody else has started it, or will."""
    with _serving(bind) as door:
        subscriber = Subscriber(command, door.variables) if command else None
        stage = Stage(Feed(), Story(), slow_seconds, door.expire, subscriber.kill if subscriber else None)
        playing = Play(stage, report, patience=patience)
        door.answer = playing.answer
        print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in door.variables.items()), flush=True)
        try:
            _watch(playing, subscriber, door)
            if report.mark("feed-state")[0] == "passed":
                _judge_state(report, holdings, stage.feed)
        finally:
            if subscriber:
                subscriber.kill()


def _watch(playing: Play, subscriber: Subscriber | None, door: Door) -> None:
    if subscriber:
        subscriber.start()
    while not playing.over.wait(_LOOK_SECONDS):
        ended = subscriber.ended() if subscriber else None
        if playing.overdue:
            playing.give_up(ended or door.refused or "It asked nothing more.")
            if subscriber:
                subscriber.kill()
        elif ended and not playing.may_end:
            playing.give_up(ended)
        if ended is not None and subscriber and not playing.over.is_set():
            subscriber.start()


def _judge_state(report: Report, holdings: Holdings, feed: Feed) -> None:
    """Counts are compared for units that no snapshot has given: what is new since the epoch."""
    if not holdings.source:
        report.unseen("feed-state", "The player was not shown what the subscriber holds: give --state.")
        return
    known = {unit: held for unit, held in feed.expected.items() if held.status is not None}
    expected = {unit: held for unit, held in known.items() if feed.gives_status or unit in feed.new_units}
    try:
        units = holdings.settled(expected)
    except Unreadable as failure:
        report.judge("feed-state", str(failure))
        return
    for unit in expected:
        report.judge("feed-state", status_fault(units, unit, expected))
    for unit in feed.new_units & expected.keys():
        report.judge("feed-state", count_fault(units, unit, expected))


@contextmanager
def _serving(bind: tuple[str, int]) -> Iterator[Door]:
    with Door(bind, district=DISTRICT) as door:
        threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield door
        door.shutdown()
