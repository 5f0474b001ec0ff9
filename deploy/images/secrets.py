"""python -m deploy.images.secrets [--rotate <role> …]: .env, the secrets of an installation in containers.

Run again, it only adds what is missing. `--rotate` gives these roles their other user on the broker, with a new password.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.images.running import KEPT_IN, SHARED
from deploy.local import keys, rotation
from deploy.local.place import ROOT, CannotStart


def lines(local_dir: Path) -> list[str]:
    return [f"{name.upper()}='{value}'" for name, value in keys.load(local_dir).items()]


def rotate(local_dir: Path, roles: Sequence[str]) -> None:
    known = keys.load(local_dir)
    for role in roles:
        keys.replace(local_dir, rotation.successor(known, role))


def write(file: Path, local_dir: Path) -> None:
    """Raises CannotStart for a file with other keys than ours: what was sealed with them could not be opened any more."""
    if file.exists() and not (local_dir / "secrets.json").exists():
        raise CannotStart(
            f"{file} was not made from {local_dir}: move it away first, if nothing was sealed with its keys."
        )
    file.touch(mode=0o600)
    file.write_text("\n".join(lines(local_dir)) + "\n", encoding="utf-8")


def main() -> None:
    SHARED.mkdir(parents=True, exist_ok=True)  # or Docker makes it, for root alone
    try:
        if sys.argv[1:2] == ["--rotate"]:
            rotate(KEPT_IN, sys.argv[2:])
        write(ROOT / ".env", KEPT_IN)
    except CannotStart as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
