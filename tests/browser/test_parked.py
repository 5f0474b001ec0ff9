"""Can a person find what is parked, see what a redrive would change, and decide: by keyboard, on both screens, with a silent service?

The four services are answered for by sample documents of the kit's API; the page and the names of its units are reporting's own.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from deploy.declaration import SERVICES
from shared.web.languages import NAMES as LANGUAGES
from tests.support import pages
from tests.support.desks import tab_to
from tests.support.launch import Launch
from tests.support.platform import Platform
from tests.support.screens import Screens, screens_on

pytestmark = pytest.mark.timeout(200)
OVERLAP = Path("tests/support/layout.js").read_text(encoding="utf-8")
WRITING = {"tried": [], "changes": [], "figures": [], "waits": False}
_BLANK = "/static/shell/icon.svg"  # the routes are set before the page is opened
_IDS = UUID("5b0c1c52-6b3a-4a0e-9a53-0d2a3f1b7c11")


@pytest.fixture(scope="module")
def city(platform: Platform) -> Iterator[Screens]:
    with screens_on(platform, Launch(units=4)) as shown:
        shown.open()
        yield shown


class Parked:
    """The four services, as the browser knows them. `sent`: the acts that came, with header and body."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self.keys: dict[str, list[dict[str, Any]] | None] = {name: [] for name in SERVICES}
        self.answers: dict[str, tuple[int, dict[str, Any]] | None] = {}
        self.sent: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    def park(self, service: str, reason: str, *, number: int = 0, minutes: float = 1, behind: int = 0, **more) -> str:
        """Returns the key."""
        unit_id = str(self._launch.named(f"unit {number}"))
        since = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        row = {
            "district": self._launch.district, "topic": f"clearwater.{self._launch.district}.signing-case", "key": unit_id,
            "type": "clearwater.signing.agreement.signed.v1", "event_id": str(uuid5(_IDS, f"{service} {number}")), "epoch": 1,
            "sequence": 9, "sent_at": since, "parked_at": since, "reason": reason, "behind": behind, "ours": None,
        }  # fmt: skip
        found = self.keys[service]
        assert found is not None
        found.append(row | more)
        return unit_id

    def answer(self, route: Route) -> None:
        request = route.request
        service, _, act = request.url.split("/api/")[1].partition("/v1/parked")
        if request.method == "GET":
            keys = self.keys[service]
            decisions = ["accept-epoch", "keep-ours"] + (["accept-theirs"] if service == "reporting" else [])
            document = {"keys": keys, "decisions": decisions}
            return route.abort() if keys is None else route.fulfill(json=document)
        body = json.loads(request.post_data or "")
        self.sent.append((f"{service}{act}", request.headers, body))
        answer = self.answers[act]
        if answer is None:
            return route.abort()
        if act == "/redrive" and answer[1].get("waits") is False:
            self.keys[service] = [row for row in self.keys[service] or () if row["key"] != body["key"]]
        return route.fulfill(status=answer[0], json=answer[1])


@pytest.fixture
def parked(city: Screens) -> Parked:
    return Parked(city.launch)


def opened(city: Screens, browser: Browser, parked: Parked, size: str = "wall", role: str = "command") -> Page:
    page = city.browse(browser, _BLANK, size=pages.SIZES[size], bypass_csp=True, role=role)
    page.route("**/v1/parked**", parked.answer)
    page.route("**/api/registry/v1/*?limit=*", lambda route: route.fulfill(json={"items": [], "next": None}))
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda line: failures.append(line.text) if line.type == "error" else None)
    page.failures = failures  # type: ignore[attr-defined]
    page.goto(f"{city.url}/parked?language=en")
    return page


def fits(page: Page) -> None:
    """On both screens: nothing over something else, nothing torn, wide, small or refused by axe."""
    for width, height in pages.SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert (pages.small_targets(page), pages.torn(page), pages.covered(page)) == ([], [], [])
        assert page.evaluate(OVERLAP) == []
    assert pages.violations(page) == ""


def tried(outcome: str, number: int = 9) -> dict[str, Any]:
    event = {"event_id": str(uuid5(_IDS, str(number))), "type": "clearwater.signing.agreement.signed.v1"}
    return event | {"epoch": 1, "sequence": number, "outcome": outcome}


def figure(name: str, before: str, after: str) -> dict[str, str]:
    return {"name": name, "project": "澄水湾片区", "before": before, "after": after}


