"""Does the city show which service does not answer, and leave the rest as it is?"""

import pytest
from playwright.sync_api import Route, expect

from deploy.declaration import SERVICES
from tests.support import pages
from tests.support.platform import Platform
from tests.support.sample_districts import SampleDistrict

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system
PATIENCE_MILLISECONDS = 60_000


def test_a_service_that_has_stopped_is_shown_as_not_answering_and_the_rest_stays(
    system: Platform, samples: list[SampleDistrict]
) -> None:
    with pages.chromium() as browser:
        page = pages.signed_in(browser, system.place, "/city", role="city", district="*", bypass_csp=True)
        strip = page.locator(f'[data-strip="{samples[0].code}"]')
        screens, messages = strip.locator('[data-step="screens"]'), strip.locator('[data-step="messages"]')
        expect(screens).to_have_attribute("data-is", "well", timeout=PATIENCE_MILLISECONDS)
        expect(strip.locator('[data-step="subscribers"]')).to_have_attribute("data-is", "well")
        system.supervisor.stop("notify-api")
        try:
            expect(messages).to_have_attribute("data-is", "wrong", timeout=PATIENCE_MILLISECONDS)
            expect(page.locator("#alarms")).to_contain_text("消息服务没有应答")
            expect(page.locator("#alarms")).to_contain_text("ProcessDown")
            expect(screens).to_have_attribute("data-is", "well")
            assert pages.violations(page) == ""
        finally:
            system.supervisor.start("notify-api")
        expect(page.locator("#alarms")).not_to_contain_text("没有应答", timeout=PATIENCE_MILLISECONDS)


def test_a_service_that_joins_the_declaration_is_asked_too(system: Platform, samples: list[SampleDistrict]) -> None:
    """The page names the services; here it names one more, which no process serves."""

    def with_payments(route: Route) -> None:
        answer = route.fetch()
        declared = f'data-services="{" ".join(SERVICES)}'
        assert declared in answer.text()
        route.fulfill(response=answer, body=answer.text().replace(declared, f"{declared} payments"))

    with pages.chromium() as browser:
        page = pages.signed_in(browser, system.place, "/city", role="city", district="*", bypass_csp=True)
        page.route("**/city", with_payments)
        page.reload()
        strip = page.locator(f'[data-strip="{samples[0].code}"]')
        expect(strip.locator('[data-step="journal"]')).to_have_attribute(
            "data-is", "wrong", timeout=PATIENCE_MILLISECONDS
        )
        # Once for all districts; what is wrong in districts of other tests stands beside it.
        expect(page.locator("#alarms li").filter(has_text="payments没有应答")).to_have_count(1)
