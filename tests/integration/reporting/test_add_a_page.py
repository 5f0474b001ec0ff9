"""Is a page its view, its template and its texts, and a line in three places? The test follows the how-to in a copy of the tree."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from deploy.local import issuer as local_issuer
from deploy.local.place import ROOT
from tests.support.launch import Bus, Launch, Numbering
from tests.support.platform import Database, Platform
from tests.support.tree import blocks, copied, is_code

HOW_TO = "how-to/add-a-page.md"
RENAMED = {"groups": "teams", "Signing groups": "Signing teams"}
WEB = Path("services", "reporting", "web")


def block(language: str, number: int = 0) -> str:
    return blocks(HOW_TO, language, RENAMED)[number]


def replace(file: Path, old: str, new: str) -> None:
    before = file.read_text(encoding="utf-8")
    assert before.count(old) == 1, f"{old!r} in {file}"
    file.write_text(before.replace(old, new), encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree with the page of the how-to."""
    copied(tmp_path, is_code)
    for name, lines in (
        ("teams.py", block("python")), ("templates/teams.html", block("html")), ("teams.toml", block("toml"))
    ):  # fmt: skip
        (tmp_path / WEB / name).write_text(lines, encoding="utf-8")
    application = tmp_path / "services" / "reporting" / "application.py"
    last = "from services.reporting.web.displays import displays\n"
    replace(application, last, last + block("text"))
    replace(application, "    catalogue,\n", "    catalogue,\n    teams,\n")
    replace(tmp_path / "deploy" / "declaration.py", '"/events", "/agency"', '"/events", "/agency", "/teams"')
    sections = tmp_path / "shared" / "web" / "sections.py"
    replace(sections, '    Section("report"),\n', '    Section("report"),\n' + block("text", 1))
    with (tmp_path / "shared" / "web" / "texts.toml").open("a", encoding="utf-8") as texts:
        texts.write("\n" + block("ini"))
    return tmp_path


def test_the_page_of_the_how_to_is_served_in_each_language(
    tree: Path, engine: Engine, urls: Database, platform: Platform, issuer: tuple[str, Path]
) -> None:
    day = Launch(units=8)
    Bus(engine).deliver(Numbering().messages("440303", [*day.opening(), *day.register(), *day.groups(), day.freeze()]))
    token = local_issuer.mint(issuer[1], role="command", districts=("440303",))
    environment = {**os.environ, **platform.environment("reporting", "api", urls), "PYTHONPATH": str(tree)}
    environment |= {
        "ISSUER_URL": issuer[0],
        "ISSUER_INTERNAL_URL": "",
        "CLOCK_FILE": "",
        "PUBLIC_URL": "http://localhost",
    }

    done = subprocess.run(
        [sys.executable, "-m", "tests.support.new_page", "/teams", token],
        cwd=tree, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    for language, words in (
        ("zh-Hans", ("签约小组", "还差（套）", "签约比例高的小组在前。")),
        ("zh-Hant", ("簽約小組", "還差（套）", "簽約比例高的小組在前。")),
        ("en", ("Signing teams", "Units to go", "The group with the best rate comes first.")),
    ):
        status, page = answer["shown"][language]
        assert status == 200
        assert [word for word in words if word not in page] == []
        assert re.findall(r'<td class="num">(\d+)</td>', page) == [str(left) for left in left_by_group(engine)]
        assert 'href="/teams"' in page
    assert "/teams" in answer["front_door"]


def test_both_front_doors_lead_to_the_page_once_their_files_are_written_anew(tmp_path: Path) -> None:
    copied(tmp_path)
    replace(tmp_path / "deploy" / "declaration.py", '"/events", "/agency"', '"/events", "/agency", "/teams"')
    written = {
        "deploy.images.compose": Path("deploy", "images", "Caddyfile"),
        "deploy.kubernetes": Path("deploy", "kubernetes", "base", "front-door", "Caddyfile"),
    }
    named = re.findall(r"^    python -m ([\w.]+)", (ROOT / "docs" / HOW_TO).read_text(encoding="utf-8"), re.MULTILINE)

    assert named == [*written]
    for module, file in written.items():
        done = subprocess.run(
            [sys.executable, "-m", module], cwd=tmp_path, env={"PATH": "", "PYTHONPATH": str(tmp_path)}, check=False
        )
        assert done.returncode == 0
        assert "/teams" in (tmp_path / file).read_text(encoding="utf-8")


def left_by_group(engine: Engine) -> list[int]:
    """Nobody has signed, so every unit of a group is left; equal rates are in order of the group's name."""
    with engine.connect() as connection:
        connection.exec_driver_sql("select set_config('clearwater.granted', '*', false)")
        found = connection.exec_driver_sql(
            "select count(*) from assignments join groups using (group_id) group by groups.name order by groups.name"
        )
        return [int(count) for (count,) in found]
