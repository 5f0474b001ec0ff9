"""Prometheus' configuration for an installation, from the one declaration: every process of every service is a target.

The targets' labels `service` and `role` are what alerts and dashboards select by; a process of no service has `platform` and its own name.
A process without metrics of its own is no target.
"""

import json
from pathlib import Path
from typing import Any, Final

from deploy.declaration import API, ARCHIVE, BUS_ADMIN, SECOND, SERVICES, WATCH
from deploy.site import Site

ALERTS: Final = Path(__file__).with_name("alerts.yml")
SECONDS: Final = 5
FRONT_URL: Final = "front_url"  # the label from which alerts have the address of their entry in the runbook
PLATFORM: Final = "platform"  # the label `service` of what works for no service


def configuration(
    site: Site,
    *,
    seconds: int = SECONDS,
    alerts: str = str(ALERTS),
    alertmanager: str = "",
    archive_by_name: bool = False,
    **running: bool,
) -> str:
    """As JSON, which is YAML too. `seconds`: between two scrapes. `alerts`: where Prometheus finds the rules. `alertmanager`: host:port.
    `archive_by_name`: the archive is a target while its name has an address, as in containers. `running`: as for `targets`.
    """
    scraped = targets(site, **running)
    whole: dict[str, Any] = {
        "global": {
            "scrape_interval": f"{seconds}s",
            "evaluation_interval": f"{seconds}s",
            "external_labels": {FRONT_URL: site.front_url},
        },
        "rule_files": [alerts],
        "scrape_configs": [{"job_name": "clearwater", "static_configs": scraped}],
    }
    if archive_by_name:
        whole["scrape_configs"].append(_archive(site))
    if alertmanager:
        whole["alerting"] = {
            "alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}],
            "alert_relabel_configs": [
                {"action": "labeldrop", "regex": FRONT_URL}
            ],  # it stands in their address already
        }
    return json.dumps(whole, indent=2) + "\n"


def targets(site: Site, *, apis_run_twice: bool = False, archives: bool = False) -> list[dict[str, Any]]:
    """The two processes of an API have the same labels; Prometheus tells them apart by their address.

    `apis_run_twice`: as in containers; on the local platform the second API runs only during an upgrade.
    `archives`: an archive of the write-ahead log runs, as on the local platform from the first backup on.
    """
    of_services = [
        _target(site, service.name, role.name, processes)
        for service in SERVICES.values()
        for role in service.roles
        for first in (service.process(role),)
        for processes in ([first, first + SECOND] if apis_run_twice and role == API else [first],)
    ]
    own = [BUS_ADMIN, WATCH, *([ARCHIVE] if archives else [])]
    return [*of_services, *(_target(site, PLATFORM, name, [name]) for name in own)]


def _archive(site: Site) -> dict[str, Any]:
    labels = {"job": "clearwater", "service": PLATFORM, "role": ARCHIVE}
    return {
        "job_name": ARCHIVE,
        "dns_sd_configs": [{"names": [site.host(ARCHIVE)], "type": "A", "port": site.port(ARCHIVE)}],
        "relabel_configs": [{"target_label": name, "replacement": value} for name, value in labels.items()],
    }


def _target(site: Site, service: str, role: str, processes: list[str]) -> dict[str, Any]:
    addresses = [f"{site.host(process)}:{site.port(process)}" for process in processes]
    return {"targets": addresses, "labels": {"service": service, "role": role}}
