"""Every process of signing and reporting is replaced while a desk signs. Is anything lost, or refused for longer than 2 s?"""

import time
from threading import Event, Thread
from typing import Self
from uuid import uuid4

import httpx
import pytest

from deploy.demo.opening import District
from deploy.local import processes, rolling
from tests.support.eventually import eventually
from tests.support.sample_districts import open_sample

pytestmark = pytest.mark.timeout(500)
UNITS, LONGEST_SECONDS = 60, 2.0
_UNAVAILABLE = (502, 503, 504)
_REPLACED = ("signing", "reporting")


class Outside:
    """A client at the front door that reads all the while, and notes how long it was refused at a stretch."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url, self._headers, self._over = url, headers, Event()
        self.longest_seconds, self.answered, self.wrong = 0.0, 0, list[int]()
        self._thread = Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        began = time.monotonic()
        with httpx.Client(headers=self._headers, timeout=20, trust_env=False) as client:
            while not self._over.wait(0.05):
                answer = client.get(self._url)
                if answer.status_code not in _UNAVAILABLE:
                    self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
                    self.answered += 1
                    self.wrong += [answer.status_code] if answer.is_error else []
                    began = time.monotonic()


def test_signings_go_on_while_every_process_is_replaced(system, samples, person):
    sample = open_sample(system.place, District("440309", "示例九区", "望溪片区", seed=9), units=UNITS)
    agreements = sample.desk.ready(UNITS, show_line=lambda _: None)
    files = [(agreement_id, sample.desk.hands(agreement_id)) for agreement_id in agreements]
    before = {name: system.supervisor.pid(name) for name in replaced(system)}
    lines: list[str] = []
    upgrading = Thread(target=rolling.upgrade, args=(system.place, lines.append), kwargs={"services": _REPLACED})
    headers = {"Authorization": f"Bearer {sample.desk.token}"}
    front, project_id = system.place.front_url, sample.opened.project_id

    longest, numbers = 0.0, list[int]()
    with Outside(f"{front}/api/signing/v1/projects/{project_id}/numbers", headers) as outside:
        upgrading.start()
        for agreement_id, hands in files:
            seconds, answer = signed(front, headers, agreement_id, hands)
            longest, numbers = max(longest, seconds), [*numbers, answer["sequence_number"]]
            upgrading.join(timeout=0.5)  # the signings last as long as the upgrade
        upgrading.join()

    after = {name: system.supervisor.pid(name) for name in before}
    assert lines == [
        "the schemas are those of this version",
        *(f"{each}: every process is replaced" for each in _REPLACED),
    ]
    assert [name for name in before if after[name] in {0, before[name]}] == []
    assert system.supervisor.states()["signing-api-2"]["statename"] == "STOPPED"
    given = list(person("desk", sample.code).every("signing", f"/projects/{project_id}/numbers"))
    for series in ("exchange", "cash"):
        of_series = sorted(row["number"] for row in given if row["series"] == series)
        assert of_series == list(range(1, len(of_series) + 1))
    assert len(given) == len(numbers) == len(files)
    reader = person("command", sample.code)
    assert eventually(lambda: units(reader.get("reporting", f"/projects/{project_id}/rates")) == len(files))
    refused = f"{outside.longest_seconds:.2f} s of {outside.answered} reads"
    print(f"longest signature {longest:.2f} s, longest refusal {refused}")  # noqa: T201 - the figures of docs/operations.md
    assert outside.wrong == []
    assert max(longest, outside.longest_seconds) < LONGEST_SECONDS


def signed(front, headers, agreement_id, hands) -> tuple[float, dict[str, object]]:
    """The longest time that one signature took, with all its tries, and the answer to the last signature."""
    longest = 0.0
    for body in hands:
        began, key = time.monotonic(), uuid4().hex
        while True:
            url = f"{front}/api/signing/v1/agreements/{agreement_id}/signatures"
            answer = httpx.post(url, json=body, headers=headers | {"Idempotency-Key": key}, timeout=20, trust_env=False)
            if answer.status_code not in _UNAVAILABLE:
                break
        assert answer.status_code == 201, answer.text
        longest = max(longest, time.monotonic() - began)
    return longest, answer.json()


def replaced(system) -> list[str]:
    return [each.name for each in processes.declared(system.place) if each.name.partition("-")[0] in _REPLACED]


def units(rates) -> int:
    return next(basis["numerator"] for basis in rates["bases"] if basis["basis"] == "units")
