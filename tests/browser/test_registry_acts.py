"""Does a clerk open a project, form a group, assign, correct, record a tenant and freeze the roll: by keyboard, with each trace?"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from deploy.demo import imports
from deploy.demo.people import Person
from deploy.local import districts
from deploy.local.place import Place
from services.registry.domain import sample
from services.registry.gateways import workbook_stream
from shared.web.languages import NAMES
from tests.support import pages
from tests.support.desks import losing_one_answer
from tests.support.keyboard import Staff
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system

DISTRICT = "440309"
NAME = "云汀里二期"


@pytest.fixture(scope="module")
def chromium(system: Platform) -> Iterator[Browser]:
    districts.add(system.place, DISTRICT, name="样例二区")
    with pages.chromium() as browser:
        yield browser


class Clerk(Staff):
    def __init__(
        self, browser: Browser, place: Place, district: str = DISTRICT, path: str = "/register/projects"
    ) -> None:
        super().__init__(browser, place, path, role="clerk", district=district)

    @property
    def project_id(self) -> str:
        return self.page.url.split("/register/projects/")[1][:36]


def test_a_project_is_taken_from_the_empty_register_to_the_frozen_roll_by_keyboard(
    chromium: Browser, system: Platform, tmp_path: Path
) -> None:
    clerk = Clerk(chromium, system.place)
    page = clerk.page
    expect(page.locator("main h2").first).to_have_text("这里还没有片区")
    clerk.look()

    _open(clerk)
    project_id = clerk.project_id
    _form_group(clerk)
    _freeze_nothing(clerk, project_id)
    _imported(system.place, project_id, tmp_path)
    _assign(clerk, project_id)
    _assign_by_the_map(clerk, project_id)
    _correct(clerk)
    _record_tenant(clerk)
    _freeze(clerk, project_id)
    page.context.close()


def _open(clerk: Clerk) -> None:
    page = clerk.page
    clerk.press(page.get_by_role("link", name="立项").last)
    page.wait_for_url("**/register/projects/new")
    clerk.look()
    clerk.write("片区名称", NAME)
    page.get_by_label("签约期开始").fill("2026-12-05T09:00")  # the fields for instants are the browser's own
    page.get_by_label("签约期结束").fill("2026-12-01T00:00")
    page.get_by_label("权利人 法律依据").focus()
    page.keyboard.type("示例市更新条例第三十六条")
    clerk.press(page.get_by_role("button", name="立项"))
    refusal = clerk.refused()
    expect(refusal.locator("a")).to_contain_text("面积 法律依据")  # ticked, and without its ground
    clerk.look()

    page.get_by_label("面积 法律依据").focus()
    page.keyboard.type("同条第二款")
    clerk.press(page.get_by_role("button", name="立项"))
    expect(clerk.refused()).to_contain_text("period-empty")
    page.get_by_label("签约期结束").fill("2027-01-31T00:00")
    clerk.press(page.get_by_role("button", name="立项"))
    clerk.done(f"{NAME} 已立项")
    expect(page.locator("#switch-project")).to_have_text(NAME)  # the head asked while there was none
    expect(page.locator(".callout.ok a")).to_have_text("小组与经办人")
    expect(page.locator(".line .now b").first).to_contain_text("分组")
    clerk.look()


def _form_group(clerk: Clerk) -> None:
    page = clerk.page
    clerk.press(page.locator(".line a", has_text="分组"))
    page.wait_for_url("**/groups")
    clerk.look()
    clerk.write("小组名称", "一组")
    page.keyboard.press("Tab")
    page.keyboard.type("Q-01")
    page.keyboard.press("Tab")
    page.keyboard.type("邱敏")
    clerk.press(page.get_by_role("button", name="再加一名经办人"))
    page.keyboard.type("Q-02")
    page.keyboard.press("Tab")
    page.keyboard.type("庄颖")
    losing_one_answer(page, "**/api/registry/v1/projects/*/groups")
    clerk.press(page.get_by_role("button", name="成立小组"))
    expect(clerk.refused()).to_contain_text("不知道办成没有")
    clerk.press(page.get_by_role("button", name="成立小组"))  # under the same key: one group, not two
    clerk.done("小组已成立")
    expect(page.locator("article.group")).to_have_count(1)
    expect(page.locator("article.group tbody tr")).to_have_count(2)
    clerk.press(page.locator("summary", has_text="加经办人"))
    clerk.look()
    joining = page.locator("article.group form")
    for label, words in (("工号", "Q-03"), ("经办人", "乔安")):
        joining.get_by_label(label).focus()
        page.keyboard.type(words)
    clerk.press(page.get_by_role("button", name="加入一组"))
    clerk.done("经办人已加入")
    trace = page.locator("section", has=page.locator("#acts-head"))
    for words in ("成立小组", "加经办人", "一组 乔安", f"clerk-{DISTRICT}"):
        expect(trace).to_contain_text(words)


def _freeze_nothing(clerk: Clerk, project_id: str) -> None:
    """A refusal before the act leads on."""
    clerk.page.goto(f"{clerk.place.front_url}/register/projects/{project_id}/freeze")
    expect(clerk.page.locator(".callout h2")).to_have_text("名册不能冻结：片区里没有房屋")
    clerk.look()
    clerk.press(clerk.page.locator(".callout a"))
    clerk.page.wait_for_url(f"**/register/imports?project={project_id}")


def _imported(place: Place, project_id: str, folder: Path) -> None:
    made = sample.made(seed=11, units=24, district=DISTRICT)
    path = folder / "book.xlsx"
    ours = [{**line, "group": "一组", "officer": None} for line in made.holders]
    with path.open("wb") as file:
        workbook_stream.write(
            file,
            holders=[{name: value for name, value in line.items() if value is not None} for line in ours],
            buildings=made.buildings,
        )
    with Person(place, "clerk", DISTRICT) as clerk:
        report = imports.uploaded(clerk, project_id, (path.name, path.read_bytes()), key=f"acts-{project_id}")
        report = imports.followed(clerk, report, on_report=lambda _: None)
        done = imports.committed(clerk, report["import_id"], key=f"acts-commit-{project_id}", on_report=lambda _: None)
    assert done["state"] == "committed", done


def _assign(clerk: Clerk, project_id: str) -> None:
    page = clerk.page
    page.goto(f"{clerk.place.front_url}/register/projects/{project_id}/assignments")
    clerk.look()
    page.locator("#all").focus()
    page.keyboard.press("Space")
    expect(page.locator("#picked")).to_contain_text("已选 24 套，其中 24 套现在有人负责")
    page.locator("#group").focus()
    page.keyboard.press("ArrowDown")
    page.locator("#staff").focus()
    page.keyboard.press("ArrowDown")
    clerk.press(page.get_by_role("button", name="分派选中的房屋"))
    clerk.done("已分派 24 套，其中 24 套换了负责人")
    expect(page.locator("tbody td").last).to_have_text("一组 邱敏")


def _assign_by_the_map(clerk: Clerk, project_id: str) -> None:
    """A building is drawn as it stands. It is one stop for the tabulator: arrows walk, Space picks, a floor's box picks the floor."""
    page = clerk.page
    building = page.get_by_role("navigation", name="按楼栋").locator("a[href*='building=']").first
    expect(building).to_contain_text("✓")
    clerk.press(building)
    page.wait_for_url("**building=**")
    clerk.look()
    cells, floors = page.locator(".plan [name=unit_ids]"), page.locator(".plan [data-whole='.storey']")
    assert page.locator(".plan .place input[tabindex='0']").count() == 1
    cells.first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#picked")).to_contain_text("已选 1 套")
    page.keyboard.press("ArrowLeft")
    expect(floors.first).to_be_focused()
    page.keyboard.press("Space")
    expect(floors.first).to_be_checked()
    whole = page.locator(".storey").first.locator("[name=unit_ids]:checked").count()
    expect(page.locator("#picked")).to_contain_text(f"已选 {whole} 套")
    page.keyboard.press("ArrowDown")
    expect(floors.nth(1)).to_be_focused()
    page.locator("#group").focus()
    page.keyboard.press("ArrowDown")
    page.locator("#staff").focus()
    page.keyboard.press("End")
    clerk.press(page.get_by_role("button", name="分派选中的房屋"))
    clerk.done(f"已分派 {whole} 套，其中 {whole} 套换了负责人")
    expect(page.locator(".storey").first.locator(".place.unit small").first).to_have_text("一组 乔安")
    clerk.press(page.get_by_role("link", name="看全部房屋"))
    page.wait_for_url("**/assignments")


