"""Does a clerk get a workbook in, see a person for a reason, and take the register out again: by keyboard, at desk and phone size?"""

import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.demo.people import Person
from deploy.local import districts
from services.registry.domain import sample
from services.registry.domain.template import HOLDERS_SHEET
from services.registry.gateways import workbook_stream
from tests.support import pages
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system

DISTRICT = "440310"
PATHS = ("/register/imports", "/register/units", "/register/people")
WORKED_MILLISECONDS = 60_000  # the worker is slow on a machine that also builds and tests
PROJECT = {
    "name": "澄水湾片区",
    "starts_at": "2026-11-28T00:00:00+08:00",
    "ends_at": "2027-05-31T00:00:00+08:00",
    "bases": [{"basis": "units", "percent": 85, "legal_ground": "样例"}],
}


class Desk:
    """A district of the test's own with one project, and a browser that a clerk is signed in to."""

    def __init__(self, system: Platform, browser: Browser) -> None:
        self.place, self.browser = system.place, browser
        self.made = sample.made(seed=7, units=60, district=DISTRICT)
        districts.add(self.place, DISTRICT, name="样例区")
        with Person(self.place, "clerk", DISTRICT) as clerk:
            self.project_id = clerk.post("registry", "/projects", PROJECT, key="browser-project")["project_id"]
            for place, (name, officers) in enumerate(self.made.groups.items()):
                body = {
                    "name": name,
                    "officers": [{"staff_number": number, "name": officer} for number, officer in officers],
                }
                clerk.post("registry", f"/projects/{self.project_id}/groups", body, key=f"browser-{place}")

    def workbook(self, path: Path, *, wrong: int = 0) -> Path:
        """`wrong`: the first rows' document numbers have a check digit that is none, from Q2 on; the last of several has no name."""
        holders = [dict(line) for line in self.made.holders]
        for line in holders[:wrong]:
            line |= {"document_type": "居民身份证", "document_number": "440399198002290001"}
        if wrong > 1:
            holders[wrong - 1]["name"] = ""
        with path.open("wb") as file:
            workbook_stream.write(file, holders=holders, buildings=self.made.buildings)
        return path

    def page(self, path: str, *, size: str = "wall", role: str = "clerk", **options) -> Page:
        return pages.signed_in(self.browser, self.place, path, role=role, district=DISTRICT, size=size, **options)

    def uploaded(self, file: Path, *, title: str) -> Page:
        """Goes by keyboard from the file field to the report. The report shows `title` when it is done."""
        page = self.page("/register/imports")
        page.locator("#file").focus()
        page.locator("#file").set_input_files(file)  # the file dialog belongs to the browser
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('form[data-post] button')")
        page.keyboard.press("Enter")
        expect(page.locator("#progress")).to_contain_text(title, timeout=WORKED_MILLISECONDS)
        page.wait_for_load_state()  # the script that carries out an act has come
        return page


@pytest.fixture(scope="module")
def desk(system: Platform) -> Iterator[Desk]:
    with pages.chromium() as browser:
        yield Desk(system, browser)


