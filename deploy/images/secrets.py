"""python -m deploy.images.secrets [--rotate <role> …]: the secrets of an installation in containers, each a file, and .env for the rest.

Run again, it only adds what is missing. `--rotate` gives these roles their other user on the broker, with a new password.
The files can be read by every user since each image has a user of its own; their folder is closed to all but its owner.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.declaration import ARCHIVE, ARCHIVE_FILE
from deploy.images import compose, secret_files
from deploy.images.monitoring import ROUTES_FILE
from deploy.images.running import KEPT_IN, SECRETS, SHARED
from deploy.local import keys, rotation
from deploy.local.place import ROOT, CannotStart


def lines(local_dir: Path) -> list[str]:
    """What is not secret, but of this installation only."""
    known = keys.load(local_dir).items()
    public = [f"{name.upper()}='{value}'" for name, value in known if secret_files.is_public(name)]
    backups = local_dir / ARCHIVE_FILE  # there from the first backup on: the container `archive` starts with the others
    if backups.exists():
        public += [f"BACKUPS_TO='{json.loads(backups.read_text())['to']}'", f"COMPOSE_PROFILES='{ARCHIVE}'"]
    receivers = local_dir / "alertmanager.yml"  # the installation's own
    return public + ([f"{ROUTES_FILE}='{receivers}'"] if receivers.exists() else [])


def files(local_dir: Path) -> dict[str, str]:
    """By name: what a container finds in it."""
    known = keys.load(local_dir)
    return {name: secret_files.filled(template, known) for name, template in compose.secret_templates().items()}


def rotate(local_dir: Path, roles: Sequence[str]) -> None:
    known = keys.load(local_dir)
    for role in roles:
        keys.replace(local_dir, rotation.successor(known, role))


def write(file: Path, local_dir: Path, folder: Path) -> None:
    """Raises CannotStart for a file with other keys than ours: what was sealed with them could not be opened any more."""
    if file.exists() and not (local_dir / "secrets.json").exists():
        raise CannotStart(
            f"{file} was not made from {local_dir}: move it away first, if nothing was sealed with its keys."
        )
    file.touch(mode=0o600)
    file.write_text("\n".join(lines(local_dir)) + "\n", encoding="utf-8")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files(local_dir).items():
        _put(folder / name, content)


def let_read(root: Path) -> None:
    """What containers mount of this clone, whatever umask it was made with: each image has a user of its own."""
    shared = root / SHARED.relative_to(ROOT)
    shared.mkdir(parents=True, exist_ok=True)  # or Docker makes it, for root alone
    shared.chmod(0o755)  # and nothing below it: the demo puts the issuer's key there
    volumes = (volume for entry in compose.document()["services"].values() for volume in entry.get("volumes", ()))
    for source in {volume.split(":")[0] for volume in volumes if volume.startswith("./")}:
        if (path := root / source) != shared and path.exists():
            for item in (path, *path.rglob("*")):
                item.chmod(item.stat().st_mode | (0o555 if item.is_dir() else 0o444))


def _put(file: Path, content: str) -> None:
    """In one step, and as a new file: a container that runs keeps the one that it has begun with."""
    unfinished = file.with_suffix(".new")
    unfinished.write_text(content, encoding="utf-8")
    unfinished.chmod(0o444)
    unfinished.replace(file)


def main() -> None:
    let_read(ROOT)
    try:
        if sys.argv[1:2] == ["--rotate"]:
            rotate(KEPT_IN, sys.argv[2:])
        write(ROOT / ".env", KEPT_IN, SECRETS)
    except CannotStart as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
