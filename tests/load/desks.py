"""Desks that sign over HTTP, each over one connection: what they sign is prepared by the commands, a batch of units in one transaction."""

import heapq
import json
import re
import selectors
import socket
import statistics
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
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
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)  # the API gives that of every body


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
        waiting, seconds, began = deque(todo), list[float](), time.perf_counter()
        at_rest = [(began + pause * number / connections, number) for number in range(connections)]
        with selectors.DefaultSelector() as selector, ExitStack() as stack:
            desks = [Desk(self.ports[number % len(self.ports)], self.keys, number) for number in range(connections)]
            for desk in desks:
                selector.register(stack.enter_context(desk.connection), selectors.EVENT_READ, desk)
            while len(seconds) < len(todo):
                while waiting and at_rest and at_rest[0][0] <= time.perf_counter():
                    due, number = heapq.heappop(at_rest)
                    desks[number].send(waiting.popleft(), due=due + pause)
                rest = max(0.0, at_rest[0][0] - time.perf_counter()) if waiting and at_rest else None
                for key, _ in selector.select(rest):
                    if (took := key.data.received()) is not None:
                        seconds.append(took)
                        heapq.heappush(at_rest, (key.data.due if pause else 0.0, key.data.number))
        return Taken(time.perf_counter() - began, seconds)


class Desk:
    """One connection of one desk, under a name of its own: a subject has a limit of requests.

    The desks share the machine with what they measure, as pgbench's client does in C. So one thread serves all of them over bare sockets:
    with a thread and Python's HTTP client for each, they took 0.75 ms of CPU for a signature.
    """

    def __init__(self, port: int, keys: Path, number: int) -> None:
        self.connection, self.number, self.due = socket.create_connection(("127.0.0.1", port)), number, 0.0
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._keys, self._tokens = keys, dict[str, str]()
        self._answer, self._began = b"", 0.0

    def send(self, signable: Signable, *, due: float) -> None:
        """`due`: when this desk signs again."""
        request = self._request(signable)
        self.due, self._answer, self._began = due, b"", time.perf_counter()
        self.connection.sendall(request)

    def received(self) -> float | None:
        """Reads what has come. The seconds since the request once its answer is whole."""
        data = self.connection.recv(65_536)
        assert data, "the API has closed the connection"
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(_LENGTH.findall(head)[0]):
            return None
        assert head.startswith(b"HTTP/1.1 201 "), self._answer
        return time.perf_counter() - self._began

    def _request(self, signable: Signable) -> bytes:
        owner = str(signable.owner)
        body = json.dumps({"right_holder": owner, "hand": owner, "capacity": "self", "desk": f"{self.number}"})
        return (
            f"POST /api/v1/agreements/{signable.agreement_id}/signatures HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nAuthorization: Bearer {self._token(signable.district)}\r\n"
            f"Clearwater-District: {signable.district}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {signable.agreement_id}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _token(self, district: str) -> str:
        if district not in self._tokens:
            granted = (district, f"{900_000 + self.number}")
            self._tokens[district] = issuer.mint(self._keys, role="desk", districts=granted)
        return self._tokens[district]
