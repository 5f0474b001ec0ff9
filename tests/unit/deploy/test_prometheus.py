"""Is every alert about metrics that exist, held by a case in which it fires and one in which it is silent, and explained in the runbook?"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.declaration import SERVICES
from deploy.front_door.caddyfile import RUNBOOK as RUNBOOK_PATH
from deploy.images import monitoring
from deploy.images.site import SITE
from deploy.local.place import ROOT
from deploy.prometheus import metrics, scraping

FOLDER = ROOT / "deploy" / "prometheus"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"] for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
ALWAYS = "Watchdog"  # it is never silent, and about no metric
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
CASES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.test.yml").read_text("utf-8"))["tests"]
RUNBOOK = dict(
    re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", (ROOT / "docs/runbook.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
)
SCRAPED = {"service", "role", "job", "instance", "le"}  # labels that the scraper or a histogram adds
DECLARED = {
    name: {*metrics.labels(metric), *SCRAPED}
    for metric in metrics.declared()
    for name in (metrics.exposed(metric), *(f"{metrics.exposed(metric)}_{part}" for part in ("bucket", "count", "sum")))
} | dict.fromkeys(("up", "process_start_time_seconds"), SCRAPED)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_who_acts_and_what_to_do(alert: str):
    rule = ALERTS[alert]

    assert rule["labels"]["severity"] in (("heartbeat",) if alert == ALWAYS else ("page", "ticket"))
    assert rule["labels"]["owner"] in (*SERVICES, "platform")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"{{{{ $externalLabels.front_url }}}}{RUNBOOK_PATH}#{alert.lower()}"
    for part in ("Symptom.", "See it.", "Do.", "Over when"):
        assert f"**{part}**" in RUNBOOK[alert], part


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent(alert: str):
    expected = [
        checked["exp_alerts"] for case in CASES for checked in case["alert_rule_test"] if checked["alertname"] == alert
    ]

    assert {bool(alerts) for alerts in expected} == ({True} if alert == ALWAYS else {True, False})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_selects_metrics_and_labels_that_exist(rule: dict[str, Any]):
    selectors = re.findall(r"(?<![\w:])(up|process_start_time_seconds|clearwater[\w:]*)(?:\{([^}]*)\})?", rule["expr"])

    assert selectors or rule.get("alert") == ALWAYS
    for name, matchers in selectors:
        assert name in DECLARED or name in RECORDED, name
        assert set(re.findall(r"(\w+)=", matchers)) <= DECLARED.get(name, set()), matchers


def test_an_inhibition_and_an_objective_name_what_exists():
    routed = yaml.safe_load((FOLDER / "alertmanager.yml").read_text("utf-8"))
    matchers = [
        item for rule in routed["inhibit_rules"] for side in ("source", "target") for item in rule[f"{side}_matchers"]
    ]
    named = {
        name for matcher in matchers if matcher.startswith("alertname") for name in re.findall(r"\b[A-Z]\w+", matcher)
    }
    objectives = set(
        re.findall(r"^\| ([a-z]+-[a-z-]+) \|", (ROOT / "docs/objectives.md").read_text("utf-8"), re.MULTILINE)
    )

    assert named
    assert named <= ALERTS.keys()
    assert {rule["labels"]["objective"] for rule in ALERTS.values() if "objective" in rule["labels"]} == objectives


def test_the_runbook_has_an_entry_for_each_alert_and_each_finding_and_no_other():
    assert RUNBOOK.keys() == {*ALERTS}


def test_the_list_of_metrics_is_as_the_code_declares_them():
    assert metrics.DOCUMENT.read_text(encoding="utf-8") == metrics.text()


def test_the_configuration_names_files_that_exist():
    named = yaml.safe_load(scraping.configuration(SITE))["rule_files"]

    assert named
    assert [file for file in named if not Path(file).is_file()] == []


def test_the_tools_accept_the_configuration_the_rules_and_their_cases():
    """Where there is no promtool, the command says so: CI installs it."""
    checked = subprocess.run(
        [sys.executable, "-m", "deploy.prometheus.checking"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert checked.returncode == (0 if shutil.which("promtool") else 2), checked.stdout + checked.stderr


def test_where_ci_has_no_root_it_builds_the_alertmanager_that_the_containers_run():
    image = monitoring.services()["alertmanager"]["image"]
    built = re.findall(
        r"go install github.com/prometheus/alertmanager/\S+@(v\S+)", (ROOT / ".ci/run").read_text("utf-8")
    )

    assert built == [image.partition(":")[2]]


def test_both_processes_of_an_api_are_scraped_where_it_runs_twice():
    """Otherwise half of the requests would be missing from the objectives."""
    twice = scraping.targets(SITE, apis_run_twice=True)
    addresses = {tuple(target["labels"].values()): target["targets"] for target in twice}

    assert addresses["signing", "api"] == [
        f"{SITE.host(name)}:{SITE.port(name)}" for name in ("signing-api", "signing-api-2")
    ]
    assert {len(found) for (_, role), found in addresses.items() if role != "api"} == {1}
    assert len({address for found in addresses.values() for address in found}) == sum(map(len, addresses.values()))


@pytest.mark.parametrize(("archives", "own"), [(False, ["admin", "watch"]), (True, ["admin", "watch", "archive"])])
def test_every_process_of_every_service_is_scraped_and_so_are_the_platforms_own(archives: bool, own: list[str]):
    labels = [target["labels"] for target in scraping.targets(SITE, archives=archives)]

    assert labels == [
        *({"service": name, "role": role.name} for name, service in SERVICES.items() for role in service.roles),
        *({"service": "platform", "role": name} for name in own),
    ]


def ops(tmp_path: Path, alertmanager: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """`make ops` on an installation of which only the files are there, with a Prometheus that ends at once."""
    place, programs = tmp_path / "local", tmp_path / "programs"
    for folder in (place, programs):
        folder.mkdir()
    (place / "supervisord.conf").touch()
    (programs / "prometheus").write_text("#!/bin/sh\n")
    (programs / "prometheus").chmod(0o755)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LOCAL_DIR": str(place)}
    done = subprocess.run(
        [sys.executable, "-m", "deploy.prometheus"],
        cwd=ROOT, env=environment | {"ALERTMANAGER_URL": alertmanager}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done, place / "prometheus.yml"


@pytest.mark.parametrize(("address", "targets"), [("", []), ("http://127.0.0.1:9093/", ["127.0.0.1:9093"])])
def test_ops_sends_alerts_to_the_alertmanager_that_is_named(tmp_path: Path, address: str, targets: list[str]):
    done, file = ops(tmp_path, address)

    assert done.returncode == 0, done.stderr
    alerting = yaml.safe_load(file.read_text(encoding="utf-8")).get("alerting", {"alertmanagers": []})
    assert [
        target for one in alerting["alertmanagers"] for given in one["static_configs"] for target in given["targets"]
    ] == targets
    assert f"Alerts go to {address or 'nobody'}" in done.stdout


@pytest.mark.parametrize("address", ["127.0.0.1:9093", "https://alerts.example", "http://alerts.example/behind/a/path"])
def test_ops_says_which_form_of_address_it_takes(tmp_path: Path, address: str):
    done, file = ops(tmp_path, address)

    assert (done.returncode, file.exists()) == (2, False)
    assert done.stderr == f"ALERTMANAGER_URL={address} is no address such as http://127.0.0.1:9093.\n"
