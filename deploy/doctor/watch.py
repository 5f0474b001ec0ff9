"""The process `watch`: it looks at the installation as a person with the doctor would, all the time, and shows what it sees as metrics.

    front door, issuer, broker ─▶ does it answer?   every process ─▶ is it ready, with its schema?   certificates, disks ─▶ what is left?

Invariant: it reads only, needs no password, and shows what it saw at its last look: a process that does not answer has no figure of its own
here, since Prometheus knows that by itself. A look that hangs leaves no figure but its age: an old one would look like a true one.
In Kubernetes no process and no disk is named to it: the cluster watches those (decision 52).
Left to others: asking (asking.py), the judgement (deploy/prometheus/alerts.yml; findings.py for a person at a terminal).
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from deploy.declaration import FRONT_DOOR, MARK, PLATFORM, WATCH
from deploy.doctor import asking, disks, seen, servers
from deploy.doctor.asking import Address
from shared.service import lifecycle
from shared.telemetry import log
from shared.telemetry.facts import FACTS, Fact, Sample

REACHABLE: Final = Fact(
    "clearwater_reachable",
    "1 when the front door, the issuer or the broker answered at the last look, as the services reach it, 0 when not.",
    ("place",),
)
READY: Final = Fact(
    "clearwater_process_ready",
    "1 when the process is ready, 0 when it says what it lacks; no figure when it does not answer.",
    ("process",),
)
SCHEMA_SERVED: Final = Fact(
    "clearwater_schema_served",
    "1 when the process works with the schema of its database, 0 when that is older or newer than it can; no figure when it cannot know.",
    ("process",),
)
TOPICS_UNSEEN: Final = Fact(
    "clearwater_topics_unseen",
    "Topics that a process waits for and does not see: they are gone, or it may not read them; 0 for a process that is ready.",
    ("process",),
)
STARTS: Final = Fact(
    seen.STARTS,
    "How often the looks of the last ten minutes have seen that a process was started anew; 0 again when it has run for two minutes.",
    ("process",),
)
CERTIFICATE_BEGINS: Final = Fact(
    "clearwater_certificate_begins_timestamp_seconds", "From when the certificate is valid, as Unix time.", ("place",)
)
CERTIFICATE_ENDS: Final = Fact(
    "clearwater_certificate_ends_timestamp_seconds", "Until when the certificate is valid, as Unix time.", ("place",)
)
LOOK: Final = Fact(
    "clearwater_watch_look_timestamp_seconds", "When the last look ended, or the watch has begun, as Unix time."
)

_LOOK_SECONDS = 10.0
_STARTS_SECONDS, _CALM_SECONDS = 600.0, 120.0  # as the alert ProcessRestarts counts
_FRESH_SECONDS = 60.0
_DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Places:
    """What there is to see. `issuer_path`: where it publishes what it is. `installation`: the mark of a local one."""

    front_door: Address
    issuer: Address
    issuer_path: str
    broker: Address
    processes: Mapping[str, Address]
    data: Path
    installation: str

    def encrypted(self) -> dict[str, Address]:
        by_place = {FRONT_DOOR: self.front_door, "issuer": self.issuer, "kafka": self.broker}
        return {place: address for place, address in by_place.items() if address.encrypted}


def places(settings: Mapping[str, str]) -> Places:
    """`settings`: as the declaration gives them to the process."""
    public = urlsplit(settings["PUBLIC_URL"])
    issuer = urlsplit(settings["ISSUER_INTERNAL_URL"] or settings["ISSUER_URL"])
    encrypted = issuer.scheme == "https"
    named = (pair.split("=") for pair in settings["PROCESSES"].split())
    return Places(
        front_door=_address(settings["FRONT_DOOR"], encrypted=public.scheme == "https", public=public.netloc),
        issuer=Address(issuer.hostname or "", issuer.port or (443 if encrypted else 80), encrypted),
        issuer_path=issuer.path.rstrip("/") + _DISCOVERY,
        broker=_address(settings["KAFKA_BOOTSTRAP"].split(",")[0], encrypted=settings["KAFKA_SECURITY"] == "SASL_SSL"),
        processes={name: _address(where) for name, where in named},
        data=Path(settings["DATA_IN"]),
        installation=settings.get(MARK, ""),
    )


class Starts:
    """Of one process, as looks see it. What begins and ends between two looks is not seen.

    `lacks_database`: what it said at the last look. Without a database loops end on purpose, so the watch forgets those starts.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began: str | None = None
        self._seen_at: list[float] = []
        self.lacks_database = False

    def saw(self, began: str | None, ready: str) -> None:
        if began and self._began not in (None, began):
            self._seen_at.append(self._now())
        self._began = began or self._began
        self.lacks_database = ready.startswith(seen.NO_DATABASE)

    def forget(self) -> None:
        self._seen_at.clear()

    def of_late(self) -> int:
        now = self._now()
        self._seen_at = [at for at in self._seen_at if now - at < _STARTS_SECONDS]
        return len(self._seen_at) if self._seen_at and now - self._seen_at[-1] < _CALM_SECONDS else 0


