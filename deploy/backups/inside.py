"""What backup and restore do inside the containers' network, one command each.

    python -m deploy.backups.inside archive|take|keys|replay|districts|erasures|rewind|gone

The container `archive` runs it, as the user of PostgreSQL's own container, with the folder of backups at /backups.
Left to others: which of them is called when, and by whom (containers.py).
"""

import argparse
import os
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

from deploy.backups import archive, journals, kept, restoring, taking
from deploy.backups.kept import Kept
from deploy.backups.server import Server
from deploy.images import secret_files
from deploy.local import admin, postgres
from deploy.local.place import CannotStart
from shared.messaging import kafka

BACKUPS: Final = Path("/backups")
# Where the image postgres:18 keeps its cluster; the volume is its grandparent.
DATA: Final = Path("/var/lib/postgresql/18/docker")
_PORT = 5432


def main() -> int:
    options = _options()
    try:
        options.run(options)
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


def _archive(_: argparse.Namespace) -> None:
    to = Kept(BACKUPS)
    to.prepare()
    archive.run(_server(), to, bind=os.environ["BIND"], port=int(os.environ["PORT"]))


def _take(options: argparse.Namespace) -> None:
    """Keys and configuration come from the standard input, as an archive: they are on the machine, in no container."""
    to = Kept(BACKUPS)
    to.prepare()
    with tempfile.TemporaryDirectory() as folder:
        packed, configuration = Path(folder) / "keys.tar", Path(folder) / "configuration"
        with packed.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        taking.put_back(packed, configuration)
        taken = taking.take(_server(), to, configuration=configuration, keep=options.keep)
    print(f"{taken.folder.name} {taken.finished_at.isoformat()}")


def _keys(options: argparse.Namespace) -> None:
    source = Kept(BACKUPS)
    sys.stdout.buffer.write(source.keys(source.newest(options.at).folder.name).read_bytes())


def _replay(options: argparse.Namespace) -> None:
    source = Kept(BACKUPS)
    backup = source.newest(options.at)
    restoring.make_room([DATA], over=options.over)
    restoring.restore(restoring.Cluster(DATA, postgres.programs(), _PORT), source, backup, at=options.at)
    print(backup.folder.name)


def _districts(_: argparse.Namespace) -> None:
    for district in journals.districts(_server()):
        print(district)


def _erasures(_: argparse.Namespace) -> None:
    """Whoever restores may not be allowed to look into the folder."""
    for line in kept.lines(Kept(BACKUPS).erasures):
        print(line["person_id"])


def _rewind(options: argparse.Namespace) -> None:
    kafka.rewind(admin.as_named(secret_files.read()), options.service)


def _gone(options: argparse.Namespace) -> None:
    source = Kept(BACKUPS)
    for _, line in journals.gone(_server(), source, source.newest(options.at), options.service):
        print(line)


def _server() -> Server:
    return Server("postgres", _PORT, secret_files.read()["POSTGRES_PASSWORD"], postgres.programs())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.backups.inside")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("archive").set_defaults(run=_archive)
    commands.add_parser("districts").set_defaults(run=_districts)
    commands.add_parser("erasures").set_defaults(run=_erasures)
    for name, run in (("take", _take), ("keys", _keys), ("replay", _replay), ("rewind", _rewind), ("gone", _gone)):
        commands.add_parser(name).set_defaults(run=run)
    take, keys, replay, rewind, gone = (commands.choices[name] for name in ("take", "keys", "replay", "rewind", "gone"))
    take.add_argument("--keep", type=int, required=True)
    for command in (keys, replay, gone):
        command.add_argument("--at", type=datetime.fromisoformat)
    replay.add_argument("--over", action="store_true")
    for command in (rewind, gone):
        command.add_argument("service")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
