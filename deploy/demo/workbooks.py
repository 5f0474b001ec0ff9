"""The workbooks of the demo: one of invented people for each district, and one with mistakes that a clerk might make."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from deploy.demo.people import Stuck
from deploy.local.place import ROOT, Place

_SHEET = "房屋与权利人"
_HEADER_ROW = 1


@dataclass(frozen=True)
class Workbook:
    """`name` and `groups` are what is to be opened before it is imported."""

    file: Path
    name: str
    groups: list[dict[str, Any]]
    rows: int

    @property
    def upload(self) -> tuple[str, bytes]:
        return self.file.name, self.file.read_bytes()


def sample(place: Place, district: str, *, units: int, seed: int) -> Workbook:
    """Made once per installation: a second run uses the same file, so that its upload has the same bytes."""
    file = place.path("demo", f"{district}.xlsx")
    facts_file = file.with_suffix(".json")
    if not facts_file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        arguments = ["--seed", str(seed), "--units", str(units), "--district", district, "-o", str(file)]
        command = [sys.executable, "-m", "services.registry", "sample", *arguments]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if made.returncode:
            raise Stuck(f"no sample workbook: {(made.stderr or made.stdout).strip().splitlines()[-1]}")
    facts = json.loads(facts_file.read_text(encoding="utf-8"))
    return Workbook(file, facts["name"], facts["groups"], facts["rows"])


def with_mistakes(right: Workbook) -> Workbook:
    """Four slips in four rows: a wrong check digit, a missing name, an area as text, a group that nobody formed."""
    file = right.file.with_name(f"{right.file.stem}-wrong.xlsx")
    if not file.exists():
        book = openpyxl.load_workbook(right.file)
        sheet = book[_SHEET]
        columns = {str(cell.value).rstrip("*"): place for place, cell in enumerate(sheet[_HEADER_ROW], 1)}
        first = _HEADER_ROW + 1
        number = str(sheet.cell(first, columns["证件号码"]).value)
        sheet.cell(first, columns["证件号码"]).value = number[:-1] + ("1" if number[-1] != "1" else "2")
        sheet.cell(first + 1, columns["权利人"]).value = None
        sheet.cell(first + 2, columns["登记面积"]).value = "约八十"
        sheet.cell(first + 3, columns["签约小组"]).value = "第九十九组"
        book.save(file)
    return Workbook(file, right.name, right.groups, right.rows)
