"""The process `admin`: it keeps what agencies may read on the bus as their grants are, without a person.

    registry-agency of every district, from the first record on ─▶ grants in force now ─▶ rights of an agency's user, or its lock

Invariant: it takes nothing away before it has read all there is, and it makes no user: `admit` does, for `make agency`, since somebody has
to hand over the password; what that user may read comes from the same events. While it is down nothing is given or taken; at its start it
carries out what it has missed. It is the one process that has the admin's rights on the broker. A revoked grant that stays open is a
breach, so `/metrics` says up to when the rights follow the grants; the alerts GrantsNotKept, GrantsRefused and GrantUnreadable read it.
Left to others: which topics a grant gives (agencies.py), the rights in Kafka's words (access.py).
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import Counter, Gauge, make_wsgi_app
from werkzeug.serving import make_server

from deploy.images import secret_files
from deploy.local import access, admin, agencies
from deploy.local.agencies import Given
from deploy.local.following import Following
from deploy.local.place import CannotStart
from shared.events import codec, topics
from shared.events.registry import GrantApproved, GrantRevoked
from shared.messaging.credentials import Connection

_LOOK_SECONDS = 1.0
_ALL_SECONDS = 60.0  # after these the rights are compared although no grant has changed
_PATIENCE_SECONDS = 20.0  # in which an approval of a moment ago comes over the bus
_READY_SECONDS = 30.0  # a last look that is older: not ready
_REFUSED, _NO_ANSWER = "refused", "no-answer"
_log = logging.getLogger("admin")

KEPT_AT: Final = Gauge(
    "clearwater_grants_kept_timestamp_seconds",
    "Up to when the rights of agencies on the bus follow their grants, as Unix time; 0 until they were compared once.",
)
FAILED: Final = Counter(
    "clearwater_grants_failed_total",
    "Times that the process `admin` could not read the grants or change a right, by reason: `refused` by the broker, or `no-answer`.",
    ["reason"],
)
for _reason in (_REFUSED, _NO_ANSWER):
    FAILED.labels(_reason)
UNREADABLE: Final = Counter(
    "clearwater_grants_unreadable_total",
    "Records on the topics of grants that could not be read: what they grant or revoke is not carried out. A restart reads them again.",
)


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

    def read(self, following: Following) -> None:
        """All that is there now and was not read yet. Raises OUTAGES."""
        for topic, event_type, payload in following.read():
            try:
                self.apply(topics.district(topic), event_type, payload)
            except ValueError:  # one record that is no event must not keep all others from being carried out
                UNREADABLE.inc()
                _log.error("unreadable %s on %s", event_type, topic)

    def topics_at(self, now: datetime) -> dict[str, frozenset[str]]:
        """By agency with a grant in force, the topics that it may read; none where no grant gives a whole one."""
        living = [given for grant_id, given in self._approved.items() if grant_id not in self._revoked]
        return agencies.topics_of(living, now=now)

    def known(self) -> frozenset[str]:
        """Every agency that was ever granted something."""
        return frozenset(given.agency for given in self._approved.values())


def admit(
    connection: Connection, agency: str, awaited: Collection[str] | None = None, *, patience: float = _PATIENCE_SECONDS
) -> tuple[str, list[str]]:
    """The new password of the agency's user, and the topics that it may read: those that the grants on the bus give now.

    `awaited`: the topics that the registry's answer gives. Those that the bus lacks are waited for, what it gives beyond them is not given:
    a revocation may still be on its way. None: whatever the bus knows. Raises CannotStart.
    """
    grants, ends_at = Grants(), time.monotonic() + patience
    with closing(Following(connection, topics.pattern("registry-agency"))) as following:
        while True:
            try:
                grants.read(following)
            except admin.OUTAGES as error:
                raise CannotStart(f"Kafka does not answer ({type(error).__name__}): run `make up` first.") from error
            names = grants.topics_at(datetime.now(UTC)).get(agency)
            if names is not None and names >= set(awaited or ()):
                wanted = sorted(names if awaited is None else set(awaited))
                return agencies.admit(connection, agency, wanted), wanted
            if time.monotonic() > ends_at:
                known = "no grant in force" if names is None else "fewer grants in force"
                raise CannotStart(
                    f"The bus knows {known} of {agency}: approve one at the registry, and look whether registry-relay runs."
                )
            time.sleep(_LOOK_SECONDS / 4)


class Granting:
    def __init__(self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._connection, self._now, self._grants = connection, now, Grants()
        self._following = Following(connection, topics.pattern("registry-agency"))
        self._kept: Mapping[str, frozenset[str]] | None = None  # None: nothing has been carried out yet
        self._kept_at = self._looked_at = float("-inf")
        self._failure = ""

    def run_forever(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.try_look()
            stop.wait(_LOOK_SECONDS)
        self.close()

    def try_look(self) -> None:
        """An outage of the broker is waited out; a refusal, too: somebody may be mending it."""
        began = time.time()
        try:
            self.look()
        except admin.OUTAGES as failure:
            reason = _REFUSED if isinstance(failure, admin.REFUSALS) else _NO_ANSWER
            FAILED.labels(reason).inc()
            self._failure = (
                f"the broker {'refuses' if reason == _REFUSED else 'does not answer'}: {type(failure).__name__}"
            )
            _log.warning("%s (%s)", self._failure, failure)
            self.close()
        else:
            KEPT_AT.set(began)
            self._looked_at, self._failure = time.monotonic(), ""

    def missing(self) -> str:
        """What keeps it from its work, in words; empty: nothing."""
        if time.monotonic() - self._looked_at < _READY_SECONDS:
            return ""
        return self._failure or "the grants have not been read yet"

    def close(self) -> None:
        self._following.close()

    def look(self) -> None:
        self._grants.read(self._following)
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


def answers(granting: Granting) -> WSGIApplication:
    """/metrics, and at every other path whether it is ready. Not shared/service/health.py: its image has no SQLAlchemy."""
    metrics: WSGIApplication = make_wsgi_app()

    def answer(environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environment["PATH_INFO"] == "/metrics":
            return metrics(environment, start)
        missing = granting.missing()
        start("503 Service Unavailable" if missing else "200 OK", [("Content-Type", "text/plain")])
        return [f"{missing or 'ready'}\n".encode()]

    return answer


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("kafka").setLevel(logging.ERROR)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    settings, stop = secret_files.read(), threading.Event()
    granting = Granting(admin.as_named(settings))
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    with make_server(settings["BIND"], int(settings["PORT"]), answers(granting), threaded=True) as server:
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
        granting.run_forever(stop)
        server.shutdown()


if __name__ == "__main__":
    main()
