"""The rounds of a loop over its items: a failing item delays no other.

Invariant: each failed try of an item is logged once, with a code and never with a value. The item counts in `clearwater_failing_items`
until it succeeds or is gone, and is tried again at longer and longer intervals. Only an outage, which every other item would meet as
well, ends the round and the process.
"""

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from shared.messaging.ports import Unavailable
from shared.service import database
from shared.telemetry import log, metrics

_TRIES = 3  # of a transient failure, at once
_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 60.0
_log = log.get(__name__)


class Work(NamedTuple):
    """`act` carries out one step of the item, in transactions of its own, and returns how much that was."""

    district: str
    item: str
    act: Callable[[], int]


@dataclass
class _Failing:
    tries: int
    retry_at: float


class Rounds:
    def __init__(self, loop: str) -> None:
        self._loop = loop
        self._failing: dict[tuple[str, str], _Failing] = {}
        self._districts: set[str] = set()
        metrics.ROUND_AT.labels(loop).set_to_current_time()  # a loop that ends no round is late all the same

    def know(self, districts: Iterable[str]) -> None:
        """Makes the gauges of these districts exist, at 0, before any of their items is due."""
        self._districts.update(districts)

    def carry_out(self, works: Iterable[Work]) -> int:
        """Returns how many steps were done. Raises an error that is an outage."""
        steps_done = 0
        for work in works:
            self._districts.add(work.district)
            if self._is_due(work):
                steps_done += self._steps_done(work)
        self._set_gauges()
        metrics.ROUND_AT.labels(self._loop).set_to_current_time()
        return steps_done

    def _is_due(self, work: Work) -> bool:
        failing = self._failing.get(work[:2])
        return failing is None or failing.retry_at <= time.monotonic()

    def _steps_done(self, work: Work) -> int:
        try:
            done = self._act_with_retries(work)
        except Exception as failure:
            if isinstance(failure, Unavailable) or database.outage(failure):
                raise
            self._failed(work, failure)
            return 0
        self._failing.pop(work[:2], None)
        return done

    def _act_with_retries(self, work: Work) -> int:
        for _ in range(_TRIES - 1):
            try:
                return work.act()
            except Exception as failure:
                if not database.transient(failure):
                    raise
                metrics.TRANSIENT.labels(self._loop).inc()
                _log.info("carried out again", loop=self._loop, district=work.district, item=work.item)
        return work.act()

    def _failed(self, work: Work, failure: Exception) -> None:
        tries = self._failing[work[:2]].tries + 1 if work[:2] in self._failing else 1
        seconds = min(_FIRST_SECONDS * 2 ** (tries - 1), _LONGEST_SECONDS)
        self._failing[work[:2]] = _Failing(tries, time.monotonic() + seconds)
        metrics.FAILED.labels(self._loop, work.district).inc()
        _log.error(
            "item failed", loop=self._loop, district=work.district, item=work.item, tries=tries, code=code(failure)
        )

    def failing(self) -> list[str]:
        """The items that failed at their last try."""
        return sorted(item for _, item in self._failing)

    def _set_gauges(self) -> None:
        gone = time.monotonic() - 2 * _LONGEST_SECONDS  # an item that was due long before this is in no round any more
        self._failing = {item: failing for item, failing in self._failing.items() if failing.retry_at > gone}
        failing = Counter(district for district, _ in self._failing)
        for district in self._districts:
            metrics.FAILING.labels(self._loop, district).set(failing[district])
            metrics.FAILED.labels(self._loop, district)  # exists from now on, at 0


def code(failure: BaseException) -> str:
    """The exception and its place, without its text, which may quote a person."""
    place = traceback.extract_tb(failure.__traceback__)[-1]
    return f"{type(failure).__name__} at {Path(place.filename).name}:{place.lineno}"
