"""python -m deploy.backups backup --to … | restore --from … | archive: behind `make backup`, `make restore` and the archive process."""

import argparse
import sys
from datetime import datetime
from pathlib import Path

from deploy.backups import containers, local
from deploy.local import place, progress
from deploy.local.place import CannotStart, Place


def main() -> int:
    options = _options()
    try:
        return int(options.run(place.from_environment(), options))
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2


def _backup(installation: Place, options: argparse.Namespace) -> int:
    if options.containers:
        progress.say(f"{containers.backup(options.to, keep=options.keep)}: whole, and to any moment after it")
        return 0
    taken = local.backup(installation, options.to, keep=options.keep)
    progress.say(f"{taken.folder}: whole, and to any moment after {taken.finished_at:%Y-%m-%d %H:%M:%S} UTC")
    return 0


def _restore(installation: Place, options: argparse.Namespace) -> int:
    if options.containers:
        lines = containers.restore(options.source, at=options.at, over=options.over)
    else:
        lines = local.restore(installation, options.source, at=options.at, over=options.over)
    for line in lines:
        progress.say(line)
    progress.say("It runs. Take a new backup now: the archive begins with it.")
    return 0


def _archive(installation: Place, _: argparse.Namespace) -> int:
    local.run_archive(installation)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.backups", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    backup = commands.add_parser("backup")
    backup.add_argument("--to", type=_folder, required=True, help="a folder on another disk")
    backup.add_argument("--keep", type=_count, default=7, help="how many base backups stay")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore")
    restore.add_argument(
        "--from", dest="source", type=_folder, required=True, help="the folder that backups were made to"
    )
    restore.add_argument("--at", type=_instant, help="such as 2026-11-28T03:15:00+08:00; the last moment when left out")
    restore.add_argument("--over", action="store_true", help="move an installation that is there aside")
    restore.set_defaults(run=_restore)
    for command in (backup, restore):
        command.add_argument("--containers", action="store_true", help="those of docker-compose.yml")
    commands.add_parser("archive").set_defaults(run=_archive)
    return parser.parse_args()


def _folder(value: str) -> Path:
    if not value:
        raise argparse.ArgumentTypeError("name a folder: make backup TO=/mnt/backups, make restore FROM=/mnt/backups")
    return Path(value)


def _count(value: str) -> int:
    if not value.isdigit() or int(value) < 1:
        raise argparse.ArgumentTypeError("a number from 1 on")
    return int(value)


def _instant(value: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError("an instant such as 2026-11-28T03:15:00+08:00") from None
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError("an instant with its offset from UTC, such as +08:00")
    return at


if __name__ == "__main__":
    sys.exit(main())
