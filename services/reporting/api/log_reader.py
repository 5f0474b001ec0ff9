"""One agency's reader of a district's log: each part under the grants in force, waiting in between, and as server-sent events.

data        one CloudEvent; its id is the cursor after it
position    the filter has left out what follows; the id moves on
refused     nothing more is given; the data has the code
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from services.reporting.api import cursors
from services.reporting.api.watch import Watch
from services.reporting.queries import exchange
from services.reporting.queries.exchange import Entry, Part, Place
from services.reporting.store import taken
from shared.events import structured
from shared.refusal import Refused
from shared.service import database
from shared.service.clock import Clock
from shared.telemetry import log

LIFE_SECONDS: Final = 3600.0  # after this, or when its token ends, the reader reconnects and is authorised again
_LOOK_SECONDS: Final = 2.0  # within these a revoked grant ends what waits
_HEARTBEAT_SECONDS: Final = 15.0
_RETRY_MILLISECONDS: Final = 1000
_log = log.get(__name__)


@dataclass(frozen=True, kw_only=True)
class LogReader:
    """`types` empty: all that are granted."""

    engine: Engine
    clock: Clock
    client_id: str
    district: str
    types: frozenset[str]
    limit: int

    def part(self, after: Place | None) -> Part:
        """Refused: grant-missing, log-began-anew, log-not-whole."""
        with database.reading(self.engine, granted=[self.district]) as tx:
            granted = exchange.granted_types(tx, self.district, self.client_id, now=self.clock.now())
            wanted = granted & self.types if self.types else granted
            found = exchange.part(tx, self.district, after, types=wanted, limit=self.limit)
        return self.part(after) if found.entries and not self._counted(found) else found

    def _counted(self, found: Part) -> bool:
        """Before anything of it leaves. False: a type of it is granted no more; then nothing was counted. Refused grant-missing."""
        numbers = (found.entries[0].number, found.entries[-1].number)
        with database.begin(self.engine, district=self.district) as tx:
            taken.by_client(
                tx,
                self.client_id,
                channel="feed",
                epoch=found.reached.epoch,
                numbers=numbers,
                events=len(found.entries),
                now=self.clock.now(),
            )
            # Asked after the counting: what is in force now was in force then.
            granted = exchange.granted_types(tx, self.district, self.client_id, now=self.clock.now())
            if found.types <= granted:
                return True
            tx.rollback()
        return False

    def waited(self, watch: Watch, after: Place | None, seconds: float) -> Part:
        """The next part, with an event in it if one comes within `seconds`."""
        until, found = time.monotonic() + seconds, self.part(after)
        while not found.entries and not found.more and (left := until - time.monotonic()) > 0:
            watch.wait(self.district, found.reached, min(left, _LOOK_SECONDS))
            found = self.part(after)
        return found

    def events(self, watch: Watch, found: Part, *, life: float) -> Iterator[bytes]:
        """What was found, and what follows it, until the grant, the log's epoch or the time is over."""
        began = beaten = time.monotonic()
        types: frozenset[str] = frozenset()
        yield f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
        while time.monotonic() - began < life:
            if found.types != types:
                types = found.types
                yield f"event: filter\ndata: {json.dumps({'filter': filter_of(types)})}\n\n".encode()
            yield from self._encoded(found)
            if not found.more:
                watch.wait(self.district, found.reached, _LOOK_SECONDS)
            if time.monotonic() - beaten >= _HEARTBEAT_SECONDS:
                beaten = time.monotonic()
                yield b": heartbeat\n\n"
            try:
                found = self.part(found.reached)
            except Refused as refusal:
                yield f"event: refused\ndata: {json.dumps({'code': refusal.code})}\n\n".encode()
                return
            except Exception as failure:
                if not database.outage(failure):
                    raise
                _log.warning("a reader of the log was given up", district=self.district)  # it connects again
                return

    def _encoded(self, found: Part) -> Iterator[bytes]:
        for entry in found.entries:
            place = Place(found.reached.epoch, entry.number)
            yield self._event(place, structured.encode(document(found.reached.epoch, entry)))
        if found.skipped:
            position = json.dumps({"skipped": span(found.skipped)}).encode()
            yield b"event: position\n" + self._event(found.reached, position)

    def _event(self, place: Place, data: bytes) -> bytes:
        return f"id: {cursors.encode(self.district, place)}\ndata: ".encode() + data + b"\n\n"


def document(epoch: int, entry: Entry) -> dict[str, object]:
    """The event in structured mode, with its places in log and feed."""
    extensions = {"logepoch": str(epoch), "lognumber": str(entry.number), "feednumber": str(entry.feed_number)}
    if entry.skipped:
        extensions["skipped"] = span(entry.skipped)
    return structured.document(entry.message, entry.message.payload, extensions)


def filter_of(types: frozenset[str]) -> str:
    """A name of exactly these types. Where it changes, a subscriber's state may lack what the former filter left out."""
    return hashlib.sha256("\n".join(sorted(types)).encode()).hexdigest()[:16]


def span(numbers: tuple[int, int]) -> str:
    return f"{numbers[0]}-{numbers[1]}"
