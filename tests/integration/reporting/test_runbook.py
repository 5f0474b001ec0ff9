"""Is every entry of the runbook on its page, for command and city, and does every alarm of the city lead to one?"""

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from deploy.local.place import ROOT
from services.reporting.web import runbook

ENTRIES = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
STRIP = Path(runbook.__file__).with_name("static") / "strip.js"


@pytest.fixture
def read(app: Flask, issuer: tuple[str, Path]):
    def get(role: str) -> TestResponse:
        token = local_issuer.mint(issuer[1], role=role, districts=("440303",))
        return app.test_client().get("/runbook", headers={"Authorization": f"Bearer {token}", "Accept": "text/html"})

    return get


@pytest.mark.parametrize(("role", "status"), [("command", 200), ("city", 200), ("auditor", 403), ("desk", 403)])
def test_it_opens_for_command_and_city(read, role: str, status: int) -> None:
    assert read(role).status_code == status


def test_every_entry_has_its_anchor_and_its_text(read) -> None:
    page = read("city").text

    assert re.findall(r'<section id="(\w+)"', page) == [entry.lower() for entry in ENTRIES]
    assert page.count("<b>Symptom.</b>") == len(ENTRIES)
    assert "<code>GET /ready</code>" in page


def test_every_alarm_of_the_city_has_an_entry() -> None:
    [named] = re.findall(r"const RUNBOOK = \{(.*?)\}", STRIP.read_text(encoding="utf-8"))

    assert set(re.findall(r'"(\w+)"', named)) <= set(ENTRIES)
