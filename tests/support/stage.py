"""A launch day in the running system and a browser that is signed in to it, for tests of reporting's pages.

The events come straight from the broker, in a district of the test's own, as registry and signing would have sent them.
Signing hears of the district's units too and would open their cases. So its relay rests meanwhile: a second writer under
the same numbers is what reporting parks as diverged.
"""

import time
from datetime import datetime, timedelta

from playwright.sync_api import Browser, Page

from deploy.demo import day
from shared.messaging import kafka
from shared.messaging.ports import Message, Unavailable
from tests.support import pages
from tests.support.eventually import eventually
from tests.support.launch import Launch, Numbering
from tests.support.platform import Platform

_RELAY = "signing-relay"
_APPEARS_SECONDS = 180  # a new district is found at the next metadata refresh, by a consumer that has just joined


class Stage:
    """A launch day in the running system, and a browser that is signed in to it."""

    def __init__(self, system: Platform, browser: Browser, *, units: int = 40, signed: int = 8) -> None:
        self.system, self.browser = system, browser
        system.supervisor.stop(_RELAY)
        self.district = system.topics()
        self.launch = Launch(self.district, units=units, opened_at=self.now() - timedelta(hours=1))
        self._numbering = Numbering()
        self._producer = kafka.Producer(system.connection)
        facts = [*self.launch.opening(), *self.launch.register(), *self.launch.groups(), self.launch.freeze()]
        self.publish(*facts, *(event for number in range(signed + 12) for event in self.launch.prepare(number)))
        self.publish(*(self.launch.sign(number) for number in range(signed)))

    def now(self) -> datetime:
        """By the business clock, which another test may have carried to another day."""
        return day.clock(self.system.place).now()

    def publish(self, *events) -> None:
        messages = self._numbering.messages(self.district, events)
        eventually(lambda: self._published(messages))

    def register_again(self) -> None:
        """All units anew and at once: more than an event to the page can name, so that the page must be redrawn."""
        units = (self.launch.unit(number) for number in range(self.launch.units))
        self.publish(*(unit.model_copy(update={"revision": 2, "after_freeze": True}) for unit in units))

    def _published(self, messages: list[Message]) -> bool:
        """On a busy machine the broker may answer late. A second publish is a repeat for the consumer."""
        try:
            return not self._producer.publish(messages)
        except Unavailable:
            return False

    def page(self, size: str, path: str = "/wall", **options) -> Page:
        who = {"role": "command", "district": self.district}
        return pages.signed_in(self.browser, self.system.place, path, size=size, **who, **options)

    def close(self) -> None:
        self._producer.close()
        self.system.supervisor.start(_RELAY)

    def until_it_shows(self, signed: int) -> None:
        """An empty page reloads by itself; this helper reloads it more often."""
        page = self.page("wall")
        until = time.monotonic() + _APPEARS_SECONDS
        while page.locator("#n").count() == 0 or page.locator("#n").inner_text() != str(signed):
            seen = page.locator("body").inner_text()[:200]
            assert time.monotonic() < until, f"last seen: {seen}"
            page.wait_for_timeout(500)
            page.reload()
        page.context.close()
