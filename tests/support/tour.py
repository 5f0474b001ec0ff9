"""The steps of docs/tour.md, read from the document itself, and walked in a browser.

    ## Clerk (`clerk`)
    1. `/` **see** “等我处理” · “Waiting for me”. What the step shows.

`open` goes to the address as if it were typed, `see` finds the words on the page, `follow` a link and `press` a button. Every step
but `open` begins on the page where the step before has led. `*` in an address is one id.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from deploy.local.place import ROOT
from shared.web.languages import Language

DOCUMENT: Final = ROOT / "docs" / "tour.md"
_ROLE: Final = re.compile(r"^## .*\(`(\w+)`\)$")
_STEP: Final = re.compile(
    r"^\d+\. `(?P<page>/[^`]*)` \*\*(?P<act>open|see|follow|press)\*\* “(?P<zh>[^”]+)” · “(?P<en>[^”]+)”"
)

Act = Literal["open", "see", "follow", "press"]


@dataclass(frozen=True)
class Step:
    """`names`: the accessible name, or the words, in each language of the tour."""

    page: str
    act: Act
    names: dict[Language, str]


def read(document: Path = DOCUMENT) -> dict[str, list[Step]]:
    """The steps of each role. Raises ValueError for a numbered line that is no step, or one under no role."""
    found: dict[str, list[Step]] = {}
    role = ""
    for line in document.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = _ROLE.match(line)
            role = heading[1] if heading else ""
        elif re.match(r"\d+\. ", line):
            step = _STEP.match(line)
            if not step or not role:
                raise ValueError(f"no step of a role: {line}")
            found.setdefault(role, []).append(
                Step(step["page"], step["act"], {"zh-Hans": step["zh"], "en": step["en"]})  # type: ignore[arg-type]
            )
    return found


def walk(page: Page, step: Step, *, front_url: str, language: Language) -> None:
    """Raises AssertionError where the page is another, or has no such name."""
    if step.act == "open":
        page.goto(front_url + step.page)
    expect(page).to_have_url(re.compile(_address(front_url, step.page)))
    target = _target(page, step.act, step.names[language])
    expect(target).to_be_visible()
    if step.act in ("follow", "press"):
        target.click()


def _address(front_url: str, path: str) -> str:
    pattern = re.escape(urlsplit(path).path).replace(r"\*", r"[^/?]+")
    return rf"^{re.escape(front_url)}{pattern}(\?.*)?(#.*)?$"


def _target(page: Page, act: Act, name: str) -> Locator:
    if act == "follow":
        return page.get_by_role("link", name=name).first
    if act == "press":
        return page.get_by_role("button", name=name).first
    return page.get_by_text(name).locator("visible=true").first
