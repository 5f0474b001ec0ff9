"""python -m tests.pictures [name …]: takes the pictures of the README and the tour from the demo that runs, in two languages.

Each is one screen of one role, as docs/pictures/<language>/<name>.webp. Chromium encodes WebP itself. The figures are those of the demo.
"""

import base64
import os
import sys
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Browser, Page

from deploy.local import assets
from deploy.local import place as places
from deploy.local.place import ROOT, Place
from tests.support import pages

FOLDER: Final = ROOT / "docs" / "pictures"
MOST_BYTES: Final = 1_500_000  # of all pictures together
LANGUAGES: Final = {"zh-CN": "zh-Hans", "en": "en"}  # a folder, and what a page calls the language
_QUALITY: Final = 70
_WIDTHS: Final = {"wall": 1280, "phone": 390}  # of the picture, in px
_DRAWN_MILLISECONDS: Final = 2_500  # a page of several services shows their answers


@dataclass(frozen=True)
class Picture:
    """`district` *: the whole city. `choose`: the first link that matches is followed before the picture is taken."""

    name: str
    role: str
    path: str
    district: str = "440303"
    size: str = "wall"
    choose: str = ""
    staff_number: str = ""


PICTURES: Final = (
    Picture("home", "command", "/"),
    Picture("wall", "command", "/wall"),
    Picture("map", "command", "/map"),
    Picture("map-of-a-closed-day", "command", "/map", choose="#lookback"),
    Picture("report", "command", "/report"),
    Picture("desk", "desk", "/desk?state=effective", choose="#listed a.open"),
    Picture("register", "clerk", "/register/projects", choose='main a[href^="/register/projects/"]'),
    Picture("city", "city", "/city", district="*"),
    Picture("audit", "auditor", "/register/audit", district="*"),
    Picture("phone", "officer", "/mine", size="phone", staff_number="G01-1"),
)


def main() -> int:
    installation = places.from_environment()
    wanted = [picture for picture in PICTURES if not sys.argv[1:] or picture.name in sys.argv[1:]]
    if not installation.path("run.env").exists():
        print("No installation is here: run `make demo`, and take the pictures when its day is over.", file=sys.stderr)
        return 2
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(assets.node()))
    with pages.chromium() as browser:
        for picture in wanted:
            for folder in LANGUAGES:
                take(browser, installation, picture, folder)
    together = sum(file.stat().st_size for file in FOLDER.rglob("*.webp"))
    print(f"  {together:,} bytes in {FOLDER.relative_to(ROOT)}")
    return 0 if together <= MOST_BYTES else 1


def take(browser: Browser, installation: Place, picture: Picture, folder: str) -> None:
    """Raises playwright's own errors."""
    page = pages.signed_in(
        browser, installation, "/", role=picture.role, district=picture.district, size=picture.size,
        staff_number=picture.staff_number,
    )  # fmt: skip
    page.goto(f"{installation.front_url}/?language={LANGUAGES[folder]}")
    page.goto(installation.front_url + picture.path)
    _choose(page, picture.choose)
    if picture.size == "phone":  # a phone shows its own font, and this browser has none
        page.add_style_tag(url="/static/shell/fonts/fonts.css")
        page.evaluate("document.body.style.fontFamily = 'Noto Sans SC'")
    page.wait_for_timeout(_DRAWN_MILLISECONDS)
    file = FOLDER / folder / f"{picture.name}.webp"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_shot(page, picture.size))
    page.context.close()


def _choose(page: Page, what: str) -> None:
    if what == "#lookback":
        page.locator("#look-day").select_option(index=1)
        page.locator("#lookback button").click()
    elif what:
        page.locator(what).first.click()


def _shot(page: Page, size: str) -> bytes:
    width, height = pages.SIZES[size]
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": _WIDTHS[size] / width}
    session = page.context.new_cdp_session(page)
    answer = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY, "clip": clip})
    return base64.b64decode(answer["data"])


if __name__ == "__main__":
    sys.exit(main())
