"""What monitors the containers, in docker-compose.yml, each with its official image. Profile `ops`: Prometheus, Alertmanager and Grafana,
provisioned with our files. Profile `traces`: Jaeger.

    docker compose --profile ops up -d --wait
    OTEL_EXPORTER_OTLP_ENDPOINT=http://jaeger:4318 docker compose --profile traces up -d --wait

Invariant: as for every container, none is root, gains rights, or writes anywhere but to its volume and to memory. They reach the
services on the containers' own network; their own pages are published on this machine's loopback.
Left to others: rules, routes and dashboards (deploy/prometheus, deploy/grafana), drawing the file (compose.py).
"""

from pathlib import Path
from typing import Final

import yaml

from deploy.grafana.__main__ import MOUNTED as DASHBOARDS
from deploy.grafana.__main__ import PROVISIONING
from deploy.images import secret_files
from deploy.images.parts import Entry, Limits, guards, healthcheck, waits_for
from deploy.images.running import PORT_BASE
from deploy.images.site import SITE
from deploy.local.place import HOST, ROOT
from deploy.prometheus import scraping

PROFILE: Final = "ops"
TRACES: Final = "traces"
VOLUMES: Final = ("prometheus", "alertmanager", "grafana")
# Steps from PORT_BASE; deploy/declaration.py has the plan of the others. The first is that of `make ops`.
STEPS: Final = {"prometheus": 9, "jaeger": 39, "alertmanager": 48, "grafana": 49}
_PORTS: Final = {"prometheus": 9090, "alertmanager": 9093, "grafana": 3000, "jaeger": 16_686}
ROUTES_FILE: Final = "ALERTMANAGER_FILE"  # in .env: the installation's own receivers
_ROUTES = ROOT / "deploy" / "prometheus" / "alertmanager.yml"
_NOBODY, _GRAFANA, _JAEGER = 65_534, 472, 10_001  # the users of their images
# What Grafana would ask or tell on the Internet by itself, and a browser for it. Without a way out each is an error in its log.
_ASKS_OUTSIDE: Final = (
    "GF_ANALYTICS_REPORTING_ENABLED",
    "GF_ANALYTICS_CHECK_FOR_UPDATES",
    "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
    "GF_ANALYTICS_FEEDBACK_LINKS_ENABLED",
    "GF_NEWS_NEWS_FEED_ENABLED",
    "GF_PLUGINS_PLUGIN_ADMIN_ENABLED",
    "GF_PUBLIC_DASHBOARDS_ENABLED",
    "GF_SNAPSHOTS_EXTERNAL_ENABLED",
)
_KEEPS_INSIDE: Final = (
    "GF_PLUGINS_PREINSTALL_DISABLED",
    "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED",
    "GF_SECURITY_DISABLE_GRAVATAR",
)
_LIMITS = Limits(memory="1g", processes=256)


def services() -> dict[str, Entry]:
    return {"prometheus": _prometheus(), "alertmanager": _alertmanager(), "grafana": _grafana(), "jaeger": _jaeger()}


def files() -> dict[Path, str]:
    """What they read and nothing else is written from."""
    folder = ROOT / "deploy" / "images"
    scraped = scraping.configuration(
        SITE,
        alerts="/etc/prometheus/alerts.yml",
        alertmanager=f"alertmanager:{_PORTS['alertmanager']}",
        apis_run_twice=True,
        archive_by_name=True,
    )
    return {folder / "prometheus.yml": scraped, folder / "alertmanager.yml": routes()}


def routes() -> str:
    """Our routes, with the platform's mailbox in the place of a mail host. WeCom and a heartbeat need an account somewhere."""
    routed = yaml.safe_load(_ROUTES.read_text(encoding="utf-8"))
    for receiver in routed["receivers"]:
        for kind in ("wechat_configs", "webhook_configs"):
            receiver.pop(kind, None)
        for mail in receiver.get("email_configs", ()):
            mail |= {"smarthost": f"messages:{SITE.port('smtp')}", "require_tls": False}
    head = "# Written by `python -m deploy.images.compose` from deploy/prometheus/alertmanager.yml: change that, not this.\n"
    return head + yaml.safe_dump(routed, sort_keys=False, allow_unicode=True)


def _prometheus() -> Entry:
    return {
        "image": "prom/prometheus:v3.5.0",
        **_entry("prometheus", user=_NOBODY, ready="/-/ready"),
        "command": [
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            "--storage.tsdb.retention.time=35d",
            "--storage.tsdb.retention.size=8GB",
        ],
        "volumes": [
            "prometheus:/prometheus",
            "./deploy/images/prometheus.yml:/etc/prometheus/prometheus.yml:ro",
            "./deploy/prometheus/alerts.yml:/etc/prometheus/alerts.yml:ro",
        ],
        "depends_on": waits_for({"alertmanager": "service_healthy"}),
    }


def _alertmanager() -> Entry:
    return {
        "image": "prom/alertmanager:v0.28.1",
        **_entry("alertmanager", user=_NOBODY, ready="/-/ready"),
        "command": ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"],
        "volumes": [
            "alertmanager:/alertmanager",
            f"${{{ROUTES_FILE}:-./deploy/images/alertmanager.yml}}:/etc/alertmanager/alertmanager.yml:ro",
        ],
        "depends_on": waits_for({"messages": "service_healthy"}),
    }


def _grafana() -> Entry:
    return {
        "image": "grafana/grafana:12.0.2",
        **_entry("grafana", user=_GRAFANA, ready="/api/health"),
        "environment": {
            "GRAFANA_PASSWORD": SITE.secret("grafana_password"),
            "GF_SECURITY_ADMIN_PASSWORD__FILE": f"{secret_files.MOUNTED_IN}/GRAFANA_PASSWORD",
            **dict.fromkeys(_ASKS_OUTSIDE, "false"),
            **dict.fromkeys(_KEEPS_INSIDE, "true"),
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": f"{DASHBOARDS}/city.json",
        },
        "volumes": [
            "grafana:/var/lib/grafana",
            *_provisioning(),
            f"./deploy/grafana/dashboards:{DASHBOARDS}:ro",
        ],
        "depends_on": waits_for({"prometheus": "service_healthy"}),
    }


def _provisioning() -> list[str]:
    """Each folder of its own: the image has empty ones for plugins and alerting beside them, whose absence Grafana reports as errors."""
    own = PROVISIONING.relative_to(ROOT)
    return [f"./{own / name}:/etc/grafana/provisioning/{name}:ro" for name in ("dashboards", "datasources")]


def _jaeger() -> Entry:
    """Keeps the last 100,000 traces, in memory: they are gone when it ends."""
    return {
        "image": "jaegertracing/jaeger:2.11.0",
        **_entry("jaeger", user=_JAEGER, ready="/", profile=TRACES),
        "environment": {"JAEGER_LISTEN_HOST": "0.0.0.0"},  # noqa: S104 - inside its container
    }


def _entry(name: str, *, user: int, ready: str, profile: str = PROFILE) -> Entry:
    port = _PORTS[name]
    return {
        "profiles": [profile],
        **guards(_LIMITS, user=user),
        "restart": "unless-stopped",
        "ports": [f"{HOST}:{PORT_BASE + STEPS[name]}:{port}"],
        "healthcheck": healthcheck("wget", "-q", "-O", "/dev/null", f"http://{HOST}:{port}{ready}"),
    }
