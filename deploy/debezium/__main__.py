"""Writes what Kafka Connect reads: a connector for each service that publishes, and the worker's properties.

`python -m deploy.debezium` writes it; with `--check` it exits 1 when a file is not as it would be written now.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy import declaration, generated
from deploy.debezium import connectors, worker

_HEAD = "# Written by `python -m deploy.debezium`: change deploy/debezium/connectors.py, not this.\n"


def files() -> dict[Path, str]:
    documents = {
        worker.connector_file(service): json.dumps(connectors.connector(service), indent=2) + "\n"
        for service in declaration.publishing()
    }
    return documents | {
        worker.PROPERTIES: _HEAD + "".join(f"{name}={value}\n" for name, value in connectors.worker().items())
    }


def main(arguments: Sequence[str]) -> int:
    present = set(worker.FILES.glob("connectors/*.json"))
    return generated.settle(files(), arguments, command="deploy.debezium", present=present)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