class Watch:
    def __init__(self, wanted: Places) -> None:
        self._places = wanted
        self._starts = {name: Starts() for name in wanted.processes}
        self._samples: tuple[Sample, ...] = ()
        self._looked_at = float("-inf")
        self._last = time.time()

    def run_forever(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.look()
            stop.wait(_LOOK_SECONDS)

    def look(self) -> None:
        """Side by side: one place that hangs delays the look by a few seconds only."""
        looks = list(_looks(self._places, self._starts))
        with ThreadPoolExecutor(max_workers=len(looks)) as side_by_side:
            found = side_by_side.map(lambda look: list(look()), looks)
            self._samples = (*(sample for samples in found for sample in samples), *self._restarts())
        self._looked_at, self._last = time.monotonic(), time.time()

    def _restarts(self) -> Iterator[Sample]:
        """Also of a process that does not answer just now."""
        without = {_service(name) for name, starts in self._starts.items() if starts.lacks_database}
        for name, starts in self._starts.items():
            if _service(name) in without:
                starts.forget()
            yield STARTS.of(starts.of_late(), name)

    def samples(self) -> tuple[Sample, ...]:
        return (LOOK.of(self._last), *(() if self.missing() else self._samples))

    def missing(self) -> str | None:
        return None if time.monotonic() - self._looked_at < _FRESH_SECONDS else "no look has come to its end"


def _looks(wanted: Places, starts: Mapping[str, Starts]) -> Iterator[Callable[[], Iterator[Sample]]]:
    # Every answer of the front door counts: it says itself when a service is away.
    yield partial(_reachable, FRONT_DOOR, partial(asking.serves, wanted.front_door))
    yield partial(_reachable, "issuer", partial(asking.serves, wanted.issuer, wanted.issuer_path, only=asking.OK))
    yield partial(_reachable, "kafka", partial(asking.is_answered, wanted.broker, asking.GREETINGS["kafka"]))
    for name, address in wanted.processes.items():
        yield partial(_process, name, address, starts[name])
    for place, address in wanted.encrypted().items():
        yield partial(_certificate, place, address)
    yield partial(_disks, wanted.data)
    yield partial(servers.samples, wanted.installation)


def _reachable(place: str, is_answered: Callable[[], bool]) -> Iterator[Sample]:
    yield REACHABLE.of(is_answered(), place)


def _process(name: str, address: Address, starts: Starts) -> Iterator[Sample]:
    try:
        answer = asking.answer(address, "/ready")
    except (OSError, HTTPException):
        return
    starts.saw(answer.began, answer.body)
    is_ready, is_outside = answer.status == asking.OK, answer.body.startswith(seen.OTHER_SCHEMA)
    yield READY.of(is_ready, name)
    if is_ready or is_outside:
        yield SCHEMA_SERVED.of(not is_outside, name)
    unseen = answer.body.removeprefix(seen.UNSEEN).count(",") + 1 if answer.body.startswith(seen.UNSEEN) else 0
    yield TOPICS_UNSEEN.of(unseen, name)


def _certificate(place: str, address: Address) -> Iterator[Sample]:
    if life := asking.certificate(address):
        yield CERTIFICATE_BEGINS.of(life.begins.timestamp(), place)
        yield CERTIFICATE_ENDS.of(life.ends.timestamp(), place)


def _disks(data: Path) -> Iterator[Sample]:
    """Where their data are in reach: beside the servers, not in a cluster."""
    for place in PLATFORM:
        if (folder := data / place).exists():
            yield from disks.of(place, folder)


def _service(process: str) -> str:
    return process.partition("-")[0]


def _address(where: str, *, encrypted: bool = False, public: str = "") -> Address:
    host, _, port = where.rpartition(":")
    return Address(host, int(port), encrypted, public)


def main() -> None:
    log.configure(service="platform", role=WATCH)
    watch = Watch(places(os.environ))
    FACTS.publish("watched", watch.samples, own=True)
    lifecycle.run(
        WATCH,
        {"looks": watch.run_forever},
        bind=os.environ["BIND"],
        health_port=int(os.environ["PORT"]),
        ready=watch.missing,
    )


if __name__ == "__main__":
    main()
