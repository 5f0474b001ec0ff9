"""Are the dashboards as the source says, about metrics that exist, and explained?"""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from deploy.grafana.__main__ import DASHBOARDS, PROVISIONING
from deploy.grafana.boards import BOARDS
from deploy.grafana.panels import Board, Panel
from deploy.local.place import ROOT
from tests.unit.deploy.test_prometheus import ALERTS, DECLARED, RECORDED

PANELS = [pytest.param(panel, id=f"{board.uid}-{panel.title}") for board in BOARDS for panel in board.panels]
OF_A_PROCESS = {
    name: {"service", "role"}
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds")
}


def test_the_files_are_as_they_would_be_written_now() -> None:
    checked = subprocess.run([sys.executable, "-m", "deploy.grafana", "--check"], cwd=ROOT, check=False)

    assert checked.returncode == 0


def test_the_seven_dashboards_are_there_and_read_the_one_source() -> None:
    written = [json.loads(file.read_text("utf-8")) for file in sorted(DASHBOARDS.glob("*.json"))]
    (source,) = yaml.safe_load((PROVISIONING / "datasources/clearwater.yml").read_text("utf-8"))["datasources"]

    assert {board["title"] for board in written} == {
        "City",
        "District",
        "Pipeline",
        "Messages",
        "Signing desk",
        "Database and broker",
        "SLO",
    }
    assert len({board["uid"] for board in written}) == len(written)
    targets = [target for board in written for panel in board["panels"] for target in panel.get("targets", ())]
    assert {target["datasource"]["uid"] for target in targets} == {source["uid"]}


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_to_do_with_it_and_asks_for_metrics_and_labels_that_exist(panel: Panel) -> None:
    assert panel.says.endswith(".")
    assert bool(panel.queries) == (panel.kind != "alertlist")
    for query in panel.queries:
        selectors = re.findall(r"(?<![\w:])((?:clearwater|process_|up\b)[\w:]*)(?:\{([^}]*)\})?", query.expr)
        assert selectors, query.expr
        for name, matchers in selectors:
            known = {**DECLARED, **OF_A_PROCESS, **{name: {"district"} for name in RECORDED}}
            assert name in known, name
            assert set(re.findall(r"(\w+)=", matchers)) <= known[name], query.expr


def test_an_alert_that_a_panel_names_exists() -> None:
    words = {
        word for board in BOARDS for panel in board.panels for word in re.findall(r"\b[A-Z][a-z]+[A-Z]\w+", panel.says)
    }

    assert words - {"MiB", "PostgreSQL"}
    assert words - {"MiB", "PostgreSQL"} <= ALERTS.keys()


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_no_panel_lies_over_another(board: Board) -> None:
    panels: list[dict[str, Any]] = json.loads((DASHBOARDS / f"{board.uid}.json").read_text("utf-8"))["panels"]
    fields = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(fields) == len(set(fields))
    assert max(x for x, _ in fields) < 24
