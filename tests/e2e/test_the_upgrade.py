"""Every process of every service is replaced while a desk signs. Is anything lost, or refused for longer than 2 s?"""

import time
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from typing import Self
from uuid import uuid4

import httpx
import pytest

from deploy import declaration
from deploy.declaration import SERVICES
from deploy.demo.opening import District
from deploy.local import processes, rolling
from tests.support.eventually import eventually
from tests.support.sample_districts import open_sample

pytestmark = pytest.mark.timeout(900)
UNITS, LONGEST_SECONDS = 24, 2.0
_APART_SECONDS = 3.0  # so that the signings last as long as the upgrade
_UNAVAILABLE = (502, 503, 504)
_REPLACED = tuple(SERVICES)


class Patience:
    """How long a client was refused at a stretch, from its first refused try to an answer; and how long it waited for any answer."""

    def __init__(self) -> None:
        self.refused_seconds, self.waited_seconds = 0.0, 0.0

    def answer(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        began, refused_at = time.monotonic(), None
        while (answer := self._tried(request)) is None:
            refused_at = refused_at or time.monotonic()
        now = time.monotonic()
        self.waited_seconds = max(self.waited_seconds, now - began)
        self.refused_seconds = max(self.refused_seconds, now - (refused_at or now))
        return answer

    def _tried(self, request: Callable[[], httpx.Response]) -> httpx.Response | None:
        try:
            answer = request()
        except httpx.TransportError:
            return None
        return None if answer.status_code in _UNAVAILABLE else answer


class Outside:
    """A client at the front door that reads all the while."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url, self._headers, self._over = url, headers, Event()
        self.patience, self.answered, self.wrong = Patience(), 0, list[int]()
        self._thread = Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(headers=self._headers, timeout=20, trust_env=False) as client:
            while not self._over.wait(0.05):
                answer = self.patience.answer(lambda: client.get(self._url))
                self.answered += 1
                self.wrong += [answer.status_code] if answer.is_error else []


def test_signings_go_on_while_every_process_is_replaced(system, samples, person):
    sample = open_sample(system.place, District("440404", "示例九区", "望溪片区", seed=9), units=UNITS)
    agreements = sample.desk.ready(UNITS, show_line=lambda _: None)
    files = [(agreement_id, sample.desk.hands(agreement_id)) for agreement_id in agreements]
    before = {name: system.supervisor.pid(name) for name in replaced(system)}
    lines: list[str] = []
    upgrading = Thread(target=rolling.upgrade, args=(system.place, lines.append), kwargs={"services": _REPLACED})
    headers = {"Authorization": f"Bearer {sample.desk.token}"}
    front, project_id = system.place.front_url, sample.opened.project_id

    desk, numbers = Patience(), list[int]()
    with Outside(f"{front}/api/signing/v1/projects/{project_id}/numbers", headers) as outside:
        upgrading.start()
        for agreement_id, hands in files:
            numbers.append(signed(desk, f"{front}/api/signing/v1/agreements/{agreement_id}/signatures", headers, hands))
            upgrading.join(timeout=_APART_SECONDS)
        upgrading.join()

    after = {name: system.supervisor.pid(name) for name in before}
    assert lines == [
        "the schemas are those of this version",
        *(f"{item}: every process is replaced" for item in _REPLACED),
    ]
    assert [name for name in before if after[name] in {0, before[name]}] == []
    states = system.supervisor.states()
    assert {states[second.name]["statename"] for second in declaration.seconds()} == {"STOPPED"}
    given = list(person("desk", sample.code).every("signing", f"/projects/{project_id}/numbers"))
    for series in ("exchange", "cash"):
        of_series = sorted(row["number"] for row in given if row["series"] == series)
        assert of_series == list(range(1, len(of_series) + 1))
    assert len(given) == len(numbers) == len(files)
    reader = person("command", sample.code)
    assert eventually(lambda: units(reader.get("reporting", f"/projects/{project_id}/rates")) == len(files))
    waits = f"signatures waited {desk.waited_seconds:.2f} s, {outside.answered} reads {outside.patience.waited_seconds:.2f} s"
    refusals = f"refused {desk.refused_seconds:.2f} and {outside.patience.refused_seconds:.2f} s"
    print(f"at most: {waits}; {refusals}")  # noqa: T201 - the figures of docs/operations.md
    assert outside.wrong == []
    assert max(desk.refused_seconds, outside.patience.refused_seconds) < LONGEST_SECONDS


def signed(desk, url, headers, hands) -> int:
    """Every signature of an agreement, each sent again under its key until it is answered. The number that the last one brings."""
    for body in hands:
        keyed = headers | {"Idempotency-Key": uuid4().hex}
        answer = desk.answer(partial(httpx.post, url, json=body, headers=keyed, timeout=20, trust_env=False))
        assert answer.status_code == 201, answer.text
    return answer.json()["sequence_number"]


def replaced(system) -> list[str]:
    return [item.name for item in processes.declared(system.place) if item.name.partition("-")[0] in _REPLACED]


def units(rates) -> int:
    return next(basis["numerator"] for basis in rates["bases"] if basis["basis"] == "units")
