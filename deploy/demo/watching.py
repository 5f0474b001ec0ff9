"""What is measured: when the wall has a signing, and when its mails are in the mailbox.

The wall is watched as a screen watches it, by the live stream. The mailbox notes the arrival of each mail itself; which mails belong to a
signing is notify's to say. All clocks are this machine's real time.
"""

import json
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Self

import httpx

from deploy.demo.desk import Signed
from deploy.demo.people import Person, trusted, wait_for
from deploy.local.place import Place


class Wall:
    """Reads one district's live stream in a thread of its own, from `with` to its end."""

    def __init__(self, place: Place, district: str) -> None:
        self._seen: dict[str, datetime] = {}
        self._connected, self._stop = threading.Event(), threading.Event()
        self._address = f"{place.front_url}/api/reporting/v1/stream?district={district}"
        self._trusted = trusted(place)
        self._person = Person(place, "command", district)
        self._thread = threading.Thread(target=self._read, name=f"wall-{district}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_for("the live stream", self._connected.is_set)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._person.__exit__()

    @property
    def has_moved(self) -> bool:
        """Whether it has shown any signing."""
        return bool(self._seen)

    def shows(self, signed: Signed) -> datetime | None:
        """When the signing's number was first on the screen."""
        return self._seen.get(signed.agreement_id)

    def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self._person.token}"}
        while not self._stop.is_set():
            try:
                with httpx.stream(
                    "GET", self._address, headers=headers, timeout=30, trust_env=False, verify=self._trusted
                ) as answer:
                    answer.raise_for_status()
                    self._follow(answer.iter_lines())
            except httpx.HTTPError:
                self._stop.wait(0.5)  # a screen comes back too

    def _follow(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._connected.set()
            if self._stop.is_set():
                return
            if line.startswith("data:"):
                at = datetime.now(UTC)
                for agreement_id in _signings(json.loads(line.removeprefix("data:"))):
                    self._seen.setdefault(agreement_id, at)


def mail_arrivals(place: Place, signings: Sequence[Signed], person: Person) -> dict[str, datetime]:
    """By agreement: when the last of its messages was in the mailbox. Waits until notify has all of them settled."""
    keys = {signing.agreement_id: _keys(person, signing.unit_id) for signing in signings}
    arrived = _arrivals(place)
    return {
        agreement_id: max(arrived[key] for key in own) for agreement_id, own in keys.items() if own <= arrived.keys()
    }


def _keys(person: Person, unit_id: str) -> set[str]:
    """The keys of the messages that were sent about a unit, once none is under way any more."""
    found: set[str] = wait_for("its messages", lambda: _settled(person, unit_id))
    return found


def _settled(person: Person, unit_id: str) -> set[str]:
    messages = list(person.every("notify", "/messages", unit_id=unit_id))
    if not messages or any(message["state"] in ("waiting", "trying") for message in messages):
        return set()
    return {message["message_key"] for message in messages if message["state"] == "sent"}


def _arrivals(place: Place) -> dict[str, datetime]:
    mails = httpx.get(f"{place.url('messages')}/messages.json", timeout=10, trust_env=False).raise_for_status().json()
    return {mail["message_key"]: datetime.fromisoformat(mail["arrived_at"]) for mail in mails}


def _signings(live: dict[str, Any]) -> Iterable[str]:
    for project in live.get("projects", ()):
        for signing in project.get("latest", ()):
            yield signing["agreement_id"]
