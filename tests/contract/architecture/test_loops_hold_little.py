"""Does a process of loops hold no more in memory than it uses? A relay or a consumer loads what `python -m services.<service>` imports."""

import subprocess
import sys

import pytest

from deploy.declaration import SERVICES
from deploy.local.place import ROOT

# What the API, a worker, a migration or a command for a person needs, and neither relay nor consumer.
OTHERS = {
    "alembic",
    "flask",
    "gevent",
    "gunicorn",
    "httpcore",
    "httpx",
    "joserfc",
    "jsonschema",
    "openpyxl",
    "opentelemetry",
    "standardwebhooks",
    "waitress",
}
OTHER_FOLDERS = ("api", "gateways", "web")


@pytest.mark.parametrize("service", SERVICES)
def test_relay_and_consumer_load_no_part_of_another_role(service: str) -> None:
    show = f"import sys, services.{service}.__main__; print(*sys.modules)"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", show], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
    )
    own = tuple(f"services.{service}.{folder}" for folder in OTHER_FOLDERS)

    assert {"shared.messaging.relay", "shared.messaging.consumer", f"services.{service}.wiring"} <= loaded
    assert loaded & OTHERS == set()
    assert [module for module in sorted(loaded) if module.startswith(own)] == []
