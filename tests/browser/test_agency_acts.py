"""Can an agency's engineer do every act by keyboard and see its trace, and can the auditor see what was taken by whose decision?"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.demo.people import Person
from deploy.local import districts, issuer, processes
from deploy.sandbox.agency import give
from services.reporting import wiring
from services.reporting.store.statement_key import StatementKey
from services.reporting.workers.stating import Stating
from shared.events.day import business_day, midnight
from tests.support import pages
from tests.support.eventually import eventually
from tests.support.platform import Platform
from tests.support.receiver import Receiver, receiving

pytestmark = pytest.mark.timeout(500)  # the first test starts the whole system

DISTRICT, ENGINEER, AGENCY = "440107", "agency-440107", "water-bureau"
LANDED = 30_000
PROJECT = {
    "starts_at": "2026-11-28T00:00:00+08:00",
    "ends_at": "2027-05-31T00:00:00+08:00",
    "bases": [{"basis": "units", "percent": 95, "legal_ground": "样例条例第三十六条"}],
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pages.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def grant_id(system: Platform) -> str:
    """Of an agency in a district with a few events."""
    districts.add(system.place, DISTRICT, name="样例河区")
    with Person(system.place, "clerk", DISTRICT) as clerk:
        for number in range(3):
            clerk.post("registry", "/projects", PROJECT | {"name": f"样例河{number}片区"}, key=f"agency-acts-{number}")
    granted = give(system.place, DISTRICT, AGENCY, ENGINEER)
    address = f"{system.place.front_url}/api/reporting/v1/districts/{DISTRICT}/feed"
    headers = {"Authorization": f"Bearer {issuer.mint(system.place.local_dir, role='agency', districts=[DISTRICT])}"}
    eventually(lambda: httpx.get(address, headers=headers, trust_env=False).status_code == 200)
    return granted


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def page(chromium: Browser, system: Platform, grant_id: str, receiver: Receiver) -> Iterator[Page]:
    """An engineer's overview in English, with an endpoint that has accepted the first events."""
    path = f"/agency?district={DISTRICT}&language=en"
    shown = pages.signed_in(chromium, system.place, path, role="agency", district=DISTRICT, bypass_csp=True)
    shown.locator("#url").fill(receiver.url)
    shown.locator("#add > button").click()
    shown.wait_for_url("**endpoint=**")
    eventually(lambda: len(receiver.accepted) > 2)
    expect(shown.locator("#acts-h")).to_be_visible(timeout=LANDED)
    yield shown
    shown.context.close()