APPLIED = {
    "tried": [tried("applied"), tried("applied", 10)],
    "changes": [{"table": "cases", "inserted": 0, "updated": 1, "deleted": 0}],
    "figures": [figure("units", "1,624 94.90%", "1,625 95.02%"), figure("latch", "open", "reached")],
    "waits": False,
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_parking_names_the_four_services(city, browser, parked, language):
    page = opened(city, browser, parked)
    page.goto(f"{city.url}/parked?language={language}")

    expect(page.locator(".services li")).to_have_count(4)
    expect(page.locator("#box")).to_be_hidden()
    fits(page)
    assert page.failures == []
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_has_services_ages_and_reasons_and_is_narrowed(city, browser, parked, language):
    parked.park("reporting", "gap", minutes=41, behind=3)
    parked.park("reporting", "unexpected: KeyError", number=1, minutes=12)
    parked.park("signing", "roll-unknown", number=2, minutes=0.5)
    page = opened(city, browser, parked)
    page.goto(f"{city.url}/parked?language={language}")

    links = page.locator("#list a")
    expect(links).to_have_count(3)
    assert [node.get_attribute("data-tone") for node in page.locator("#list .age").all()] == ["", "alarm", "notice"]
    expect(links.nth(0)).to_contain_text("roll-unknown")
    expect(links.nth(2)).to_contain_text("KeyError")
    expect(links.nth(1)).to_contain_text("101")  # the door of the unit
    fits(page)
    page.locator("#filters [data-service=reporting]").click()
    expect(links).to_have_count(2)
    links.first.click()
    fits(page)
    assert page.failures == []
    page.context.close()


@pytest.mark.parametrize("size", pages.SIZES)
def test_a_key_is_tried_dry_and_redriven_by_keyboard_and_the_next_one_follows(city, browser, parked, size):
    first = parked.park("reporting", "gap", minutes=41, behind=1)
    parked.park("signing", "roll-unknown", number=2, minutes=12)
    parked.answers = {"/dry-run": (200, APPLIED), "/redrive": (200, APPLIED)}
    page = opened(city, browser, parked, size)
    expect(page.locator("#list a")).to_have_count(2)

    tab_to(page, f"#list a[href*='{first}']")
    page.keyboard.press("Enter")
    expect(page.locator("#work h2")).to_be_focused()
    if size == "phone":
        expect(page.locator("#box")).to_be_hidden()
    expect(page.locator("#redrive")).to_be_disabled()
    tab_to(page, "#try")
    page.keyboard.press("Enter")
    expect(page.locator("#dry")).to_be_focused()
    expect(page.locator("#dry")).to_contain_text("it latches")
    expect(page.locator("#dry .figures")).to_contain_text("1,625 95.02%")
    expect(page.locator("#dry .tried")).to_contain_text("is applied")
    fits(page)
    page.set_viewport_size(dict(zip(("width", "height"), pages.SIZES[size], strict=True)))
    page.locator("#dry").focus()
    tab_to(page, "#redrive")
    page.keyboard.press("Enter")
    expect(page.locator("#work h2")).to_have_text("2 events have moved on, nothing waits any more")
    expect(page.locator("#work h2")).to_be_focused()
    fits(page)
    (tried_at, _, asked_dry), (redriven_at, headers, body) = parked.sent
    assert (tried_at, redriven_at) == ("reporting/dry-run", "reporting/redrive")
    assert asked_dry == body == {"topic": body["topic"], "key": first, "decision": None, "reason": None}
    assert headers["clearwater-district"] == city.launch.district and len(headers["idempotency-key"]) == 36
    page.locator("#next a").click()
    expect(page.locator("#work .reason")).to_have_text("roll-unknown")
    assert page.failures == []
    page.context.close()


def test_a_dry_run_that_moves_nothing_allows_no_redrive_and_a_change_asks_for_another(city, browser, parked):
    key = parked.park("reporting", "gap", minutes=3)
    parked.answers = {"/dry-run": (200, {**WRITING, "tried": [tried("gap")], "waits": True})}
    page = opened(city, browser, parked)
    page.locator(f"#list a[href*='{key}']").click()
    page.locator("#try").click()
    expect(page.locator("#dry .tried")).to_contain_text("stays: The event before it has not come")
    expect(page.locator("#redrive")).to_be_disabled()

    parked.answers["/dry-run"] = (200, APPLIED)
    page.locator("#try").click()
    expect(page.locator("#redrive")).to_be_enabled()
    (row,) = parked.keys["reporting"]
    row["behind"] = 7
    expect(page.locator("#note")).to_contain_text("has changed", timeout=8_000)
    expect(page.locator("#redrive")).to_be_disabled()
    expect(page.locator("#dry")).to_be_empty()
    page.context.close()


@pytest.mark.parametrize(("decision", "reported_by"), [("accept-theirs", "rebuild"), ("keep-ours", "nothing waits")])
def test_a_diverged_key_needs_a_choice_and_a_reason(city, browser, parked, decision, reported_by):
    key = parked.park("reporting", "diverged", minutes=12, behind=1, ours=str(uuid5(_IDS, "ours")))
    answer = {**WRITING, "tried": [tried("waits-for-rebuild" if decision == "accept-theirs" else "passed-over")]}
    answer |= {"waits": decision == "accept-theirs"}
    parked.answers = {"/dry-run": (200, answer), "/redrive": (201, answer)}
    page = opened(city, browser, parked, role="city")
    page.locator(f"#list a[href*='{key}']").click()
    expect(page.locator(".facts")).to_contain_text("EventDiverged")
    page.locator("#try").click()
    expect(page.locator("#decision input").first).to_be_focused()
    page.locator(f"#decision input[value={decision}]").check()
    page.locator("#try").click()
    expect(page.locator("#reason")).to_be_focused()
    expect(page.locator("#reason")).to_have_attribute("aria-invalid", "true")
    fits(page)
    assert parked.sent == []

    page.locator("#reason").fill("checked against the paper")
    page.locator("#try").click()
    expect(page.locator("#redrive")).to_be_enabled()
    page.locator("#redrive").click()
    expect(page.locator("#work .callout.ok")).to_contain_text(reported_by)
    assert [body["decision"] for *_, body in parked.sent] == [decision] * 2
    assert parked.sent[-1][2]["reason"] == "checked against the paper"
    assert page.failures == []
    page.context.close()


def test_a_new_epoch_goes_on_only_by_decision_and_no_other_service_offers_theirs(city, browser, parked):
    key = parked.park("signing", "epoch", epoch=2, sequence=1)
    parked.park("signing", "diverged", number=1)
    parked.answers = {"/dry-run": (200, APPLIED)}
    page = opened(city, browser, parked)
    page.locator(f"#list a[href*='{key}']").click()
    page.locator("#decision input[value=accept-epoch]").check()
    page.locator("#try").click()
    expect(page.locator("#redrive")).to_have_text("Go on with the new epoch")
    assert parked.sent[0][2]["decision"] == "accept-epoch"

    page.locator("#decision input[value=none]").check()
    expect(page.locator("#redrive")).to_be_disabled()
    page.locator("#list a").nth(0).click()
    page.locator("#list a:not([aria-current])").click()
    assert [node.get_attribute("value") for node in page.locator("#decision input").all()] == ["keep-ours"]
    page.context.close()


def test_a_refusal_says_what_to_do_and_a_lost_answer_is_asked_for_again_under_its_key(city, browser, parked):
    key = parked.park("reporting", "gap")
    refusal = {
        "title": "Nothing waits there",
        "next": "Read the list again",
        "code": "parked-key-unknown",
        "status": 409,
    }
    parked.answers = {"/dry-run": (200, APPLIED), "/redrive": None}
    page = opened(city, browser, parked)
    page.locator(f"#list a[href*='{key}']").click()
    page.locator("#try").click()
    page.locator("#redrive").click()
    expect(page.locator("#work .callout")).to_contain_text("Nobody knows")
    parked.answers["/redrive"] = (409, refusal)
    page.locator("#again").click()

    expect(page.locator("#work h2")).to_have_text("Not redriven: Nothing waits there")
    expect(page.locator("#work h2")).to_be_focused()
    expect(page.locator("#work")).to_contain_text("parked-key-unknown")
    expect(page.get_by_role("link", name="EventParked")).to_have_attribute("href", "/docs/runbook#eventparked")
    keys = [headers["idempotency-key"] for place, headers, _ in parked.sent if place.endswith("redrive")]
    assert len(keys) == 2 and len(set(keys)) == 1
    fits(page)
    page.locator("#work [data-list]").click()
    expect(page.locator(f"#list a[href*='{key}']")).to_be_focused()
    page.context.close()


def test_the_page_can_be_read_in_the_dark(city, browser, parked):
    key = parked.park("reporting", "gap", minutes=31)
    parked.park("reporting", "gap", minutes=12, number=1)
    parked.answers = {"/dry-run": (200, APPLIED)}
    page = opened(city, browser, parked)
    page.goto(f"{city.url}/parked?theme=dark")
    page.locator(f"#list a[href*='{key}']").click()
    page.locator("#try").click()
    expect(page.locator("#dry")).to_be_focused()
    fits(page)
    page.context.close()


def test_a_choice_made_while_it_is_tried_asks_for_another_dry_run(city, browser, parked):
    key = parked.park("signing", "epoch", epoch=2)
    parked.answers = {"/dry-run": (200, APPLIED)}
    page = opened(city, browser, parked)
    held: list[Route] = []
    page.route("**/parked/dry-run", lambda route: held.extend([route]))
    page.locator(f"#list a[href*='{key}']").click()
    page.locator("#try").click()
    page.locator("#decision input[value=accept-epoch]").check()
    parked.answer(held[0])

    expect(page.locator("#try")).to_be_enabled()
    expect(page.locator("#redrive")).to_be_disabled()
    expect(page.locator("#dry")).to_be_empty()
    page.context.close()


def test_a_silent_service_is_named_and_its_keys_are_unknown(city, browser, parked):
    key = parked.park("signing", "roll-unknown", minutes=31)
    parked.keys["notify"] = None
    page = opened(city, browser, parked)

    expect(page.locator("[data-silent=notify]")).to_contain_text("does not answer")
    expect(page.locator("#count")).to_contain_text("at least 1 key")
    expect(page.locator("#filters [data-service=notify]")).to_contain_text("not known")
    fits(page)
    page.locator(f"#list a[href*='{key}']").click()
    parked.keys["signing"] = None
    expect(page.locator("#work h2")).to_contain_text("does not answer", timeout=8_000)
    page.context.close()


def test_a_list_that_grows_moves_neither_the_choice_nor_the_focus(city, browser, parked):
    key = parked.park("reporting", "gap")
    page = opened(city, browser, parked)
    link = page.locator(f"#list a[href*='{key}']")
    link.click()
    link.focus()
    parked.park("registry", "behind", number=3)

    expect(page.locator("#list a")).to_have_count(2, timeout=8_000)
    expect(link).to_be_focused()
    expect(link).to_have_attribute("aria-current", "true")
    assert page.failures == []
    page.context.close()


def test_an_event_that_has_really_waited_is_redriven_in_reporting(city, browser, parked):
    launch = city.launch
    missing, waiting = city.numbering.messages(launch.district, [launch.sign(0), launch.sign(0)])
    city.bus.deliver([waiting])
    page = city.browse(browser, _BLANK, size=pages.SIZES["wall"])
    page.route(re.compile("/api/(registry|signing|notify)/v1/parked"), parked.answer)
    page.goto(f"{city.url}/parked?language=en")
    page.locator("#list a").click()
    expect(page.locator("#work .reason")).to_have_text("The event before it has not come")
    page.locator("#try").click()
    expect(page.locator("#dry .tried")).to_contain_text("stays")
    expect(page.locator("#redrive")).to_be_disabled()

    city.bus.deliver([missing])
    page.locator("#try").click()
    expect(page.locator("#redrive")).to_be_enabled()
    page.locator("#redrive").click()
    expect(page.locator("#work h2")).to_have_text("2 events have moved on, nothing waits any more")
    expect(page.locator("#work .figures")).to_contain_text("Units signed")
    expect(page.locator("#count")).to_have_text("nothing is parked")
    page.context.close()


def test_the_city_leads_from_a_parked_key_to_the_page(city, browser, parked):
    entry = {"district": city.launch.district, "parked": {"number": 2, "seconds": 70}}
    page = city.browse(browser, _BLANK, size=pages.SIZES["wall"], role="city")
    page.route("**/v1/parked**", parked.answer)
    page.route(
        "**/v1/freshness",
        lambda route: route.fulfill(json={"districts": [entry] if "signing" in route.request.url else []}),
    )
    page.goto(f"{city.url}/city")
    expect(page.locator(".strip .finding a")).to_have_attribute("href", "/parked?service=signing")
    page.locator("#alarms a[href^='/parked']").focus()
    page.wait_for_timeout(5_500)  # the strip is drawn anew meanwhile
    expect(page.locator("#alarms a[href^='/parked']")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/parked?service=signing")
    page.context.close()
