"""Facts that are read when somebody asks for them, from the database or from this process; nothing is counted here.

Invariant: what a fact says does not depend on the process that it is about: the service's API reads what a dead consumer has left
behind. A reading that fails shows no figure at all, and `clearwater_facts_readable` 0: an old figure would look like a true one.
The sources are read side by side, and nobody who asks waits longer than Prometheus does: a database that hangs keeps one thread a source.
Left to others: the facts themselves (pipeline.py, and each service's queries/facts.py), and showing them (shared/service/health.py).
"""

import os
import platform
import threading
import time
import tomllib
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.telemetry import log

_PATIENCE_SECONDS = 3.0  # for all sources together: Prometheus gives up after 5 (deploy/prometheus/scraping.py)
_log = log.get(__name__)


@dataclass(frozen=True)
class Fact:
    """`name` ends with the unit, and with _total when it is a counter."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"

    def of(self, value: float, *labels: str) -> "Sample":
        return Sample(self, labels, float(value))


class Sample(NamedTuple):
    fact: Fact
    labels: tuple[str, ...]
    value: float


Reading = Callable[[], Iterable[Sample]]

READABLE: Final = Fact(
    "clearwater_facts_readable", "1 when the facts of this source were read at the last look, 0 when not.", ("source",)
)
POOL_USED: Final = Fact("clearwater_pool_used_connections", "Connections to the database in use now.", ("pool",))
POOL_LIMIT: Final = Fact("clearwater_pool_limit_connections", "Connections that may be in use at once.", ("pool",))
BUILD: Final = Fact("clearwater_build_info", "Always 1; its labels say what runs.", ("version", "python"))


@dataclass
class _Source:
    """Read at most once in `seconds`, by one thread at a time."""

    name: str
    reading: Reading
    seconds: float
    own: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    shown: tuple[Sample, ...] = ()
    read_at: float | None = None
    ended: threading.Event | None = None  # of the reading that is under way

    def begin(self) -> threading.Event | None:
        """The end of the reading to wait for; None: what was read last is new enough."""
        with self.lock:
            is_due = self.read_at is None or time.monotonic() - self.read_at >= self.seconds
            if self.ended is None and is_due:
                self.ended = threading.Event()
                aside = threading.Thread(target=self._read_aside, args=(self.ended,), name=self.name, daemon=True)
                aside.start()
            return self.ended

    def samples(self, ended: threading.Event | None, until: float) -> tuple[Sample, ...]:
        if ended and not ended.wait(max(0.0, until - time.monotonic())):
            return (READABLE.of(0, self.name),)
        return self.shown

    def read(self) -> None:
        try:
            shown = (*self.reading(), READABLE.of(1, self.name))
        except Exception as failure:  # noqa: BLE001 - whatever it is, the other metrics are to be shown
            shown = (READABLE.of(0, self.name),)
            _log.warning("facts unreadable", source=self.name, failure=type(failure).__name__)
        with self.lock:
            self.shown, self.read_at = shown, time.monotonic()

    def _read_aside(self, ended: threading.Event) -> None:
        self.read()
        with self.lock:
            self.ended = None
        ended.set()


class Facts(Collector):
    """Of one process. A reading published again under a name takes the place of the former one."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}

    def publish(self, name: str, reading: Reading, *, seconds: float = 5.0, own: bool = False) -> None:
        """`own`: it is about this process and asks nobody, so it is read at each look, before the others use the process's connections."""
        self._sources[name] = _Source(name, reading, seconds, own)

    def collect(self) -> Iterator[Metric]:
        found: dict[Fact, dict[tuple[str, ...], float]] = {}
        until = time.monotonic() + _PATIENCE_SECONDS
        sources = list(self._sources.values())
        for source in sources:
            if source.own:
                source.read()
        begun = [(source, None if source.own else source.begin()) for source in sources]
        for source, ended in begun:
            for sample in source.samples(ended, until):
                found.setdefault(sample.fact, {})[sample.labels] = sample.value
        for fact, values in found.items():
            yield _family(fact, values)


def _family(fact: Fact, values: dict[tuple[str, ...], float]) -> Metric:
    kinds: dict[str, Any] = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}
    family: Metric = kinds[fact.kind](fact.name, fact.meaning, labels=fact.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)  # type: ignore[attr-defined]
    return family


_pools: "weakref.WeakKeyDictionary[Any, str]" = weakref.WeakKeyDictionary()


def watch_pool(engine: Any, name: str) -> None:  # noqa: ANN401 - an Engine of SQLAlchemy's
    _pools[engine] = name


def _pool_use() -> Iterator[Sample]:
    used: dict[str, list[int]] = {}
    for engine, name in list(_pools.items()):
        both = used.setdefault(name, [0, 0])
        both[0] += engine.pool.checkedout()
        both[1] += engine.pool.size()
    for name, (in_use, limit) in used.items():
        yield POOL_USED.of(in_use, name)
        yield POOL_LIMIT.of(limit, name)


def build(pyproject: Path) -> None:
    """Shows the version that stands in the service's pyproject.toml."""
    version = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"]
    FACTS.publish("build", lambda: [BUILD.of(1, version, platform.python_version())], own=True)


FACTS: Final = Facts()
OWN: Final = CollectorRegistry()  # beside the process's counters, which several workers may share
OWN.register(FACTS)
if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):  # else they are in the common registry
    ProcessCollector(registry=OWN)
FACTS.publish("pools", _pool_use, own=True)
