"""The doctor's look at an installation: each process is asked over HTTP, each other port is knocked at. It needs no password.

Invariant: it changes nothing, and one process that hangs delays the look by a few seconds only.
"""

import shutil
import socket
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from deploy import declaration
from deploy.declaration import API, ARCHIVE, ARCHIVE_FILE, BUS_ADMIN, FRONT_DOOR, PLATFORM, SECOND, SERVICES
from deploy.doctor.seen import Process, Sample, Seen, parsed
from deploy.prometheus import scraping
from deploy.site import Site

_SECONDS = 5.0
_OK = 200


def look(site: Site, files: Path, *, apis_run_twice: bool = False) -> Seen:
    """`files`: a folder on the disk that the data are on. `apis_run_twice`: as in containers."""
    served = [(service.process(role), service.name) for service in SERVICES.values() for role in service.roles]
    served += [(service.process(API) + SECOND, service.name) for service in SERVICES.values() if apis_run_twice]
    own = [BUS_ADMIN, *([ARCHIVE] if (files / ARCHIVE_FILE).exists() else [])]
    served += [(name, scraping.PLATFORM) for name in own]
    others = [*PLATFORM, *(process.name for process in declaration.processes() if not process.image)]
    others = [name for name in others if name not in own]
    with ThreadPoolExecutor(max_workers=len(served) + len(others)) as side_by_side:
        processes = side_by_side.map(lambda process: _process(site, *process), served)
        ports = side_by_side.map(lambda name: _is_open(site, name), others)
        disk = shutil.disk_usage(files)
        return Seen(
            datetime.now(UTC), tuple(processes), dict(zip(others, ports, strict=True)), disk.total, disk.free, _certificates(site)
        )  # fmt: skip


def _process(site: Site, name: str, service: str) -> Process:
    try:
        before = time.time()
        status, body, date = _answer(site, name, "/ready")
        samples = parsed(_answer(site, name, "/metrics")[1])
    except (OSError, HTTPException):
        return Process(name, service, None)
    ready = "" if status == _OK else body.strip() or f"status {status}"
    return Process(name, service, ready, _labelled(samples), _off(date, before))


def _labelled(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    return tuple(sample for sample in samples if sample.name.startswith("clearwater_"))


def _off(date: str | None, before: float) -> float | None:
    """Seconds by which the other clock is ahead; its answer has whole seconds."""
    if date is None:
        return None
    theirs = parsedate_to_datetime(date).timestamp()
    after = time.time()
    return theirs + 1 - before if theirs + 1 < before else theirs - after if theirs > after else 0.0


def _answer(site: Site, name: str, path: str) -> tuple[int, str, str | None]:
    connection = HTTPConnection(site.host(name), site.port(name), timeout=_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.getheader("Date")
    finally:
        connection.close()


def _is_open(site: Site, name: str) -> bool:
    try:
        with socket.create_connection((site.host(name), site.port(name)), timeout=_SECONDS):
            return True
    except OSError:
        return False


def _certificates(site: Site) -> Mapping[str, tuple[datetime, datetime]]:
    """Of the front door and of the broker, where they have one and answer."""
    encrypted = {FRONT_DOOR: urlsplit(site.front_url).scheme == "https", "kafka": bool(site.bus_ca_file)}
    found = {name: _certificate(site, name) for name, is_encrypted in encrypted.items() if is_encrypted}
    return {name: ends for name, ends in found.items() if ends}


def _certificate(site: Site, name: str) -> tuple[datetime, datetime] | None:
    try:
        text = ssl.get_server_certificate((site.host(name), site.port(name)), timeout=_SECONDS)
    except OSError:
        return None
    known = x509.load_pem_x509_certificate(text.encode())
    return known.not_valid_before_utc, known.not_valid_after_utc
