"""Prometheus' configuration for an installation, from the one declaration: every process of every service is a target.

The targets' labels `service` and `role` are what alerts and dashboards select by. A process without metrics of its own is no target.
"""

import json
from pathlib import Path
from typing import Any, Final

from deploy import declaration
from deploy.declaration import SERVICES

ALERTS: Final = Path(__file__).with_name("alerts.yml")
_SECONDS: Final = 5


def configuration(
    site: declaration.Site, *, seconds: int = _SECONDS, alerts: str = str(ALERTS), alertmanager: str = ""
) -> str:
    """As JSON, which is YAML too. `seconds`: between two scrapes. `alerts`: where Prometheus finds the rules. `alertmanager`: host:port."""
    whole: dict[str, Any] = {
        "global": {"scrape_interval": f"{seconds}s", "evaluation_interval": f"{seconds}s"},
        "rule_files": [alerts],
        "scrape_configs": [{"job_name": "clearwater", "static_configs": targets(site)}],
    }
    if alertmanager:
        whole["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    return json.dumps(whole, indent=2) + "\n"


def targets(site: declaration.Site) -> list[dict[str, Any]]:
    return [
        {
            "targets": [f"{site.host(service.process(role))}:{site.port(service.process(role))}"],
            "labels": {"service": service.name, "role": role.name},
        }
        for service in SERVICES.values()
        for role in service.roles
    ]
