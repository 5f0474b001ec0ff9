"""Do the browsers that tests use start here, the packaged one among them, and do they show Chinese in the font that we bring?"""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.local import assets, browser
from tests.support import pages

# Each width is that font's own or the last resort's: "missing" is no font.
PAGE = """<!doctype html><meta charset=utf-8><link rel=stylesheet href=fonts/fonts.css>
<p style="font: 40px 'Noto Sans SC', missing">澄水湾片区签约率</p>"""
LOADED = "document.fonts.ready.then(() => [...document.fonts].filter(each => each.status === 'loaded').length)"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keeps the server's request log out of the test output."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Serves the page over http, because a browser loads no font from a file:// address."""
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "fonts").symlink_to(assets.FONTS)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/page.html"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("find", [browser.find, browser.packaged], ids=["found", "packaged"])
def test_chinese_is_shown_in_our_own_font(served: str, find):
    with pages.chromium(find()) as running:
        page = running.new_page()
        page.goto(served)

        assert page.evaluate(LOADED) > 0
        assert page.locator("p").bounding_box()["height"] > 40
