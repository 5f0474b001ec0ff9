"""python -m deploy.images.secrets [--rotate <role> …]: .env, the secrets of an installation in containers.

Run again, it only adds what is missing. `--rotate` gives these roles their other user on the broker, with a new password.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.images.running import KEPT_IN, SHARED
from deploy.local import keys, rotation
from deploy.local.place import ROOT


def lines(local_dir: Path) -> list[str]:
    return [f"{name.upper()}='{value}'" for name, value in keys.load(local_dir).items()]


def rotate(local_dir: Path, roles: Sequence[str]) -> None:
    known = keys.load(local_dir)
    for role in roles:
        keys.replace(local_dir, rotation.successor(known, role))


def main() -> None:
    SHARED.mkdir(parents=True, exist_ok=True)  # or Docker makes it, for root alone
    if sys.argv[1:2] == ["--rotate"]:
        rotate(KEPT_IN, sys.argv[2:])
    file = ROOT / ".env"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines(KEPT_IN)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
