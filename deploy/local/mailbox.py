"""What the mailbox keeps: every message that ever arrived, oldest first, as one line each of a file.

Invariant: nothing is dropped, over restarts too; memory holds where each message stands in the file, not the messages.
Left to others: taking messages over and showing them (messages.py).
"""

import json
import threading
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path


@dataclass(frozen=True)
class Arrived:
    channel: str  # "mail" or "sms"
    to: list[str]
    sender: str
    subject: str
    text: str
    message_key: str
    receipt_id: str
    arrived_at: str


@dataclass(frozen=True)
class Page:
    """`total`: how many messages match, on all pages together."""

    messages: list[Arrived]
    total: int


class Mailbox:
    """Safe for several threads."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file, self._lock = directory / "messages.jsonl", threading.Lock()
        self._file.touch()
        # The bounds of the lines. Half a line that a kill has left lies after the last bound, and is overwritten.
        self._bounds = [0]
        with self._file.open("rb") as file:
            self._bounds += accumulate(len(line) for line in file if line.endswith(b"\n"))

    def put(self, message: Arrived) -> None:
        line = (json.dumps(asdict(message), ensure_ascii=False) + "\n").encode()
        with self._lock, self._file.open("r+b") as file:
            file.seek(self._bounds[-1])
            file.write(line)
            file.truncate()
            self._bounds.append(file.tell())

    def find(self, words: str = "", *, skip: int = 0, limit: int | None = None) -> Page:
        """The newest first. Every word occurs somewhere in the message, in upper or lower case."""
        wanted = words.casefold().split()
        if not wanted:
            return Page(self._newest(skip, limit), len(self._bounds) - 1)
        found = [message for message in self._newest() if all(word in _searched(message) for word in wanted)]
        return Page(found[skip:][:limit], len(found))

    def _newest(self, skip: int = 0, limit: int | None = None) -> list[Arrived]:
        with self._lock:
            bounds = self._bounds[: max(1, len(self._bounds) - skip)]
        first = bounds[0] if limit is None else bounds[max(0, len(bounds) - 1 - limit)]
        with self._file.open("rb") as file:
            file.seek(first)
            lines = file.read(bounds[-1] - first).split(b"\n")[:-1]
        return [Arrived(**json.loads(line)) for line in reversed(lines)]


def _searched(message: Arrived) -> str:
    parts = (message.subject, message.text, message.message_key, message.receipt_id, message.arrived_at, *message.to)
    return "\n".join(parts).casefold()
