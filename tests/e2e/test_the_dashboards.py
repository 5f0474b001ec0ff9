"""Does every panel show data, does every selector find series, and is no alert open on a healthy system?

A real Prometheus scrapes every process of a platform that has a backup and on which a household has just been signed. Where there is no
Prometheus on the PATH, this is skipped; CI installs one.
"""

import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deploy.demo.watching import Wall, mail_arrivals
from deploy.grafana.boards import BOARDS
from deploy.grafana.panels import with_variables
from deploy.local import districts
from deploy.local.place import ROOT
from deploy.sandbox.agency import give
from tests.support import backups, prometheus
from tests.support.eventually import eventually
from tests.support.prometheus import Prometheus

pytestmark = pytest.mark.timeout(400)
DISTRICT = "440405"
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
QUERIES = {
    f"{board.title} / {panel.title} / {number}": query.expr
    for board in BOARDS
    for panel in board.panels
    for number, query in enumerate(panel.queries)
}
# Nothing on this platform is encrypted; tests/integration/deploy/test_watch.py shows a certificate to the watch.
CERTIFICATES = {f"clearwater_certificate_{which}_timestamp_seconds" for which in ("begins", "ends")}
_SELECTOR = re.compile(r"(?<![\w:])((?:clearwater|process_|up)[\w:]*)((?:\{[^}]*\})?)")


@pytest.fixture
def watched(system, samples, person, tmp_path: Path) -> Iterator[Prometheus]:
    districts.add(system.place, DISTRICT, name="样例屏区")
    give(system.place, DISTRICT, "sandbox", f"agency-{DISTRICT}")  # a grant counts down to its end
    with (
        backups.archived(system, tmp_path / "backups"),
        prometheus.scraping_of(system.place, tmp_path) as scraped,
        Wall(system.place, samples[0].code),
    ):
        # The reconciler counts a minute after its start. A rate needs a series that was there before the act.
        city = person("city", "*")
        mail_arrivals(
            system.place, [sample_district.desk.sign(sample_district.next_ready()) for sample_district in samples], city
        )
        eventually(lambda: scraped.has("clearwater_unreconciled_events"), seconds=120)
        eventually(lambda: scraped.has('clearwater_http_request_seconds_count{route=~".*/signatures"}'))
        mail_arrivals(
            system.place, [sample_district.desk.sign(sample_district.next_ready()) for sample_district in samples], city
        )
        yield scraped


def test_without_a_prometheus_make_ops_says_so(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "deploy.prometheus"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 2
    assert "no Prometheus on the PATH" in outcome.stderr


@pytest.mark.skipif(
    not prometheus.PROGRAM,
    reason="this machine has no Prometheus (Debian: prometheus): no panel and no query is looked at",
)
def test_every_panel_shows_data_and_no_alert_is_open_on_a_healthy_system(watched: Prometheus) -> None:
    eventually(lambda: shows_all(watched), seconds=90)

    expressions = [*QUERIES.values(), *(rule["expr"] for rule in RULES)]
    selectors = {name + labels for expr in expressions for name, labels in _SELECTOR.findall(with_variables(expr))}
    assert {selector for selector in selectors if not watched.has(selector)} == CERTIFICATES
    rules = watched.rules()
    assert len(rules) == len(RULES)
    assert [rule["name"] for rule in rules if rule.get("lastError")] == []
    assert watched.firing() == {"Watchdog"}  # which fires always


def shows_all(watched: Prometheus) -> bool:
    found = {name: watched.values(with_variables(expr, interval="5m")) for name, expr in QUERIES.items()}
    assert [name for name, values in found.items() if all(math.isnan(value) for _, value in values)] == []
    return True
