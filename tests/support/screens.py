"""Reporting's pages and live stream on one address, in threads of the test run, over a read model that its own consumer filled.

It stands where the front door stands: pages as they are, /api/reporting/v1 to the API and to the stream.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, text
from werkzeug.serving import make_server

from deploy.declaration import SERVICES
from services.reporting import application, wiring
from services.reporting.api.live import Hub
from services.reporting.projections.reactions import CONSUMER
from shared.events.contract import Event
from shared.service import factory, session
from shared.service.clock import Clock, RealClock
from tests.support.launch import Bus, Launch, Numbering
from tests.support.platform import Platform
from tests.support.serving import Settings

_API = "/api/reporting/v1"
_PULSE = text("""
    insert into pulses (consumer, caught_up_at) values (:consumer, clock_timestamp())
    on conflict (consumer) do update set caught_up_at = greatest(pulses.caught_up_at, excluded.caught_up_at)
""")


@dataclass
class Screens:
    """`launch` is on the bus of `publish`; `browse` opens a page of it as a person of a role."""

    url: str
    engine: Engine
    launch: Launch
    bus: Bus
    numbering: Numbering = field(default_factory=Numbering)

    def publish(self, *events: Event) -> None:
        self.bus.deliver(self.numbering.messages(self.launch.district, events), at_once=500)
        self.pulse()

    def pulse(self) -> None:
        """As the consumer does when it has applied everything."""
        with self.engine.begin() as connection:
            connection.execute(_PULSE, {"consumer": CONSUMER})

    def open(self, *, prepared: Iterable[int] = (), signed: Iterable[int] = ()) -> None:
        """The whole launch: opened, registered, grouped, frozen; these cases prepared, these signed."""
        launch = self.launch
        self.publish(*launch.opening(), *launch.register(), *launch.groups(), launch.freeze())
        self.publish(*(event for number in prepared for event in launch.prepare(number)))
        self.publish(*(launch.sign(number) for number in signed))

    def cookie(self, role: str = "command", *, district: str = "") -> dict[str, str]:
        values = {"sub": role, "name": "周明", "roles": [role], "districts": [district or self.launch.district]}
        sealed = session.seal(values, secret=Settings.session_secret, purpose="session", seconds=3600)
        return {"name": session.cookie_name(self.url), "value": sealed, "url": self.url}

    def browse(
        self, browser: Browser, path: str, *, size: tuple[int, int], role: str = "command", script: str = "", **options
    ) -> Page:
        """`script` runs in each page before its own."""
        width, height = size
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN", **options)
        if role:
            context.add_cookies([self.cookie(role)])
        context.add_init_script(script)
        page = context.new_page()
        page.goto(self.url + path)
        return page


@contextmanager
def screens(
    engine: Engine, launch: Launch, *, clock: Clock | None = None, issuer: str = "http://127.0.0.1:9"
) -> Iterator[Screens]:
    clock, stop = clock or RealClock(), threading.Event()
    with make_server("127.0.0.1", 0, Flask("not yet"), threaded=True) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        server.app = _door(engine, clock, Settings(issuer, public_url=url, services=" ".join(SERVICES)), stop)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Screens(url, engine, launch, Bus(engine, [launch.district]))
        stop.set()  # the stream would say that it cannot read, once the database is gone
        server.shutdown()


@contextmanager
def screens_on(platform: Platform, launch: Launch) -> Iterator[Screens]:
    """Screens over a database of their own, which ends with them."""
    database = platform.database("reporting")
    engine = wiring.engine(database.app, "test", pool_size=8)
    with screens(engine, launch) as shown:
        yield shown
    engine.dispose()
    platform.drop(database)


def _door(engine: Engine, clock: Clock, settings: Settings, stop: threading.Event) -> WSGIApplication:
    hub = Hub(engine, clock)
    shared = {"engine": engine, "clock": clock, "settings": settings, "migrations": wiring.MIGRATIONS}
    pages = factory.create("reporting", **shared, blueprints=application.BLUEPRINTS, problem_files=application.PROBLEMS)
    stream = factory.create(
        "reporting", **shared, blueprints=(application.stream,), problem_files=application.PROBLEMS, resources=hub
    )
    hub.start(stop)

    def door(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(_API):
            environ["PATH_INFO"] = path.replace(_API, "/api/v1", 1)
        return (stream if path == f"{_API}/stream" else pages)(environ, start)

    return door
