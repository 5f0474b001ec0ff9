"""A member of staff at the keyboard: goes through the pages of acts, and looks at each as every page of a journey is judged."""

from playwright.sync_api import Browser, Locator, Page, expect

from deploy.local.place import Place
from tests.support import pages

SLOW_MILLISECONDS = 30_000


class Staff:
    def __init__(self, browser: Browser, place: Place, path: str, *, role: str, district: str) -> None:
        self.place, self.district = place, district
        self.page: Page = pages.signed_in(browser, place, path, role=role, district=district, bypass_csp=True)
        self.page.set_default_timeout(SLOW_MILLISECONDS)
        expect.set_options(timeout=SLOW_MILLISECONDS)

    def press(self, target: Locator) -> None:
        target.focus()
        self.page.keyboard.press("Enter")

    def write(self, label: str, words: str) -> None:
        self.page.get_by_label(label, exact=True).focus()
        self.page.keyboard.type(words)

    def look(self) -> None:
        """axe at both sizes, targets of 44 px, nothing wider than the screen, and nothing over what has the focus."""
        assert pages.violations(self.page) == "", self.page.url
        for width, height in pages.SIZES.values():
            self.page.set_viewport_size({"width": width, "height": height})
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width, self.page.url
            assert pages.small_targets(self.page) == [], self.page.url
            focused = self.page.evaluate_handle("document.activeElement")
            assert pages.covered(self.page) == [], self.page.url
            focused.evaluate("each => each.focus()")
        self.page.set_viewport_size({"width": 1366, "height": 768})

    def refused(self) -> Locator:
        refusal = self.page.locator("[data-refusal]:not([hidden])")
        expect(refusal).to_be_focused()
        return refusal

    def done(self, words: str) -> None:
        """What was done is read first: the focus is on it."""
        expect(self.page.locator(".callout.ok h2")).to_contain_text(words)
        expect(self.page.locator(".callout.ok")).to_be_focused()
