"""Writes what Grafana reads: its data source, where its dashboards are, and each dashboard from boards.py.

`python -m deploy.grafana` writes it; with `--check` it exits 1 when a file is not as it would be written now.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from deploy import generated
from deploy.grafana.boards import BOARDS
from deploy.grafana.panels import SOURCE, written

FOLDER = Path(__file__).parent
PROVISIONING, DASHBOARDS = FOLDER / "provisioning", FOLDER / "dashboards"
# As the containers see them: deploy/images/monitoring.py mounts the folders there.
MOUNTED = "/etc/grafana/dashboards"
_HEAD = "# Written by `python -m deploy.grafana`: change deploy/grafana, not this.\n"


def files() -> dict[Path, str]:
    source = {"name": "Clearwater", **SOURCE, "access": "proxy", "url": "http://prometheus:9090", "isDefault": True}
    # Its rules are those of the panel with open alerts.
    source["jsonData"] = {"manageAlerts": True}
    provider = {"name": "clearwater", "type": "file", "disableDeletion": True, "options": {"path": MOUNTED}}
    described = {
        PROVISIONING / "datasources" / "clearwater.yml": {"apiVersion": 1, "datasources": [source]},
        PROVISIONING / "dashboards" / "clearwater.yml": {"apiVersion": 1, "providers": [provider]},
    }
    boards = {
        DASHBOARDS / f"{board.uid}.json": json.dumps(written(board), indent=2, ensure_ascii=False) + "\n"
        for board in BOARDS
    }
    return boards | {file: _HEAD + yaml.safe_dump(content, sort_keys=False) for file, content in described.items()}


def main(arguments: Sequence[str]) -> int:
    return generated.settle(files(), arguments, command="deploy.grafana", present=set(DASHBOARDS.glob("*.json")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