def fits(page: Page) -> None:
    for width, height in (*pages.SIZES.values(), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert pages.small_targets(page) == []
    assert pages.violations(page) == ""


def begin(page: Page, act: str) -> None:
    """By keyboard, from the overview to the page of the act."""
    page.locator(f".side a[href^='/agency/{act}?']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/agency/{act}?**")
    expect(page.locator("#checks-h")).to_be_visible()
    expect(page.locator("#act button.main")).to_be_enabled(timeout=LANDED)
    fits(page)


def carry_out(page: Page, act: str) -> None:
    page.locator("#act button.main").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**did={act}**")
    expect(page.locator(".callout.ok")).to_be_visible()


def arrived_twice(receiver: Receiver) -> set[str]:
    return {event_id for event_id, times in Counter(receiver.ids()).items() if times > 1}


def status(page: Page, url: str) -> object:
    return page.locator("#live tr", has_text=url).locator("td").first


def test_pausing_changing_and_resuming_leave_their_trace(page: Page, receiver: Receiver) -> None:
    begin(page, "pause")
    carry_out(page, "pause")
    expect(page.locator(".callout.ok")).to_contain_text("Version 2 at the registry")
    expect(status(page, receiver.url)).to_contain_text("paused", timeout=LANDED)
    fits(page)

    begin(page, "change")
    page.locator("#ordering").press("ArrowDown")
    expect(page.locator("#ordering")).to_have_value("endpoint")
    page.locator("#types input").first.press("Space")
    kept = page.locator("#types input").first.get_attribute("value")
    carry_out(page, "change")
    expect(page.locator("#live tr", has_text=receiver.url)).to_contain_text("one queue", timeout=LANDED)

    begin(page, "resume")
    expect(page.locator("#types input:checked")).to_have_attribute("value", kept or "")
    carry_out(page, "resume")
    expect(status(page, receiver.url)).to_contain_text("open", timeout=LANDED)


def test_a_change_that_somebody_else_made_first_is_refused_in_words(page: Page, receiver: Receiver) -> None:
    begin(page, "change")
    other = page.context.new_page()
    other.goto(page.url.replace("/change", "/pause"))
    expect(other.locator("#act button.main")).to_be_enabled(timeout=LANDED)
    carry_out(other, "pause")

    page.locator("#url").fill(f"{receiver.url}/moved")
    page.locator("#act button.main").click()

    expect(page.locator("[data-refusal]")).to_contain_text("version-superseded")
    expect(page.locator("[data-refusal]")).to_be_focused()


def test_events_are_sent_again_by_time_and_by_id(page: Page, receiver: Receiver) -> None:
    sent = set(receiver.ids())  # the first delivery may still be going on: what waits for it is not sent twice
    page.locator("#live a[href^='/agency/replay']").press("Enter")
    expect(page.locator("#act button.main")).to_be_disabled()
    fits(page)
    page.locator("#by-time button").press("Enter")
    page.wait_for_url("**since=**")
    expect(page.locator("#act button.main")).to_be_enabled()
    fits(page)
    carry_out(page, "replay")
    replayed = int(parse_qs(urlsplit(page.url).query)["events"][0])
    assert replayed >= len(sent)
    eventually(lambda: sent <= arrived_twice(receiver) and len(set(receiver.ids())) >= replayed)

    page.locator("#live a[href^='/agency/deliveries']").press("Enter")
    page.wait_for_url("**/agency/deliveries**")
    fits(page)
    page.locator("input[name=id]").first.press("Space")
    chosen = page.locator("input[name=id]").first.get_attribute("value")
    page.locator("form button.btn").last.press("Enter")
    page.wait_for_url("**/agency/replay?**id=**")
    before = receiver.ids().count(chosen or "")
    carry_out(page, "replay")
    eventually(lambda: receiver.ids().count(chosen or "") > before)

    page.goto(page.url.split("/agency")[0] + f"/agency/deliveries?{page.url.split('?')[1]}&event={chosen}")
    expect(page.locator("#one tbody tr").first).to_contain_text("delivered")
    fits(page)


def test_a_secret_is_rotated_with_an_overlap(page: Page) -> None:
    signing = page.locator(".checks li", has_text="Secrets that sign")
    begin(page, "rotate")
    expect(signing).to_contain_text("1")
    page.locator("#overlap").press("ArrowUp")
    expect(page.locator("#overlap")).to_have_value("2")
    carry_out(page, "rotate")

    begin(page, "rotate")
    eventually(lambda: page.reload() is not None and "2" in signing.inner_text())


def test_a_removed_endpoint_is_gone_and_needs_its_name(page: Page, receiver: Receiver) -> None:
    begin(page, "switch-on")
    carry_out(page, "switch-on")
    begin(page, "remove")
    page.locator("#act button.main").press("Enter")
    assert "did=" not in page.url  # the browser asks for the name first
    page.locator("#sure").fill(receiver.url.removeprefix("http://"))
    carry_out(page, "remove")
    expect(page.locator("#live")).not_to_contain_text(receiver.url, timeout=LANDED)


def test_the_auditor_sees_takers_grants_and_statements(
    chromium: Browser, system: Platform, page: Page, grant_id: str
) -> None:
    settings = processes.environment(system.place, "reporting", "webhooks")
    engine = wiring.engine(settings["DATABASE_URL"], "test")
    tomorrow = midnight(business_day(datetime.now(UTC)) + timedelta(days=1)) + timedelta(minutes=1)
    Stating(
        engine, StatementKey(settings["STATEMENT_KEY"]), issuer="https://clearwater.example", now=lambda: tomorrow
    ).run_once()
    engine.dispose()

    page.goto(f"{system.place.front_url}/agency/statements?district={DISTRICT}")
    expect(page.locator("#statement")).to_have_attribute("data-signed", "yes")
    fits(page)
    with page.expect_download() as download:
        page.locator("#statement a.main").click()
    assert download.value.suggested_filename.startswith(f"statement-{AGENCY}-{DISTRICT}-")

    audit = pages.signed_in(chromium, system.place, "/?language=en", role="auditor", district=DISTRICT, bypass_csp=True)
    expect(audit.locator("[data-row=taken] .n")).to_have_text("1", timeout=LANDED)
    audit.locator("header nav#ways a[href='/taken']").click()
    audit.wait_for_url("**/taken")
    expect(audit.locator(f"[id='grant-{grant_id}']")).to_contain_text("approved by", timeout=LANDED)
    expect(audit.locator("#hours-h ~ table tbody tr").first).to_contain_text(grant_id[-8:])
    fits(audit)
    audit.locator("a[href^='/taken/statements']").click()
    expect(audit.locator("#statement")).to_have_attribute("data-signed", "yes")
    fits(audit)
    audit.context.close()
