"""Writes what Kafka Connect reads: a connector for each service that publishes, and the worker's properties.

`python -m deploy.debezium` writes it; with `--check` it exits 1 when a file is not as it would be written now.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy import declaration
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
    wanted = files()
    if "--check" not in arguments:
        for file, content in wanted.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        return 0
    stale = [file for file, content in wanted.items() if not file.exists() or file.read_text("utf-8") != content]
    stale += [file for file in worker.FILES.glob("connectors/*.json") if file not in wanted]
    for file in stale:
        sys.stderr.write(f"stale: {file.relative_to(worker.FILES)}; run python -m deploy.debezium\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
