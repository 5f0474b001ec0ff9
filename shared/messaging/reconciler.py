"""The reconciler: counts all hops of a service all the time, and names what is missing or too much.

Invariant: what is on its way is missing for a moment; what breaks an equation twice in a row is an alarm: a metric per district, and a
line at level ERROR that names ids. Left to others: the equations (conservation.py, and a service's own).
"""

import argparse
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

from shared.events.day import business_day, midnight
from shared.messaging.conservation import Equation, Hop
from shared.messaging.ports import Unavailable
from shared.messaging.rounds import Rounds, Work
from shared.service import database
from shared.telemetry import log, metrics

_EVERY_SECONDS = 60.0
_AGAIN_SECONDS = 3.0
_NAMED = 20
_log = log.get(__name__)


class Reconciler:
    """Counts from the beginning of the day `since`, in Shanghai; today, and yesterday while today is young.

    A hop that fails keeps no other from being counted.
    """

    def __init__(self, *hops: Hop, since: date | None = None) -> None:
        self._hops = hops
        self._rounds = Rounds("reconciler")
        self._since = midnight(since or business_day(datetime.now(UTC) - timedelta(hours=1)))
        self._before: dict[tuple[str, str], frozenset[str]] = {}
        self.breaches: dict[tuple[str, str], list[str]] = {}  # by equation and district

    def run_once(self) -> Sequence[Equation]:
        """Raises Unavailable; nothing is lost by it, the next call goes on where this one stopped."""
        found: list[Equation] = []
        self._rounds.carry_out(
            Work(database.EVERY, type(hop).__name__, partial(self._count, hop, found)) for hop in self._hops
        )
        broken: dict[tuple[str, str], set[str]] = {
            (equation.name, equation.place.district): set() for equation in found
        }
        for equation in found:
            broken[equation.name, equation.place.district].update(equation.missing, equation.extra)
        for place, ids in broken.items():
            self._judge(place, frozenset(ids))
        return found

    def run_forever(self, stop: threading.Event, *, every_seconds: float = _EVERY_SECONDS) -> None:
        while not stop.wait(every_seconds):
            try:
                self.run_once()
            except Unavailable as outage:
                _log.warning("not counted", reason=str(outage))

    def failing(self) -> list[str]:
        """The hops that could not be counted."""
        return self._rounds.failing()

    def _count(self, hop: Hop, found: list[Equation]) -> int:
        counted = hop.count(self._since)
        found.extend(counted)
        return len(counted)

    def _judge(self, place: tuple[str, str], ids: frozenset[str]) -> None:
        still = sorted(ids & self._before.get(place, frozenset()))
        self._before[place] = ids
        metrics.UNRECONCILED.labels(*place).set(len(still))
        self.breaches.pop(place, None)
        if still:
            self.breaches[place] = still
            equation, district = place
            _log.error("an equation is broken", equation=equation, district=district, ids=still[:_NAMED])


def command(argv: Sequence[str], make: Callable[[date | None], Reconciler], *, show_line: Callable[[str], None]) -> int:
    """`python -m services.<service> reconcile …`. Returns the exit code: 0 = every equation holds."""
    parser = argparse.ArgumentParser(prog="reconcile", description="Count every hop once, and name what breaks it.")
    parser.add_argument(
        "--since", type=date.fromisoformat, help="the first day to count, in Shanghai; today when left out"
    )
    reconciler = make(parser.parse_args(argv).since)
    found = reconciler.run_once()
    if any(equation.missing or equation.extra for equation in found):  # perhaps on its way
        threading.Event().wait(_AGAIN_SECONDS)
        found = reconciler.run_once()
    for equation in found:
        show_line(str(equation))
    for (name, district), ids in reconciler.breaches.items():
        show_line(f"{name} in {district} is broken by: {' '.join(ids)}")
    for hop in reconciler.failing():
        show_line(f"{hop} could not be counted; the log says why")
    return int(bool(reconciler.breaches or reconciler.failing()))
