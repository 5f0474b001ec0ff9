"""Desks that sign over HTTP, each over one connection: what they sign is prepared by the commands, a batch of units in one transaction."""

import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from deploy.local import issuer
from services.signing.commands.draft_agreement import DraftAgreement, draft_agreement
from services.signing.commands.lock_agreement import LockAgreement, lock_agreement
from services.signing.commands.review_agreement import ReviewAgreement, review_agreement
from services.signing.commands.settle_rights import ConfirmRights, confirm_rights
from shared.service import clock as clocks
from shared.service import database
from tests.support.signing import CASH, DESK, PAPERS, District

_BATCH = 50


@dataclass(frozen=True)
class Signable:
    """An agreement that waits for its only signature."""

    district: str
    agreement_id: UUID
    owner: UUID


@dataclass(frozen=True)
class Taken:
    """How long all signatures took, and each."""

    all_seconds: float
    seconds: Sequence[float]

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.all_seconds

    def __str__(self) -> str:
        p50, p99 = (statistics.quantiles(self.seconds, n=100, method="inclusive")[at - 1] * 1000 for at in (50, 99))
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms ({len(self.seconds)} signatures)"


def prepared(url: str, code: str, many: int) -> list[Signable]:
    """A district with this many units, all locked, on a frozen roll. `url`: the database, for the app role."""
    engine = database.connect(url, application_name="bench")
    place = District(engine, code, clocks.RealClock())  # type: ignore[arg-type]  # tests set theirs
    place.open_project(("units", 99), starts_at=datetime.now(UTC) - timedelta(days=1))
    units = [place.register() for _ in range(many)]
    place.freeze()
    found: list[Signable] = []
    for begin in range(0, many, _BATCH):
        with place.transaction() as tx:
            for unit in units[begin : begin + _BATCH]:
                confirm_rights(tx, ConfirmRights(unit, DESK), place.clock)
                drafted = draft_agreement(tx, DraftAgreement(unit, "cash", "3", CASH, DESK), place.clock)
                review_agreement(tx, ReviewAgreement(drafted.agreement_id, PAPERS, DESK), place.clock)
                lock_agreement(tx, LockAgreement(drafted.agreement_id, DESK), place.clock)
                found.append(Signable(code, drafted.agreement_id, place.owners(unit)[0]))
    engine.dispose()
    return found


@dataclass(frozen=True)
class Office:
    """The processes of the API by their ports, and the keys of the issuer that they believe."""

    ports: Sequence[int]
    keys: Path

    def sign(self, todo: Sequence[Signable], *, connections: int, pause: float = 0.0) -> Taken:
        """`pause`: seconds from one signature of a connection to its next, however long it takes."""
        waiting, lock, seconds = iter(todo), threading.Lock(), list[float]()

        def desk(number: int) -> None:
            client = Client(self.ports[number % len(self.ports)], self.keys, number)
            due = time.perf_counter() + pause * number / connections
            while True:
                with lock:
                    signable = next(waiting, None)
                if signable is None:
                    return
                if pause:
                    time.sleep(max(0.0, due - time.perf_counter()))
                    due += pause
                began = time.perf_counter()
                client.sign(signable)
                seconds.append(time.perf_counter() - began)

        began = time.perf_counter()
        with ThreadPoolExecutor(connections) as desks:
            list(desks.map(desk, range(connections)))
        return Taken(time.perf_counter() - began, seconds)


class Client:
    """One connection of one desk, under a name of its own: a subject has a limit of requests.

    It shares the machine with what it measures, as pgbench's client does in C. So it speaks over the bare socket: Python's HTTP client
    takes half a millisecond for a signature.
    """

    def __init__(self, port: int, keys: Path, number: int) -> None:
        self._socket, self._keys, self._number = socket.create_connection(("127.0.0.1", port)), keys, number
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tokens = dict[str, str]()

    def sign(self, signable: Signable) -> None:
        self._socket.sendall(self._request(signable))
        head, body = self._answer()
        assert head.startswith(b"HTTP/1.1 201 "), head + body

    def _request(self, signable: Signable) -> bytes:
        owner = str(signable.owner)
        body = json.dumps({"right_holder": owner, "hand": owner, "capacity": "self", "desk": f"{self._number}"})
        return (
            f"POST /api/v1/agreements/{signable.agreement_id}/signatures HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nAuthorization: Bearer {self._token(signable.district)}\r\n"
            f"Clearwater-District: {signable.district}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {signable.agreement_id}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _answer(self) -> tuple[bytes, bytes]:
        """Header and body. The API gives the length of every body."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, body = data.split(b"\r\n\r\n", 1)
        [length] = [int(value) for name, value in _fields(head) if name == b"content-length"]
        while len(body) < length:
            body += self._more()
        return head, body

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        assert data, "the API has closed the connection"
        return data

    def _token(self, district: str) -> str:
        if district not in self._tokens:
            granted = (district, f"{900_000 + self._number}")
            self._tokens[district] = issuer.mint(self._keys, role="desk", districts=granted)
        return self._tokens[district]


def _fields(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        yield name.lower(), value
