"""Do marks stay marks where the reader's own colours are forced? A transparent edge is drawn in the ink there, as if all were marked."""

import re
from pathlib import Path

import pytest

from deploy.local.place import ROOT
from tests.support.tree import tracked

SHEETS = [file for file in tracked() if file.suffix == ".css"]
_EDGE = re.compile(r"\b(?:border|outline)[\w-]*:[^;}]*\btransparent\b")


@pytest.mark.parametrize("sheet", SHEETS, ids=str)
def test_no_edge_is_transparent(sheet: Path) -> None:
    assert _EDGE.findall((ROOT / sheet).read_text(encoding="utf-8")) == []


def test_a_transparent_edge_is_found() -> None:
    assert len(SHEETS) > 20
    assert _EDGE.findall(".a { border-bottom: 3px solid transparent; }") and not _EDGE.findall(
        "a { background: transparent }"
    )
