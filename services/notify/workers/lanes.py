"""Serves every lane with its own threads: a gateway that hangs delays only its own channel in its own district.

Per lane of a district and channel `senders` messages are under way at once; what is urgent has a lane, and threads, of its
own beside them. A lane that breaks off counts in `clearwater_failing_items` until one of its messages is through. Invariant: a class of
lanes (channel × urgency) has at most `most` threads, and one class never uses those of another. A lane gives its thread back after a
few messages, so that many districts share the threads fairly. Several processes may do this at once: a message is claimed in the
database.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Final

from services.notify.store.lanes import Lane
from services.notify.workers.dispatch import Dispatcher
from shared.telemetry import log, metrics

_LOOP: Final = "dispatch"
_BROKEN_SECONDS: Final = 120.0  # after the last break: the message that broke it is no longer due
_TURN: Final = 20  # messages; then the thread goes to a waiting lane
_END_SECONDS: Final = 10.0  # less than the time after which the process is killed
_log = log.get(__name__)


class Lanes:
    def __init__(self, dispatcher: Dispatcher, *, senders: int = 2, most: int = 16) -> None:
        self._dispatcher, self._senders, self._most = dispatcher, senders, max(most, senders)
        self._busy: dict[threading.Thread, Lane] = {}
        self._served: dict[Lane, float] = {}
        self._broken: dict[Lane, float] = {}  # when each broke off
        self._districts: set[str] = set()

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 0.2) -> None:
        while not stop.is_set():
            self._busy = {thread: lane for thread, lane in self._busy.items() if thread.is_alive()}
            due = self._dispatcher.due()
            self._show(due)
            for lane in self._in_turn(due):
                self._start(lane, stop)
            stop.wait(idle_seconds)
        end = time.monotonic() + _END_SECONDS
        for thread in self._busy:
            thread.join(max(0.0, end - time.monotonic()))

    def _in_turn(self, due: Iterable[Lane]) -> list[Lane]:
        """Ordered by how long they have waited for a thread, longest first."""
        lanes = list(due)
        self._served = {lane: at for lane, at in self._served.items() if lane in lanes}
        return sorted(lanes, key=lambda lane: self._served.get(lane, 0.0))

    def _start(self, lane: Lane, stop: threading.Event) -> None:
        while self._threads_of(lane) < self._senders and self._threads_of_class(lane) < self._most:
            # Daemons: a gateway that hangs cannot keep the process alive.
            thread = threading.Thread(target=self._serve, args=(lane, stop), name=f"{lane.channel}-lane", daemon=True)
            self._busy[thread] = lane
            self._served[lane] = time.monotonic()
            thread.start()

    def _serve(self, lane: Lane, stop: threading.Event) -> None:
        try:
            for _ in range(_TURN):
                if stop.is_set() or not self._dispatcher.serve(lane):
                    return
                self._broken.pop(lane, None)
        except Exception:  # noqa: BLE001 - the message stays marked, inquire.py settles it; the lane is served again at the next look
            self._broken[lane] = time.monotonic()
            metrics.FAILED.labels(_LOOP, lane.district).inc()
            _log.exception("lane broken off", district=lane.district, channel=lane.channel)

    def _show(self, due: Iterable[Lane]) -> None:
        recently = time.monotonic() - _BROKEN_SECONDS
        broken = Counter(lane.district for lane, at in list(self._broken.items()) if at > recently)
        self._districts.update(lane.district for lane in due)
        for district in self._districts:
            metrics.FAILING.labels(_LOOP, district).set(broken[district])
            metrics.FAILED.labels(_LOOP, district)  # exists from now on, at 0

    def _threads_of(self, lane: Lane) -> int:
        return sum(busy_lane == lane for busy_lane in self._busy.values())

    def _threads_of_class(self, lane: Lane) -> int:
        return sum(
            (busy_lane.channel, busy_lane.urgent) == (lane.channel, lane.urgent) for busy_lane in self._busy.values()
        )
