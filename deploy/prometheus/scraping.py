"""Prometheus' configuration for an installation, from the one declaration: every process of every service is a target.

The targets' labels `service` and `role` are what alerts and dashboards select by. A process without metrics of its own is no target.
"""

import json
from pathlib import Path
from typing import Any, Final

from deploy.declaration import API, SECOND, SERVICES
from deploy.site import Site

ALERTS: Final = Path(__file__).with_name("alerts.yml")
SECONDS: Final = 5


def configuration(
    site: Site,
    *,
    seconds: int = SECONDS,
    alerts: str = str(ALERTS),
    alertmanager: str = "",
    apis_run_twice: bool = False,
) -> str:
    """As JSON, which is YAML too. `seconds`: between two scrapes. `alerts`: where Prometheus finds the rules. `alertmanager`: host:port.
    `apis_run_twice`: as in containers; on the local platform the second API runs only during an upgrade.
    """
    whole: dict[str, Any] = {
        "global": {"scrape_interval": f"{seconds}s", "evaluation_interval": f"{seconds}s"},
        "rule_files": [alerts],
        "scrape_configs": [{"job_name": "clearwater", "static_configs": targets(site, apis_run_twice=apis_run_twice)}],
    }
    if alertmanager:
        whole["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    return json.dumps(whole, indent=2) + "\n"


def targets(site: Site, *, apis_run_twice: bool = False) -> list[dict[str, Any]]:
    """The two processes of an API have the same labels; Prometheus tells them apart by their address."""
    return [
        {
            "targets": [f"{site.host(process)}:{site.port(process)}" for process in processes],
            "labels": {"service": service.name, "role": role.name},
        }
        for service in SERVICES.values()
        for role in service.roles
        for first in (service.process(role),)
        for processes in ([first, first + SECOND] if apis_run_twice and role == API else [first],)
    ]
