"""Does a person see what was signed: on the wall, on a phone, for keyboard and screen reader, and within two seconds?

The events come straight from the broker, in a district of the test's own, as registry and signing would have sent them.
"""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from deploy.local.issuer import mint
from tests.support import pages
from tests.support.launch import Launch
from tests.support.platform import Platform
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system


@pytest.fixture(scope="module")
def stage(system: Platform) -> Iterator[Stage]:
    with pages.chromium() as running:
        stage = Stage(system, running)
        stage.until_it_shows(8)
        yield stage
        stage.close()


@pytest.mark.parametrize("size", pages.SIZES)
@pytest.mark.parametrize("path", ["/wall", "/city", "/map"])
def test_a_page_fits_its_screen_and_shows_its_as_of_time(stage, path, size):
    page = stage.page(size, path)

    expect(page.locator("#status-number")).not_to_have_text("—")
    expect(page.locator("#status-at")).not_to_have_text("—")
    assert page.evaluate("document.documentElement.scrollWidth") <= pages.SIZES[size][0]
    if path == "/" and size == "wall":
        assert page.evaluate("document.documentElement.scrollHeight") <= pages.SIZES[size][1]
    page.context.close()


@pytest.mark.parametrize("size", pages.SIZES)
@pytest.mark.parametrize("path", ["/wall", "/city"])
def test_a_full_rate_has_room_beside_its_count(stage, path, size):
    page = stage.page(size, path)
    page.locator(".bases-table td.r").evaluate_all("cells => cells.forEach(cell => { cell.textContent = '100.00%' })")

    crowded = page.locator(".bases-table td.r").evaluate_all(
        "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).length"
    )
    assert page.locator(".bases-table td.r").count() >= 4
    assert crowded == 0
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/wall", "/city", "/map"])
def test_axe_reports_nothing(stage, path, theme):
    page = stage.page("wall", f"{path}?theme={theme}", bypass_csp=True)

    assert pages.violations(page) == ""
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/wall", "/city", "/map"])
def test_the_warning_that_figures_are_stale_can_be_read(stage, path, theme):
    page = stage.page("wall", f"{path}?theme={theme}", bypass_csp=True)
    page.evaluate(
        "() => { const { dataset } = document.body; const stale = () => { if (dataset.state !== 'stale') dataset.state = 'stale'; };"
        " new MutationObserver(stale).observe(document.body, { attributes: true }); stale(); }"
    )

    expect(page.locator("body")).to_have_attribute("data-state", "stale")
    assert pages.violations(page) == ""
    page.context.close()


def test_a_signing_moves_the_wall_and_a_rescission_takes_it_back(stage):
    page = stage.page("wall")
    problems = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    expect(page.locator("body")).to_have_attribute("data-state", "live", timeout=10_000)
    before = int(page.locator("#n").inner_text())
    square = page.locator(f'[data-u="{stage.launch.named("unit 12")}"]')
    expect(square).not_to_have_class("u s")

    signed = stage.launch.sign(12, at=stage.now())
    stage.publish(signed)

    expect(page.locator("#n")).to_have_text(str(before + 1), timeout=10_000)
    expect(square).to_have_class("u s")
    expect(page.locator("#feed li").first).to_contain_text(f"{signed.sequence_number:04}")

    stage.publish(stage.launch.rescind(signed, at=stage.now()))

    expect(page.locator("#n")).to_have_text(str(before), timeout=10_000)
    expect(page.locator("#feed li").first).to_contain_text("−1")
    assert page.locator("#feed li").count() <= 6
    assert not problems
    page.context.close()


def test_the_grid_is_walked_by_keyboard_and_changes_colour(stage):
    page = stage.page("wall", "/map")
    unit = stage.launch.named("unit 13")
    cell = page.locator(f'.cell[data-unit="{unit}"]')
    expect(cell).to_have_attribute("data-stage", "ready")

    page.locator(".cell").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.classList.contains('cell')")
    page.keyboard.press("Enter")
    expect(page.locator("section.unit:not([hidden])")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("section.unit:not([hidden])")).to_have_count(0)
    assert page.evaluate("document.activeElement.classList.contains('cell')")

    stage.publish(stage.launch.sign(13, at=stage.now()))

    expect(cell).to_have_attribute("data-stage", "signed", timeout=10_000)
    page.context.close()


