"""An agency's subscriber, written by the rules of docs/how-to/subscribe.md: snapshot, then delta; its account is recounting.py's.

It proves on its way that no number is missing: given and skipped numbers follow one another from the snapshot's number on.
"""

from itertools import islice
from typing import Any

from werkzeug.test import TestResponse

from tests.support import recounting
from tests.support.door import Door, span


class Subscriber:
    """`types`: its own filter; empty: all that is granted."""

    def __init__(self, door: Door) -> None:
        self.door, self.types = door, ()
        self.forget()

    def forget(self) -> None:
        self.cursor, self.filter, self.number = "", "", 0
        self.facts: list[str] = []
        self.units: dict[str, dict[str, Any]] = {}

    def choose(self, types: tuple[str, ...]) -> None:
        self.types = types
        self.forget()

    @property
    def begun(self) -> bool:
        return bool(self.cursor) or self._begin()

    def pull(self, *, limit: int, wait: int = 0, after: str = "") -> bool:
        """Whether anything moved. `after`: an older cursor, as after a restart from a backup."""
        if not self.begun:
            return False
        before = self.cursor
        answer = self.door.get(self._query(limit=limit, wait=wait, after=after or self.cursor))
        return self._taken(answer) and self.cursor != before

    def stream(self, *, limit: int) -> None:
        """As many events as there are, at most `limit`, as server-sent events."""
        if not self.begun:
            return
        ready = self.door.get(self._query(limit=limit, after=self.cursor))
        if ready.status_code != 200 or ready.headers["Clearwater-Filter"] != self.filter or not ready.json:
            return
        events = self.door.stream(self._query(), last=self.cursor)
        messages = (event for event in events if event[0] == "message")
        for _, cursor, document in islice(messages, len(ready.json)):
            self._note(document)
            self.cursor = cursor
        events.close()

    def catch_up(self) -> bool:
        """Whether it holds a state now: not where nothing, or no whole fact, is granted."""
        while self.pull(limit=1000):
            pass
        return bool(self.cursor)

    def holds(self) -> dict[str, dict[str, Any]]:
        return recounting.known(self.units, self.facts)

    def _begin(self) -> bool:
        if self.door.get(self._query(), path="snapshot").status_code != 200:
            return False
        head, units = self.door.snapshot(self._query())
        self.cursor, self.filter, self.number, self.facts = (
            head[name] for name in ("cursor", "filter", "number", "facts")
        )
        self.units = {unit["unit_id"]: unit for unit in units}
        return True

    def _query(self, **more: Any) -> dict[str, Any]:
        return {"types": list(self.types), **more}

    def _taken(self, answer: TestResponse) -> bool:
        if answer.status_code != 200 or answer.headers["Clearwater-Filter"] != self.filter:
            assert answer.status_code == 200 or answer.json["code"] in {"grant-missing", "log-began-anew"}
            self.forget()
            return self._begin()
        for document in answer.json:
            self._note(document)
        if skipped := answer.headers.get("Clearwater-Skipped"):
            self._pass(skipped)
        self.cursor = answer.headers["Clearwater-Cursor"]
        return True

    def _note(self, document: dict[str, Any]) -> None:
        number = int(document["lognumber"])
        if number <= self.number:
            return  # seen before
        if skipped := document.get("skipped"):
            self._pass(skipped)
        assert number == self.number + 1
        self.number = number
        recounting.note(self.units, document["type"], document.get("data", {}), self.facts)

    def _pass(self, skipped: str) -> None:
        first, last = map(int, skipped.split("-"))
        assert span(skipped) > 0
        assert first <= self.number + 1
        self.number = max(self.number, last)
