"""The process `admin`: it keeps what agencies may read on the bus as their grants are, without a person.

    registry-agency of every district, from the first record on ─▶ grants in force now ─▶ rights of each agency's user; without any, no user

Invariant: it takes nothing away before it has read all there is, and it makes no user: `make agency` does, since somebody has to hand over
the password. While it is down nothing is given or taken; at its start it carries out what it has missed. It is the one process that has
the admin's rights on the broker. Left to others: which topics a grant gives (agencies.py), the rights in Kafka's words (access.py).
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.serving import make_server

from deploy.images import secret_files
from deploy.local import access, admin, agencies
from deploy.local.agencies import Given
from deploy.local.following import Following
from shared.events import codec, topics
from shared.events.registry import GrantApproved, GrantRevoked
from shared.messaging.credentials import Connection

_LOOK_SECONDS = 1.0
_ALL_SECONDS = 60.0  # after these the rights are compared although no grant has changed
_READY_SECONDS = 30.0  # a last look that is older: not ready
_log = logging.getLogger("admin")


class Grants:
    """What the events say, in whatever order the districts' topics are read. What was revoked never comes back."""

    def __init__(self) -> None:
        self._approved: dict[UUID, Given] = {}
        self._revoked: set[UUID] = set()

    def apply(self, district: str, event_type: str, payload: bytes | None) -> None:
        if event_type == GrantApproved.declared.type:
            event = codec.decode(GrantApproved, payload)
            terms = event.terms
            self._approved[event.grant_id] = Given(
                event.agency, district, terms.audiences, terms.event_types, terms.starts_at, terms.ends_at
            )
        elif event_type == GrantRevoked.declared.type:
            self._revoked.add(codec.decode(GrantRevoked, payload).grant_id)

    def topics_at(self, now: datetime) -> dict[str, frozenset[str]]:
        """By agency with a grant in force, the topics that it may read; none where no grant gives a whole one."""
        living = [given for grant_id, given in self._approved.items() if grant_id not in self._revoked]
        return agencies.topics_of(living, now=now)

    def known(self) -> frozenset[str]:
        """Every agency that was ever granted something."""
        return frozenset(given.agency for given in self._approved.values())


class Granting:
    def __init__(self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._connection, self._now, self._grants = connection, now, Grants()
        self._following = Following(connection, topics.pattern("registry-agency"))
        self._kept: Mapping[str, frozenset[str]] | None = None  # None: nothing has been carried out yet
        self._kept_at = self.looked_at = float("-inf")

    def run_forever(self, stop: threading.Event) -> None:
        """An outage of the broker is waited out."""
        while not stop.is_set():
            try:
                self.look()
                self.looked_at = time.monotonic()
            except admin.OUTAGES as failure:
                _log.warning("broker unavailable: %s", type(failure).__name__)
                self.close()
            stop.wait(_LOOK_SECONDS)
        self.close()

    def close(self) -> None:
        self._following.close()

    def look(self) -> None:
        for topic, event_type, payload in self._following.read():
            try:
                self._grants.apply(topics.district(topic), event_type, payload)
            except ValueError:  # one record that is no event must not keep all others from being carried out
                _log.error("unreadable %s on %s", event_type, topic)
        wanted = self._grants.topics_at(self._now())
        if wanted != self._kept or time.monotonic() - self._kept_at > _ALL_SECONDS:
            self._keep(wanted)

    def _keep(self, wanted: Mapping[str, frozenset[str]]) -> None:
        """Who has just lost its last grant loses its user. A user that is only unknown to the events is left alone: they may be late."""
        before = self._grants.known() if self._kept is None else self._kept.keys()
        leaving = [agencies.user_of(agency) for agency in sorted(before - wanted.keys())]
        rights = {user: access.of_agency(user, names) for user, names in _by_user(wanted.items())}
        changed = admin.keep_rights_of_users(self._connection, agencies.PREFIX, rights, leaving=leaving)
        for line in changed:
            _log.info("%s", line)
        self._kept, self._kept_at = wanted, time.monotonic()


def _by_user(wanted: Iterable[tuple[str, frozenset[str]]]) -> list[tuple[str, list[str]]]:
    return [(agencies.user_of(agency), sorted(names)) for agency, names in wanted]


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("kafka").setLevel(logging.ERROR)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    settings, stop = secret_files.read(), threading.Event()
    granting = Granting(admin.as_named(settings))
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())

    def ready(_: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        is_ready = time.monotonic() - granting.looked_at < _READY_SECONDS
        start("200 OK" if is_ready else "503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"ready\n" if is_ready else b"the broker does not answer\n"]

    with make_server(settings["BIND"], int(settings["PORT"]), ready, threaded=True) as server:
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
        granting.run_forever(stop)
        server.shutdown()


if __name__ == "__main__":
    main()
