"""A page in a real browser, signed in as a person, at one of the two supported sizes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from deploy.local import browser as browsers
from deploy.local import keys
from deploy.local.issuer import NAMES
from deploy.local.place import Place
from shared.service import session

SIZES = {"wall": (1920, 1080), "phone": (390, 844)}
_AXE = Path("node_modules/axe-core/axe.min.js")
_LAYOUT = Path("tests/support/layout.js")
_SMALLEST_TARGET = 44
_LEAST_CONTRAST = 3  # of what is no text, WCAG 1.4.11
_LONGEST_FIGURE, _SENTENCE = 14, 40  # 13,628,212.00 m², 2026-11-28


@contextmanager
def chromium(found: browsers.Browser | None = None) -> Iterator[Browser]:
    found = found or browsers.find()
    with sync_playwright() as playwright:
        how = {"executable_path": found.executable, "args": list(found.args), "env": dict(found.environment)}
        try:
            running = playwright.chromium.launch(**how)
        except Error as failure:
            if "signal=SIGSEGV" not in str(
                failure
            ):  # seen once, on a machine at its limits: Chromium itself crashed at its start
                raise
            running = playwright.chromium.launch(**how)
        yield running
        running.close()


def signed_in(  # noqa: PLR0913 - who looks at what, on which screen
    browser: Browser,
    place: Place,
    path: str,
    *,
    role: str,
    district: str,
    size: str = "wall",
    staff_number: str = "",
    **options,
) -> Page:
    """A page behind the front door, in a session that was sealed as login.py seals it. Raises playwright's own errors.
    `options` are those of a browser context.
    """
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN", **options)
    context.add_cookies([session_cookie(place, role=role, district=district, staff_number=staff_number)])
    page = context.new_page()
    page.goto(place.front_url + path)
    return page


def session_cookie(place: Place, *, role: str, district: str, staff_number: str = "") -> dict[str, str]:
    values = {"sub": f"{role}-{district}", "name": NAMES[role], "roles": [role], "districts": [district]}
    values |= {"staff_number": staff_number} if staff_number else {}
    secret = keys.load(place.local_dir)["session_secret"]
    sealed = session.seal(values, secret=secret, purpose="session", seconds=12 * 3600)
    return {"name": session.cookie_name(place.front_url), "value": sealed, "url": place.front_url}


def violations(page: Page) -> str:
    """The violations that axe reports at both sizes, as text. The page's context needs bypass_csp."""
    found = []
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(_AXE.read_text(encoding="utf-8"))
        broken = page.evaluate("axe.run().then(found => found.violations)")
        found += [{item["id"]: [node["html"][:200] for node in item["nodes"][:5]]} for item in broken]
    return json.dumps(found, ensure_ascii=False) if found else ""


def faults(page: Page) -> list[str]:
    """What is wrong with how the page lies on its screen: text over text, text that is cut, a page wider than its screen."""
    page.evaluate("document.fonts.ready")
    found: list[str] = page.evaluate(_LAYOUT.read_text(encoding="utf-8"))
    return found


def unseen_shapes(page: Page) -> list[str]:
    """Shapes of pictures that no part of stands out from the ground by 3 to 1. Lines of a grid and the gap in a bar may be fainter."""
    return page.evaluate(
        """least => {
            const ground = document.createElement('i');
            ground.style.background = 'Canvas';
            document.body.append(ground);
            const light = colour => {
                const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(part => part / 255)
                    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const canvas = light(getComputedStyle(ground).backgroundColor);
            const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const seen = colour => colour !== 'none' && contrast(light(colour), canvas) >= least;
            const drawn = shape => {
                const { fill, stroke } = getComputedStyle(shape);
                return shape.tagName === 'line' ? [stroke] : [fill, stroke];
            };
            const found = [...document.querySelectorAll('main svg :is(rect, line, path, circle):not(.rail, .tick, .gap)')]
                .filter(shape => shape.checkVisibility() && shape.getBoundingClientRect().width + shape.getBoundingClientRect().height > 0)
                .filter(shape => !drawn(shape).some(seen))
                .map(shape => shape.outerHTML.slice(0, 120));
            ground.remove();
            return found;
        }""",
        _LEAST_CONTRAST,
    )


def covered(page: Page) -> list[str]:
    """What another part of the page covers while it has the focus."""
    return page.evaluate(
        """() => [...document.querySelectorAll('main :is(a[href], button, input, select, textarea, summary):not(:disabled)')]
            .filter(each => each.offsetParent && !each.matches('.sr, .skip'))
            .filter(each => {
                each.focus();
                if (document.activeElement !== each) return false;
                const box = each.getBoundingClientRect(), label = each.closest('label');
                const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height, innerHeight) / 2);
                return !top || !(each.contains(top) || top.contains(each) || label?.contains(top));
            }).map(each => each.outerHTML.slice(0, 120))"""
    )


def lost_by_tab(page: Page, *, most: int = 70) -> list[str]:
    """What the tabulator reaches out of the screen, behind a bar, or without a sign that it has the focus; from the top to the end."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    found: list[str] = []
    for reached in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
                const focused = document.activeElement, box = focused.getBoundingClientRect(), label = focused.closest('label');
                if (focused === document.body) return null;
                const fits = box.width <= innerWidth && box.height <= innerHeight;
                const on = box.left >= -1 && box.top >= -1 && box.right <= innerWidth + 1 && box.bottom <= innerHeight + 1;
                const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height, innerHeight) / 2);
                const seen = top && (focused.contains(top) || top.contains(focused) || label?.contains(top));
                const { outlineStyle, boxShadow } = getComputedStyle(focused);
                const faults = [fits && !on && 'out of the screen', !seen && 'covered',
                    outlineStyle === 'none' && boxShadow === 'none' && 'without an outline'].filter(Boolean);
                return faults.length ? `${faults.join(', ')}: ${focused.outerHTML.slice(0, 100)}` : '';
            }"""
        )
        if stop is None:
            assert reached > 2, "the page has no more than its skip link"
            break
        found += [stop] if stop else []
    return found


def small_targets(page: Page) -> list[str]:
    """Buttons, fields and links that stand alone and are less than 44 px high. A link in a sentence may be; a tick is hit by its label."""
    page.wait_for_load_state()  # without its styles every one is small
    return page.evaluate(
        """least => {
            const hit = each => (['checkbox', 'radio'].includes(each.type) && each.closest('label')) || each;
            return [...document.querySelectorAll('button, select, input:not([type=hidden]), summary, nav a, a.btn')]
            .filter(each => each.offsetParent && hit(each).getBoundingClientRect().height < least - 0.5)
            .map(each => each.outerHTML.slice(0, 120));
        }""",
        _SMALLEST_TARGET,
    )


def torn(page: Page) -> list[str]:
    """Figures, days and times that stand on more than one line. A long code may be broken, and a door in a sentence."""
    return page.evaluate(
        """([longest, sentence]) => {
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
            while (texts.nextNode()) {
                const node = texts.currentNode, range = document.createRange();
                if (node.data.trim().length > sentence) continue;
                if (!node.parentElement.checkVisibility() || node.parentElement.closest('.sr, script, style')) continue;
                for (const figure of node.data.matchAll(/(?<![\\w.])\\d[\\d,.:%-]*(?![\\w])/g)) {
                    range.setStart(node, figure.index);
                    range.setEnd(node, figure.index + figure[0].length);
                    const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
                    if (figure[0].length <= longest && lines.size > 1) found.push(node.data.trim().slice(0, 60));
                }
            }
            return found;
        }""",
        [_LONGEST_FIGURE, _SENTENCE],
    )