def _correct(clerk: Clerk) -> None:
    page = clerk.page
    clerk.press(page.locator("tbody a").first)
    clerk.press(page.get_by_role("link", name="更正", exact=True))
    page.wait_for_url("**/correction")
    clerk.look()
    area = page.get_by_label("登记面积")
    area.fill("八十八")
    clerk.write("更正的理由", "按复测成果更正")
    clerk.press(page.get_by_role("button", name="更正"))
    expect(clerk.refused().locator("a")).to_contain_text("登记面积：不是面积")
    expect(area).to_have_attribute("aria-invalid", "true")
    area.fill("88.60")
    clerk.press(page.get_by_role("button", name="更正"))
    clerk.done("已更正")
    expect(page.locator("section", has=page.locator("#trace-head"))).to_contain_text("登记面积")
    expect(page.locator("section", has=page.locator("#trace-head"))).to_contain_text("按复测成果更正")
    clerk.look()
    _see_it_in_the_case(clerk)


def _see_it_in_the_case(clerk: Clerk) -> None:
    """The trace of the case has the unit's events in the registry: with who, when, the ids, and the import that brought it."""
    page, unit = clerk.page, clerk.page.url
    page.goto(f"{clerk.place.front_url}/desk/{unit.split('/register/units/')[1][:36]}/trace")
    events = page.locator("#in-register li")
    expect(events.filter(has_text="登记变更")).to_contain_text("按复测成果更正")
    expect(events.filter(has_text="登记变更")).to_contain_text(f"clerk-{DISTRICT}")
    expect(events.filter(has_text="分派").first).to_contain_text("一组")
    first = events.filter(has_text="首次登记")
    expect(first.locator("time")).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"))
    expect(first.locator(".event .code")).to_have_text(re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"))
    expect(first.locator(".trace-id .code")).to_have_text(re.compile(r"^[0-9a-f]{32}$"))
    expect(first.locator(".import a")).to_have_attribute("href", re.compile(r"^/register/imports/"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    clerk.press(page.get_by_role("button", name="复制全部编号"))
    expect(page.locator("#copy-done")).to_have_text("已复制")
    assert first.locator(".event .code").inner_text() in page.evaluate("navigator.clipboard.readText()")
    clerk.look()
    page.goto(unit)


def _record_tenant(clerk: Clerk) -> None:
    page = clerk.page
    clerk.press(page.locator("summary", has_text="登记租户"))
    page.get_by_label("姓名").focus()
    page.keyboard.type("龚理")
    page.get_by_label("证件号码").focus()
    page.keyboard.type("E12345678")
    page.get_by_label("证件类型").select_option("passport")
    clerk.press(page.get_by_role("button", name="登记租户"))
    clerk.done("租户已登记")
    expect(page.locator("section", has=page.locator("#tenants-head"))).to_contain_text("龚*")
    assert "龚理" not in page.content()
    clerk.press(page.locator("summary", has_text="终止租住"))
    clerk.look()
    page.get_by_label("哪天终止").fill("2026-12-01")
    clerk.press(page.get_by_role("button", name="终止龚**的租住"))
    clerk.done("租住已终止")
    tenants = page.locator("section", has=page.locator("#tenants-head"))
    for words in ("登记", "终止", "已终止", f"clerk-{DISTRICT}"):
        expect(tenants).to_contain_text(words)


def _freeze(clerk: Clerk, project_id: str) -> None:
    page = clerk.page
    page.goto(f"{clerk.place.front_url}/register/projects/{project_id}/freeze")
    clerk.look()
    button = page.get_by_role("button", name="冻结 24 套")
    digest = page.locator(".digest").inner_text()
    clerk.write("核对总数后，输入套数 24", "25")
    clerk.press(button)
    expect(page.locator("#sure:invalid")).to_be_visible()
    page.locator("#sure").fill("24")
    clerk.press(button)
    clerk.done("名册已冻结，24 套")
    expect(page.locator(".digest")).to_have_text(digest)
    expect(page.locator(".trace", has=page.locator(".digest"))).to_contain_text("clerk-440309")
    clerk.look()
    page.goto(f"{clerk.place.front_url}/register/projects/{project_id}/freeze")
    assert page.url.endswith(project_id)  # there is nothing left to freeze


def test_a_press_before_the_script_has_come_puts_nothing_into_the_address(chromium: Browser, system: Platform) -> None:
    page = pages.signed_in(
        chromium, system.place, "/register/districts", role="city", district="*", java_script_enabled=False
    )
    page.locator("#code").fill("440399")
    page.locator("#name").fill("样例九区")
    page.locator("#name").press("Enter")
    page.get_by_role("button", name="开设").click()
    assert page.url == f"{system.place.front_url}/register/districts"
    expect(page.locator("#code")).to_have_value("440399")
    page.context.close()


@pytest.mark.parametrize(("language", "missing"), [("zh-Hans", "没有填"), ("zh-Hant", "沒有填"), ("en", "Missing")])
def test_the_browser_names_faults_in_the_language_of_the_page(
    chromium: Browser, system: Platform, language: str, missing: str
) -> None:
    clerk = Clerk(chromium, system.place, path=f"/register/projects/new?language={language}")
    page = clerk.page
    name = page.locator("#name")
    clerk.press(page.locator("button.main"))
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description(missing)
    assert page.locator("main .err").all_inner_texts() == [missing] * 3  # the name, and both ends of the period
    clerk.look()
    page.keyboard.type("云汀里三期")
    expect(page.locator("main .err")).to_have_count(2)
    assert page.url.endswith(f"/new?language={language}")
    page.context.close()


@pytest.mark.parametrize("role", ["desk", "city", "auditor"])
def test_an_act_is_not_offered_to_a_role_that_may_not_do_it(
    chromium: Browser, system: Platform, samples: list, role: str
) -> None:
    page = pages.signed_in(
        chromium, system.place, "/register/projects", role=role, district=samples[0].code, bypass_csp=True
    )
    assert page.get_by_role("link", name="立项").count() == 0
    page.locator("main .line a").first.press("Enter")
    page.wait_for_url("**/register/projects/*")
    assert page.locator("main a[href$='/freeze']").count() == 0
    assert pages.violations(page) == ""
    refused = page.goto(f"{system.place.front_url}/register/projects/new")
    assert refused is not None and refused.status == 403
    assert page.locator("main a").first.get_attribute("href") == "/"
    page.context.close()


@pytest.mark.parametrize("language", NAMES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_acts_are_whole_in_every_language_and_theme(
    chromium: Browser, system: Platform, samples: list, language: str, theme: str
) -> None:
    district = samples[0].code
    with Person(system.place, "clerk", district) as clerk:
        project = next(clerk.every("registry", "/projects"))["project_id"]
        unit = clerk.get("registry", f"/projects/{project}/units", limit=1)["items"][0]
    person = unit["right_holders"][0]["person_id"]
    page = pages.signed_in(
        chromium,
        system.place,
        f"/register/projects/new?language={language}&theme={theme}",
        role="clerk",
        district=district,
        bypass_csp=True,
    )
    for path in (
        "/projects/new",
        f"/projects/{project}",
        f"/projects/{project}/groups",
        f"/projects/{project}/assignments",
        f"/units/{unit['unit_id']}",
        f"/units/{unit['unit_id']}/correction",
        f"/people/{person}",
        "/find?q=5-503",
    ):
        answer = page.goto(f"{system.place.front_url}/register{path}")
        assert answer is not None and answer.status == 200, path
        assert page.locator("html").get_attribute("lang") == language
        assert pages.violations(page) == "", path
        assert page.evaluate("document.documentElement.scrollWidth") <= pages.SIZES["phone"][0], path
    page.context.close()
