"""A form that a script sends does nothing by itself: pressed before its script has come, it would carry its fields into the address."""

import re
from pathlib import Path

import pytest

from deploy.local.place import ROOT

TEMPLATES = sorted(path for folder in ("services", "shared") for path in (ROOT / folder).rglob("templates/*.html"))
_FORM = re.compile(r"<form\b(?:[^>{]|\{\{.*?\}\}|\{%.*?%\})*>", re.DOTALL)
_METHOD = re.compile(r'(?<![-\w])method="(get|post|dialog)"')
_TARGET = re.compile(r'\baction="')


def forms(path: Path) -> list[str]:
    return _FORM.findall(path.read_text(encoding="utf-8"))


def test_there_are_forms() -> None:
    assert sum(len(forms(path)) for path in TEMPLATES) > 40


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_form_names_how_it_is_sent(path: Path) -> None:
    unnamed = [form[:160] for form in forms(path) if not _METHOD.search(form)]
    assert unnamed == [], (
        "a form that a script sends has method=dialog; else the browser puts its fields into the address"
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_form_that_a_script_sends_is_not_sent_by_the_browser(path: Path) -> None:
    """`data-swap` is a form that works without its script, too."""
    by_script = [form for form in forms(path) if re.search(r"\bdata-(act|path|post|reveal|export)\b", form)]
    assert [form[:160] for form in by_script if 'method="dialog"' not in form or _TARGET.search(form)] == []
