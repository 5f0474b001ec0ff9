"""Writes deploy/kubernetes: `python -m deploy.kubernetes`. With `--check` it exits 1 when a file is not as it would be written now.

A file below base, components or overlays that is not written any more is removed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy import generated
from deploy.kubernetes import tree

FOLDER = Path(__file__).parent
_WRITTEN = ("base", "components", "overlays")


def main(arguments: Sequence[str]) -> int:
    wanted = {FOLDER / name: text for name, text in tree.files().items()}
    present = {file for folder in _WRITTEN for file in (FOLDER / folder).rglob("*") if file.is_file()}
    return generated.settle(wanted, arguments, command="deploy.kubernetes", present=present)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
