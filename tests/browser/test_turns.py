"""Does a wall change its headline and countdown in the moment when the period opens, when it ends, and when a business day ends?"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from services.reporting import wiring
from shared.events.day import SHANGHAI
from tests.support.launch import Launch
from tests.support.platform import Platform
from tests.support.screens import Screens, screens

pytestmark = pytest.mark.timeout(300)  # the first test starts a database
SOON_SECONDS = 6.0
OPENED_AT = datetime(2026, 11, 24, 1, tzinfo=UTC)
EACH_MINUTE = 60_000  # a wall is drawn anew so often in any case
IN_TIME = EACH_MINUTE // 3

_RECORD = """() => {
    window.shown = [];
    const record = () => window.shown.push(document.querySelector('.pace .until').textContent.replace(/\\s+/g, ' ').trim());
    new MutationObserver(record).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


@dataclass
class Paced:
    """A business clock that stands until it is set, and then runs at a speed."""

    business_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    real_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    speed: float = 0

    def now(self) -> datetime:
        return self.business_at + (datetime.now(UTC) - self.real_at) * self.speed

    def run(self, *, before: datetime, seconds: float, speed: float) -> None:
        """The instant `before` comes in so many real seconds."""
        self.real_at, self.speed = datetime.now(UTC), speed
        self.business_at = before - timedelta(seconds=seconds) * speed

    def stop(self) -> None:
        self.business_at, self.real_at, self.speed = self.now(), datetime.now(UTC), 0


@dataclass
class Turning:
    shown: Screens
    clock: Paced

    def wall(self, browser: Browser, path: str = "/wall?language=en") -> Page:
        self.shown.pulse()
        return self.shown.browse(browser, path, size=(1366, 768))

    def until(self, page: Page, selector: str, words: str) -> None:
        """Waits with the pulses of a healthy consumer, and less long than to the drawing of each minute."""
        began = time.monotonic()
        while words not in page.locator(selector).inner_text():
            assert (time.monotonic() - began) * 1000 < SOON_SECONDS * 1000 + IN_TIME, page.locator(
                selector
            ).inner_text()
            self.shown.pulse()
            page.wait_for_timeout(200)


@pytest.fixture
def turning(platform: Platform) -> Iterator[Turning]:
    database, clock = platform.database("reporting"), Paced(OPENED_AT - timedelta(hours=2))
    engine = wiring.engine(database.app, "test", pool_size=8)
    with screens(engine, Launch(units=40, opened_at=OPENED_AT), clock=clock) as shown:
        shown.open(prepared=range(4), signed=range(2))
        yield Turning(shown, clock)
    engine.dispose()
    platform.drop(database)


@pytest.mark.parametrize("speed", [1, 144])
def test_headline_and_countdown_change_when_the_period_opens(turning: Turning, browser: Browser, speed: int) -> None:
    turning.clock.run(before=OPENED_AT, seconds=SOON_SECONDS, speed=speed)
    page = turning.wall(browser)
    expect(page.locator(".pace .until")).to_contain_text("Signing starts in")
    page.evaluate(_RECORD)

    turning.until(page, ".pace .until", "Period ends in")

    assert page.locator(".pace .countdown").inner_text().startswith("29 d ")
    shown = page.evaluate("window.shown")
    assert not [words for words in shown if words.startswith("Signing starts in") and " d " in words], shown
    page.context.close()


def test_the_end_of_the_period_is_shown_when_it_comes(turning: Turning, browser: Browser) -> None:
    turning.clock.run(before=OPENED_AT + timedelta(days=30), seconds=SOON_SECONDS, speed=1)
    page = turning.wall(browser)
    expect(page.locator(".pace .until")).to_contain_text("Period ends in")

    turning.until(page, ".pace .until", "Signing period over")
    assert page.locator(".countdown").count() == 0
    page.context.close()


def test_a_new_business_day_is_named_when_it_begins(turning: Turning, browser: Browser) -> None:
    midnight = datetime(2026, 11, 25, tzinfo=SHANGHAI)
    turning.clock.run(before=midnight, seconds=SOON_SECONDS, speed=1)
    page = turning.wall(browser)
    expect(page.locator("#day")).to_have_text("Day 1 of 31")

    turning.until(page, "#day", "Day 2 of 31")
    expect(page.locator(".where-now")).to_contain_text("2026-11-25")
    page.context.close()


def test_a_clock_that_stands_still_draws_no_wall_anew(turning: Turning, browser: Browser) -> None:
    turning.clock.run(before=OPENED_AT, seconds=3, speed=1)
    turning.clock.stop()
    page = turning.wall(browser)
    drawings: list[str] = []
    page.on("request", lambda request: drawings.append(request.url) if "/wall" in request.url else None)

    for _ in range(50):
        turning.shown.pulse()
        page.wait_for_timeout(200)

    expect(page.locator(".pace .until")).to_contain_text("Signing starts in")
    assert len(drawings) <= 4, drawings  # before the standing is known, less and less often
    page.context.close()
