"""/runbook: for command and city: what an alert means and what to do, as docs/runbook.md has it. Its anchors are in small letters."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Blueprint, render_template
from markupsafe import Markup, escape

from services.reporting.web.parked import ROLES
from shared.service import identity

runbook = Blueprint("runbook", __name__, template_folder="templates")

_RUNBOOK: Final = Path(__file__).parents[3] / "docs" / "runbook.md"
_ENTRY: Final = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_CODE_OR_BOLD: Final = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")


@dataclass(frozen=True)
class Entry:
    name: str
    paragraphs: tuple[Markup, ...]


@runbook.get("/runbook")
@identity.requires(*ROLES)
def entries() -> str:
    found = [
        Entry(name, tuple(map(_shown, body.strip().split("\n\n"))))
        for name, body in _ENTRY.findall(_RUNBOOK.read_text(encoding="utf-8"))
    ]
    return render_template("runbook.html", entries=found, live=False, state="live")


def _shown(paragraph: str) -> Markup:
    """Its code and bold words marked; lists stay as they are written."""
    return Markup(_CODE_OR_BOLD.sub(_marked, str(escape(paragraph))))  # noqa: S704 - escaped before


def _marked(found: re.Match[str]) -> str:
    return f"<code>{found[1]}</code>" if found[1] else f"<b>{found[2]}</b>"
