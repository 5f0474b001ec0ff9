"""Writes deploy/kubernetes: `python -m deploy.kubernetes`. With `--check` it exits 1 when a file is not as it would be written now.

A file below base, components or overlays that is not written any more is removed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.kubernetes import tree

FOLDER = Path(__file__).parent
_WRITTEN = ("base", "components", "overlays")


def main(arguments: Sequence[str]) -> int:
    wanted = {FOLDER / name: text for name, text in tree.files().items()}
    there = {file for folder in _WRITTEN for file in (FOLDER / folder).rglob("*") if file.is_file()}
    if "--check" not in arguments:
        for file, text in wanted.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        for file in there - set(wanted):
            file.unlink()
        return 0
    stale = [
        file
        for file in there | set(wanted)
        if file not in there or file.read_text(encoding="utf-8") != wanted.get(file)
    ]
    for file in sorted(stale):
        sys.stderr.write(f"stale: {file.relative_to(FOLDER)}; run python -m deploy.kubernetes\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
