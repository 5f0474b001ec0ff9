"""Does the browser that the tests use start here, and does it show Chinese in the font that we bring?"""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from deploy.local import assets, browser


@pytest.fixture(scope="module")
def page():
    found = browser.find()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=found.executable, args=list(found.args), env=dict(found.environment)
        )
        yield running.new_page()
        running.close()


def test_chinese_is_shown_in_our_own_font(page, tmp_path: Path):
    sheet = assets.FONTS / "fonts.css"
    # From a file, as this test has no server; "missing" is no font, so each width is that font's own or the last resort's.
    (tmp_path / "page.html").write_text(
        f"<meta charset=utf-8><link rel=stylesheet href='{sheet.as_uri()}'>"
        "<p style=\"font: 40px 'Noto Sans SC', missing\">澄水湾片区签约率</p>",
        encoding="utf-8",
    )

    page.goto((tmp_path / "page.html").as_uri())
    loaded = page.evaluate(
        "document.fonts.ready.then(() => [...document.fonts].filter(f => f.status === 'loaded').length)"
    )

    assert loaded > 0
    assert page.screenshot(path=tmp_path / "page.png")
