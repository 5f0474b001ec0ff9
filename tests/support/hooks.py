"""Webhooks as an agency sees them: its endpoints as the registry's events, and a deliverer whose clock of retries the test turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from services.reporting.commands import steer_endpoint
from services.reporting.gateways.endpoints import Endpoints
from services.reporting.store.signing_keys import SigningKeys
from services.reporting.workers.deliver import Deliverer, Threads
from shared.events.contract import Event
from shared.events.registry import EndpointRegistered, SigningSecret
from shared.messaging import sealing
from shared.messaging.sealing import DataKey
from shared.service import database
from shared.service.clock import RealClock
from tests.support.launch import Bus, Launch, Numbering, granted

DISTRICT, CLIENT, AGENCY = "440303", "agency-440303", "real-estate"
PRIVATE, PUBLIC = sealing.key_pair()
LOOPBACK = ("127.0.0.0/8",)
SIGNED, RESCINDED = "clearwater.signing.agreement.signed.v1", "clearwater.signing.agreement.rescinded.v1"
REGISTERED, OPENED = "clearwater.registry.unit.registered.v1", "clearwater.signing.case.opened.v1"
CONFIRMED, DRAFTED = "clearwater.signing.rights.confirmed.v1", "clearwater.signing.agreement.drafted.v1"
CASE = (REGISTERED, OPENED, CONFIRMED, DRAFTED)


class Turned:
    """A clock of retries that stands still until it is turned."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Endpoint:
    """As the registry publishes it."""

    url: str
    ordering: str = "case"
    event_types: tuple[str, ...] = ()
    start: str = "first"
    agency: str = AGENCY
    active: bool = True
    endpoint_id: UUID = field(default_factory=uuid4)
    keys: list[tuple[DataKey, datetime | None]] = field(default_factory=lambda: [(sealing.new_key(), None)])
    registered_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def secret(self) -> bytes:
        return self.keys[0][0].secret

    def registered(self) -> EndpointRegistered:
        secrets = tuple(
            SigningSecret(
                key_id=key.key_id,
                sealed=sealing.wrap(key, person_id=self.endpoint_id, reader="reporting", public_key=PUBLIC),
                ends_at=ends_at,
            )
            for key, ends_at in self.keys
        )
        return EndpointRegistered(
            agency=self.agency, endpoint_id=self.endpoint_id, revision=1, url=self.url, event_types=self.event_types,
            ordering=self.ordering, start=self.start, active=self.active, secrets=secrets, registered_at=self.registered_at,
        )  # fmt: skip


class Hooks:
    """A district whose events reach reporting, and its deliverer. `now` is the clock of retries."""

    def __init__(
        self, engine: Engine, *, district: str = DISTRICT, allowed: Sequence[str] = LOOPBACK, seconds: float = 5.0
    ) -> None:
        self.engine, self.district, self.now = engine, district, Turned()
        self.bus, self.numbering, self.launch = Bus(engine, (district,)), Numbering(), Launch(district, units=40)
        self.endpoints = Endpoints(origin="clearwater.example", allowed=allowed, seconds=seconds)
        self.deliverer = Deliverer(
            engine, self.endpoints, SigningKeys(PRIVATE), clock=RealClock(), now=self.now, threads=Threads(8, 4)
        )

    def happen(self, *events: Event) -> list[str]:
        """The ids of the events, which reporting has applied."""
        messages = self.numbering.messages(self.district, events)
        self.bus.deliver(messages)
        return [str(message.event_id) for message in messages]

    def grant(self, *types: str, agency: str = AGENCY, client: str = CLIENT) -> UUID:
        acts = granted(client, types=types, agency=agency)
        self.happen(*acts)
        grant_id: UUID = acts[1].grant_id
        return grant_id

    def register(self, *endpoints: Endpoint) -> None:
        self.happen(*(endpoint.registered() for endpoint in endpoints))

    def run(self, *, most: int = 60) -> None:
        """Rounds, at this instant, until nothing is due."""
        for _ in range(most):
            if not self.deliverer.run_once():
                return
        raise AssertionError("the deliverer does not come to rest")

    def play(self, until: timedelta, *, step: timedelta) -> None:
        """Turns the clock step by step, with all that is due at each."""
        end = self.now.at + until
        while self.now.at < end:
            self.now.at += step
            self.run()

    def switch_on(self, endpoint: Endpoint) -> None:
        """As its engineer does by the API."""
        with database.begin(self.engine, district=self.district) as tx:
            steer_endpoint.switch_on(tx, endpoint.endpoint_id, now=self.now.at)

    def rows(self, statement: str, **values: object) -> list[dict[str, object]]:
        with database.reading(self.engine, granted=[self.district]) as tx:
            return [dict(row) for row in tx.connection.execute(text(statement), values).mappings()]

    def condition(self, endpoint: Endpoint) -> dict[str, object]:
        [row] = self.rows(
            "select status, code, failures from endpoint_states where endpoint_id = :it", it=endpoint.endpoint_id
        )
        return row
