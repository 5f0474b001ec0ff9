"""A real Prometheus beside a running platform, where there is one on the PATH, and questions to it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.local.place import HOST, Place
from deploy.local.processes import archive_file, local_site
from deploy.prometheus import scraping
from deploy.prometheus.__main__ import PORT_STEP
from tests.support.eventually import eventually

PROGRAM = shutil.which("prometheus")


@dataclass(frozen=True)
class Prometheus:
    address: str

    def values(self, expression: str) -> list[tuple[dict[str, str], float]]:
        result = self._ask("query", query=expression)["result"]
        return [(item["metric"], float(item["value"][1])) for item in result]

    def has(self, selector: str) -> bool:
        return bool(self._ask("series", **{"match[]": selector}))

    def firing(self) -> set[str]:
        alerts = self._ask("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def _ask(self, what: str, **parameters: str) -> Any:
        answer = httpx.get(f"{self.address}/api/v1/{what}", params=parameters, timeout=20, trust_env=False)
        assert answer.status_code == 200, f"{parameters}: {answer.text}"
        return answer.json()["data"]


@contextmanager
def scraping_of(place: Place, folder: Path) -> Iterator[Prometheus]:
    """With the configuration of `make ops`, scraped every second."""
    file = folder / "prometheus.yml"
    archives = archive_file(place).exists()
    file.write_text(scraping.configuration(local_site(place), seconds=1, archives=archives), encoding="utf-8")
    address = f"{HOST}:{place.port_base + PORT_STEP}"
    assert PROGRAM
    options = [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}"]
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen([PROGRAM, f"--config.file={file}", *options], stdout=log, stderr=log)
        try:
            eventually(lambda: _answers(address))
            yield Prometheus(f"http://{address}")
        finally:
            process.terminate()
            process.wait(20)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/-/ready", timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
