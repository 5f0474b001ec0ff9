"""A district of the test's own in the running system, with households at every step, and desks that have one of them on their screen."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from deploy.demo import day
from deploy.local import processes
from services.signing.commands.draft_agreement import EditTerms, edit_terms
from services.signing.commands.settle_rights import ConfirmRights, confirm_rights
from services.signing.domain.terms import TermLine
from services.signing.store import agreements
from shared.events.registry import GroupFormed, Officer, RightHolder, UnitAssigned
from shared.service import database
from tests.support import pages
from tests.support.platform import Platform
from tests.support.signing import DESK, District, a_holder

EXCHANGE = (
    TermLine("exchange_area", "area", 0, Decimal("78.22")),
    TermLine("relocation_fee", "once", 260_720),
    TermLine("resettlement_fee", "monthly", 325_900),
)
LOOKS_MILLISECONDS, ASKS_AGAIN_MILLISECONDS = 5_000, 4_000


class Desks:
    """Registry events go straight to the consumer's reactions. Everything after that goes over HTTP."""

    def __init__(self, system: Platform, browser: Browser) -> None:
        self.place, self.browser = system.place, browser
        self.url = system.place.front_url
        self._windows: dict[tuple[str, bool], BrowserContext] = {}
        self.engine = database.connect(
            processes.environment(system.place, "signing", "api")["DATABASE_URL"], application_name="test"
        )
        self.district = District(self.engine, system.topics(), day.clock(system.place))
        self.district.open_project(starts_at=datetime(2026, 1, 1, tzinfo=UTC), days=3_650)

    def close(self) -> None:
        self.engine.dispose()

    def couple(self) -> UUID:
        """Two right-holders by halves; the second is away and has given a power of attorney."""
        owners = [a_holder("1/2", masked_name="范**"), a_holder("1/2", masked_name="李**")]
        unit = self.district.register(*owners)
        self.agent(unit, owners[1])
        return unit

    def agent(self, unit_id: UUID, owner: RightHolder, *, until: date | None = None) -> UUID:
        hand = uuid4()
        self.district.mandate(unit_id, owner.person_id, hand, "agent", until or date(2036, 12, 31))
        return hand

    def drafted(self, unit_id: UUID) -> UUID:
        with self.district.transaction() as tx:
            confirm_rights(tx, ConfirmRights(unit_id, DESK), self.district.clock)
        return self.district.drafted(unit_id, form="exchange", lines=EXCHANGE)

    def ready(self, unit_id: UUID | None = None) -> UUID:
        """Returns the unit, whose agreement is locked."""
        unit_id = unit_id or self.district.register()
        agreement_id = self.drafted(unit_id)
        self.district.review(agreement_id)
        self.district.lock(agreement_id)
        return unit_id

    def relocked(self, unit_id: UUID, *, relocation_fen: int) -> None:
        """Unlocked, changed and locked again by others, while a desk has the old terms on its screen."""
        agreement_id = self.agreement(unit_id)
        self.district.unlock(agreement_id)
        lines = (EXCHANGE[0], TermLine("relocation_fee", "once", relocation_fen))
        with self.district.transaction() as tx:
            version = agreements.load(tx, agreement_id).version
            edit_terms(tx, EditTerms(agreement_id, version, "exchange", "3", lines, DESK), self.district.clock)
        self.district.review(agreement_id)
        self.district.lock(agreement_id)

    def grouped(self, *units: UUID, name: str) -> None:
        group_id, officer = uuid4(), Officer(staff_id=uuid4(), name="邱*")
        project_id = self.district.project_id
        self.district.receive(GroupFormed(project_id=project_id, group_id=group_id, name=name, officers=(officer,)))
        for unit in units:
            assigned = {"unit_id": unit, "group_id": group_id, "staff_id": officer.staff_id}
            self.district.receive(UnitAssigned(project_id=project_id, **assigned))

    def agreement(self, unit_id: UUID) -> UUID:
        return self.district.rows("select agreement_id from agreements where unit_id = :unit_id", unit_id=unit_id)[0][0]

    def numbers(self, unit_id: UUID) -> list[int]:
        """Every number that the unit ever had."""
        rows = self.district.rows(
            "select number from numbers join agreements using (agreement_id) where unit_id = :unit_id", unit_id=unit_id
        )
        return [row[0] for row in rows]

    def page(self, path: str = "", *, role: str = "desk", size: str = "wall", checked: bool = False) -> Page:
        """A tab of that role's window. Its clock stands until a test lets it go on, so that nothing is looked up or asked
        again in between; in a page that is `checked` by axe it goes, since axe waits by it.
        """
        page = self._window(role, checked=checked).new_page()
        width, height = pages.SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{self.url}/desk{path}")
        return page

    def case(self, unit_id: UUID, *, step: str = "", **options: Any) -> Page:
        return self.page(f"/{unit_id}{'?step=' + step if step else ''}", **options)

    def _window(self, role: str, *, checked: bool) -> BrowserContext:
        """One for all tabs, so that the fonts are read once."""
        if (role, checked) not in self._windows:
            who = {"role": role, "district": self.district.district}
            page = pages.signed_in(self.browser, self.place, "/static/shell/icon.svg", **who, bypass_csp=checked)
            if not checked:
                page.clock.install()
                page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))
            self._windows[role, checked] = page.context
        return self._windows[role, checked]


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no Tab leads to {selector}")


def press(page: Page, selector: str, key: str = "Enter") -> None:
    tab_to(page, selector)
    page.keyboard.press(key)


def write(page: Page, selector: str, words: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(words)


def step(page: Page, words: str) -> None:
    """The heading of the step that is shown, where the focus is."""
    expect(page.locator("#step-head")).to_contain_text(words)
    expect(page.locator("#step-head")).to_be_focused()


def posts(page: Page) -> list[Request]:
    """The acts that the page sends from now on."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    return sent


def losing_one_answer(page: Page, path: str) -> None:
    """The first request to the path is carried out, and its answer is lost."""

    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route(path, lose, times=1)