@pytest.fixture(scope="module")
def filled(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose register holds the sample, imported by keyboard."""
    page = desk.uploaded(desk.workbook(tmp_path_factory.mktemp("registry") / "right.xlsx"), title="没有问题")
    page.locator("form[data-act$='/commit'] button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_contain_text("已写入 60 套", timeout=WORKED_MILLISECONDS)
    page.context.close()
    return desk


def test_a_workbook_with_a_mistake_comes_back_with_its_cell(desk: Desk, tmp_path: Path):
    page = desk.uploaded(desk.workbook(tmp_path / "wrong.xlsx", wrong=1), title="1")

    expect(page.locator(".listed td").first).to_contain_text("Q2")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载批注表").press("Enter")
    sheet = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))[HOLDERS_SHEET]
    assert "校验位" in str(sheet["AC2"].value)
    page.context.close()


def test_an_import_is_abandoned_by_keyboard_and_leaves_its_trace(desk: Desk, tmp_path: Path):
    path = desk.uploaded(desk.workbook(tmp_path / "wrong.xlsx", wrong=1), title="1").url.split("/", 3)[3]
    page = desk.page(f"/{path}", bypass_csp=True)
    page.locator("summary", has_text="放弃并销毁原表").press("Enter")
    assert pages.violations(page) == "" and pages.small_targets(page) == []
    page.locator("form[data-act$='/abandon'] button").press("Enter")

    expect(page.locator("#progress")).to_have_text("已放弃，原表已销毁，一行也没有写入", timeout=WORKED_MILLISECONDS)
    expect(page.locator("section", has=page.locator("#acts-head"))).to_contain_text(f"clerk-{DISTRICT}")
    page.context.close()


def test_a_report_counts_each_kind_of_mistake_and_fits_its_screen(desk: Desk, tmp_path: Path):
    path = desk.uploaded(desk.workbook(tmp_path / "wrong.xlsx", wrong=3), title="处问题").url.split("/", 3)[3]
    page = desk.page(f"/{path}", bypass_csp=True)

    expect(page.locator(".kinds tr", has_text="check-digit").locator("td").last).to_have_text("3")
    assert pages.violations(page) == ""
    for width, height in pages.SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_the_wrong_file_says_what_to_do_and_keeps_the_page(desk: Desk, tmp_path: Path):
    (tmp_path / "none.xlsx").write_bytes(b"not a workbook")
    page = desk.page("/register/imports")
    page.locator("#file").set_input_files(tmp_path / "none.xlsx")
    page.locator("form[data-post] button").press("Enter")

    alert = page.locator("form[data-post] .callout")
    expect(alert).to_contain_text("另存为 .xlsx")
    expect(alert).to_have_attribute("role", "alert")
    page.context.close()


@pytest.mark.parametrize("size", pages.SIZES)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_its_screen_and_its_targets_can_be_hit(filled: Desk, path: str, size: str):
    page = filled.page(path, size=size)

    assert page.evaluate("document.documentElement.scrollWidth") <= pages.SIZES[size][0]
    assert pages.small_targets(page) == []
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_reports_nothing(filled: Desk, path: str, theme: str):
    page = filled.page(f"{path}?theme={theme}", bypass_csp=True)

    assert pages.violations(page) == ""
    page.context.close()


def test_axe_reports_nothing_for_a_report(filled: Desk):
    page = filled.page("/register/imports", bypass_csp=True)
    page.locator("td a").first.press("Enter")
    page.wait_for_url("**/register/imports/*")

    assert pages.violations(page) == ""
    page.context.close()


@pytest.mark.parametrize("size", pages.SIZES)
def test_a_person_is_revealed_by_keyboard_for_a_reason_and_the_reveal_is_recorded(filled: Desk, size: str):
    page = filled.page("/register/people", size=size, role="officer")
    row = page.locator(".people li").first
    masked = row.locator("span").first.inner_text().split()[0]
    reason = f"上门前核对电话（{size}）"
    names = {line["name"] for line in filled.made.holders}
    assert masked.endswith("**") and not any(name in page.content() for name in names)

    row.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row.locator("output")).to_be_empty()
    page.keyboard.type(reason)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(row.locator("output")).to_contain_text(masked[0])
    assert row.locator("output").inner_text().split()[0] in names
    assert page.evaluate("document.documentElement.scrollWidth") <= pages.SIZES[size][0]
    with Person(filled.place, "auditor", DISTRICT) as auditor:
        assert reason in [item["reason"] for item in auditor.every("registry", "/reveals")]
    page.context.close()


def test_a_person_is_searched_by_name_by_keyboard_for_a_reason_and_stays_masked(filled: Desk):
    page = filled.page("/register/people", role="desk", bypass_csp=True)
    reason, name = (
        "来电核对本人",
        next(line["name"] for line in filled.made.holders if line["document_type"] == "居民身份证"),
    )
    page.locator("form[data-names] [name=name]").focus()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.locator("form[data-names] [name=reason]")).to_be_focused()  # nothing is searched without one
    page.keyboard.type(reason)
    page.keyboard.press("Enter")

    expect(page.locator("#finding-names")).to_contain_text("找到")
    expect(page.locator("#found-names a").first).to_contain_text("**")
    assert page.url.endswith("/register/people") and name not in page.locator("#found-names").inner_text()
    assert pages.violations(page) == "" and pages.small_targets(page) == []
    page.locator("#found-names a").first.press("Enter")
    page.wait_for_url("**/register/people/*")
    with Person(filled.place, "auditor", DISTRICT) as auditor:
        assert reason in [item["reason"] for item in auditor.every("registry", "/name-searches")]
    page.context.close()


def test_the_register_is_exported_masked_or_readable_for_a_reason(filled: Desk):
    page = filled.page("/register/units")
    with page.expect_download() as masked:
        page.get_by_role("link", name="下载遮名表").press("Enter")
    page.locator("#export-reason").focus()
    page.keyboard.type("交规划部门核对")
    page.keyboard.press("Tab")
    with page.expect_download() as readable:
        page.keyboard.press("Enter")
    expect(page.locator("form[data-export] output")).to_have_text("已导出，已留下记录")

    assert readable.value.suggested_filename == "澄水湾片区.xlsx"
    names = {line["name"] for line in filled.made.holders}
    assert named(masked.value.path()) & names == set()
    assert named(readable.value.path()) == names
    page.context.close()


def test_a_reader_role_is_not_offered_the_readable_export(filled: Desk):
    page = filled.page("/register/units", role="auditor")

    expect(page.get_by_role("link", name="下载遮名表")).to_be_visible()
    assert page.locator("form[data-export]").count() == 0
    page.context.close()


def named(path: Path) -> set[str]:
    sheet = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))[HOLDERS_SHEET]
    return {str(row[14]) for row in list(sheet.values)[1:]}