def test_a_unit_spans_its_floors_and_its_doors_and_is_walked_as_it_is_seen(stage):
    launch, page = stage.launch, stage.page("wall", "/map?compound=和丰苑&building=2栋")
    duplex, merged, cellar = (launch.unit(number) for number in (36, 26, 27))
    cell = {number: page.locator(f'.cell[data-unit="{launch.named(f"unit {number}")}"]') for number in range(24, 40)}
    expect(cell[36]).to_have_attribute("data-high", "1")

    changes = [(duplex, {"top_floor": 5}), (merged, {"door": "103、104"}), (cellar, {"floor": -1, "door": "B101"})]
    stage.publish(
        *(unit.model_copy(update={"revision": 2, "after_freeze": True, **changed}) for unit, changed in changes)
    )

    expect(cell[36]).to_have_attribute("data-high", "2", timeout=10_000)
    box = {number: item.bounding_box() for number, item in cell.items()}
    row, column = box[37]["height"], box[32]["width"]
    assert box[36]["height"] == pytest.approx(2 * row + 3, abs=1)
    assert box[36]["y"] + box[36]["height"] == pytest.approx(box[37]["y"] + row, abs=1)
    assert box[36]["x"] == pytest.approx(box[32]["x"], abs=1)
    assert box[26]["width"] == pytest.approx(box[34]["width"] + box[35]["width"] + 3, abs=1)
    assert box[27]["y"] > box[26]["y"] and column == pytest.approx(box[36]["width"], abs=1)
    expect(page.get_by_role("button", name="4层至5层 401 跨层")).to_have_count(1)

    cell[32].focus()
    for key, number in (("Up", 36), ("Right", 37), ("Left", 36), ("Down", 32), ("Right", 33), ("Right", 34)):
        page.keyboard.press(f"Arrow{key}")
        expect(cell[number]).to_be_focused()
    cell[31].focus()
    for key, number in (("Down", 26), ("Down", 27), ("Up", 26), ("Left", 25)):
        page.keyboard.press(f"Arrow{key}")
        expect(cell[number]).to_be_focused()
    page.context.close()


def test_a_foreign_project_is_not_found(stage):
    page = stage.page("wall", f"/wall?project={Launch('440399').project_id}")

    assert page.locator("#n").count() == 0
    page.context.close()


def test_the_wall_speaks_three_languages(stage):
    for language, heading, rule in (
        ("zh-Hans", "已签约套数", "权利人名下各套全签才计"),
        ("zh-Hant", "已簽約套數", "權利人名下各套全簽才計"),
        ("en", "Units signed", "An owner counts once all their units are signed"),
    ):
        page = stage.page("wall", f"/wall?language={language}")
        expect(page.locator("#count-h")).to_have_text(heading)
        expect(page.get_by_text(rule)).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.context.close()


def test_another_stream_reader_resumes_where_it_stopped(stage):
    first = frames(stage, count=1)[0]
    seen = int(first["id"])
    stage.publish(stage.launch.sign(14, at=stage.now()))
    until = stage.page("wall")
    expect(until.locator(f'[data-u="{stage.launch.named("unit 14")}"]')).to_have_class("u s", timeout=10_000)
    until.context.close()

    missed = frames(stage, count=1, headers={"Last-Event-ID": str(seen)})[0]
    lost = frames(stage, count=2, headers={"Last-Event-ID": "999999999"})

    assert (first["event"], missed["event"]) == ("snapshot", "change")
    assert int(missed["id"]) > seen
    assert str(stage.launch.named("unit 14")) in missed["data"]
    assert [item["event"] for item in lost] == ["reset", "snapshot"]


def frames(stage: Stage, *, count: int, headers: dict[str, str] | None = None) -> list[dict[str, str]]:
    """The first events of the stream, without those that carry only the time."""
    token = mint(stage.system.place.local_dir, role="city", districts=["*"])
    found: list[dict[str, str]] = []
    frame: dict[str, str] = {}
    url = stage.system.place.url("reporting-stream") + f"/api/v1/stream?district={stage.district}"
    with httpx.stream(
        "GET", url, headers={"Authorization": f"Bearer {token}", **(headers or {})}, timeout=30
    ) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                frame[name] = value
                continue
            if frame.get("event", "as_of") != "as_of":
                found.append(frame)
            frame = {}
            if len(found) == count:
                return found
    return found
