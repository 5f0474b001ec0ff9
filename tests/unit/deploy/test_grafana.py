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
WRITTEN: list[dict[str, Any]] = [
    panel for file in sorted(DASHBOARDS.glob("*.json")) for panel in json.loads(file.read_text("utf-8"))["panels"]
]
TABLES = [panel for panel in WRITTEN if panel["type"] == "table"]
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


@pytest.mark.parametrize("panel", TABLES, ids=lambda panel: panel["title"])
def test_a_table_names_what_it_shows_and_formats_no_word_as_a_number(panel: dict[str, Any]) -> None:
    """Without a name a column is `Value #A`; with a unit of the whole table the district 440303 is `440 K`."""
    (organized,) = (step["options"] for step in panel["transformations"] if step["id"] == "organize")
    letters = [target["refId"] for target in panel["targets"]]
    values = {"Value" if letters == ["A"] else f"Value #{letter}" for letter in letters}
    named = organized["renameByName"]
    styled = {override["matcher"]["options"]: override["properties"] for override in panel["fieldConfig"]["overrides"]}

    assert values == named.keys() | {hidden for hidden in organized["excludeByName"] if hidden.startswith("Value")}
    assert "unit" not in panel["fieldConfig"]["defaults"]
    assert set(styled) == {*named.values(), "district"}
    assert all("unit" in {item["id"] for item in properties} for properties in styled.values())
    assert {"id": "unit", "value": "string"} in styled["district"]


def test_a_bar_begins_at_nothing_and_is_full_at_a_bound() -> None:
    """Between the least and the most of its own values, 1.98 s beside 1.97 s is a full bar beside none."""
    bars = [panel["fieldConfig"]["defaults"] for panel in WRITTEN if panel["type"] == "bargauge"]

    assert bars
    assert [defaults for defaults in bars if defaults["min"] != 0 or defaults["max"] <= 0] == []


@pytest.mark.parametrize("panel", PANELS)
def test_a_figure_whose_sentence_says_below_is_red_below_and_not_above(panel: Panel) -> None:
    """Where less is worse, a bound from which it is red would show a used-up budget or a full disk in green."""
    less_is_worse = panel.kind == "stat" and bool(re.search(r"\b[Bb]elow \d", panel.says))

    assert (panel.red_below is not None) == less_is_worse
    assert panel.red_below is None or panel.red_from is None
    (steps,) = (
        (
            item["fieldConfig"]["defaults"]["thresholds"]["steps"]
            for item in WRITTEN
            if item["title"] == panel.title and item["description"] == panel.says
        )
        if panel.queries
        else ([],)
    )
    assert [step["color"] for step in steps] == (["red", "green"] if less_is_worse else ["green", "red"][: len(steps)])


def test_a_link_leads_to_a_board_that_asks_which_district() -> None:
    urls = re.findall(r'"url": "([^"]+)"', json.dumps(WRITTEN))
    led = [re.fullmatch(r"/d/clearwater-(\w+)\?var-district=\$\{[\w.]+\}&\$\{__url_time_range\}", url) for url in urls]

    assert led
    assert {found and found[1] for found in led} <= {board.uid for board in BOARDS if board.by_district}


def test_open_alerts_are_those_of_the_one_source_without_its_heartbeat() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources/clearwater.yml").read_text("utf-8"))["datasources"]
    (options,) = (panel["options"] for panel in WRITTEN if panel["type"] == "alertlist")

    assert options["datasource"] == source["name"]
    assert source["jsonData"]["manageAlerts"] is True
    ((label, value),) = re.findall(r'(\w+)!="(\w+)"', options["alertInstanceLabelFilter"])
    assert {name for name, rule in ALERTS.items() if rule["labels"][label] == value} == {"Watchdog"}


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
