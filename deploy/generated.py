"""Files that a command writes from the declaration, and what `--check` says of them: it exits 1 when one is not as it would be written now.

Left to others: what stands in them: compose.py, metrics.py, deploy/kubernetes, deploy/grafana, deploy/debezium.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from deploy.local.place import ROOT


def settle(
    wanted: Mapping[Path, str], arguments: Sequence[str], *, command: str, present: Collection[Path] = ()
) -> int:
    """The exit code. `present`: all files of the folders that hold nothing else; one that is not wanted is removed, or is stale too."""
    left_over = set(present) - wanted.keys()
    if "--check" not in arguments:
        for file, content in wanted.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        for file in left_over:
            file.unlink()
        return 0
    changed = {file for file, content in wanted.items() if not file.exists() or file.read_text("utf-8") != content}
    for file in sorted(changed | left_over):
        sys.stderr.write(f"stale: {file.relative_to(ROOT)}; run python -m {command}\n")
    return 1 if changed | left_over else 0
