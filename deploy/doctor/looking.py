"""The doctor's look at an installation: each process is asked over HTTP, each server greeted in its own protocol. It needs no password.

Invariant: it changes nothing, and one process that hangs delays the look by a few seconds only.
"""

import json
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from deploy import declaration
from deploy.declaration import (
    API,
    ARCHIVE,
    ARCHIVE_FILE,
    BUS_ADMIN,
    DEBEZIUM,
    FRONT_DOOR,
    PLATFORM,
    SECOND,
    SERVICES,
    WATCH,
)
from deploy.doctor import asking
from deploy.doctor.asking import Address, Life
from deploy.doctor.seen import STARTED, Process, Sample, Seen, parsed
from deploy.prometheus import scraping
from deploy.site import Site
from shared.telemetry.archived import POSITION


def look(site: Site, files: Path, *, apis_run_twice: bool = False) -> Seen:
    """`files`: a folder on the disk that the data are on. `apis_run_twice`: as in containers, where what the databases know says whether
    there is an archive: its own files are in no reach.
    """
    served = [(service.process(role), service.name) for service in SERVICES.values() for role in service.roles]
    served += [(service.process(API) + SECOND, service.name) for service in SERVICES.values() if apis_run_twice]
    own = [BUS_ADMIN, WATCH, *([ARCHIVE] if (files / ARCHIVE_FILE).exists() else [])]
    served += [(name, scraping.PLATFORM) for name in own]
    others = [*PLATFORM, *(process.name for process in declaration.processes() if not process.image)]
    others = [name for name in others if name not in own]
    others += [DEBEZIUM] if site.events_leave_by == DEBEZIUM else []
    with ThreadPoolExecutor(max_workers=len(served) + len(others)) as side_by_side:
        processes = side_by_side.map(lambda process: _process(site, *process), served)
        servers = side_by_side.map(lambda name: _answers(site, name), others)
        disk = shutil.disk_usage(files)
        found = tuple(processes)
        if apis_run_twice and ARCHIVE not in own and _is_archived(found):
            found += (_process(site, ARCHIVE, scraping.PLATFORM),)
        return Seen(
            datetime.now(UTC), found, dict(zip(others, servers, strict=True)), disk.total, disk.free, _certificates(site),
            _backups(files / ARCHIVE_FILE),
        )  # fmt: skip


def _backups(named_in: Path) -> Mapping[str, tuple[int, int]]:
    """The disk of the folder of backups, also while the archive process is dead. A folder that is away is the archive's finding."""
    with suppress(OSError):
        disk = shutil.disk_usage(json.loads(named_in.read_text())["to"])
        return {"backups": (disk.total, disk.free)}
    return {}


def _process(site: Site, name: str, service: str) -> Process:
    try:
        before = time.time()
        answer = asking.answer(_address(site, name), "/ready")
        samples = parsed(asking.answer(_address(site, name), "/metrics").body)
    except (OSError, HTTPException) as failure:
        return Process(name, service, None, hangs=isinstance(failure, TimeoutError))
    ready = "" if answer.status == asking.OK else answer.body.strip() or f"status {answer.status}"
    return Process(name, service, ready, _labelled(samples), _off(answer.date, before))


def _labelled(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    return tuple(sample for sample in samples if sample.name.startswith("clearwater_") or sample.name == STARTED)


def _is_archived(processes: tuple[Process, ...]) -> bool:
    samples = (sample for process in processes for sample in process.samples)
    return any(sample.name == POSITION.name and sample.value > 0 for sample in samples)


def _off(date: str | None, before: float) -> float | None:
    """Seconds by which the other clock is ahead; its answer has whole seconds."""
    if date is None:
        return None
    theirs = parsedate_to_datetime(date).timestamp()
    after = time.time()
    return theirs + 1 - before if theirs + 1 < before else theirs - after if theirs > after else 0.0


def _answers(site: Site, name: str) -> bool:
    address, greeting = _address(site, name), asking.GREETINGS.get(name)
    return asking.is_answered(address, greeting) if greeting else asking.serves(address)


def _address(site: Site, name: str) -> Address:
    front = urlsplit(site.front_url)
    if name == FRONT_DOOR:
        return Address(site.host(name), site.port(name), front.scheme == "https", public=front.netloc)
    return Address(site.host(name), site.port(name), encrypted=name == "kafka" and bool(site.bus_ca_file))


def _certificates(site: Site) -> Mapping[str, Life]:
    """Of the front door and of the broker, where they have one and answer."""
    addresses = {name: _address(site, name) for name in (FRONT_DOOR, "kafka")}
    found = {name: asking.certificate(address) for name, address in addresses.items() if address.encrypted}
    return {name: life for name, life in found.items() if life}
