"""Backup and restore of the containers of docker-compose.yml, by one call each, from the machine that they run on.

    backup    the container `archive` writes every change and, when it is called, a base backup; the keys come from .local-containers
    restore   keys ─▶ PostgreSQL's volume ─▶ databases, users, migrations ─▶ after.py ─▶ everything starts

Invariant: the folder of backups belongs to the user of PostgreSQL's own container, the one that may read a cluster's files.
Left to others: what is done inside the containers (inside.py).
"""

import io
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from backports import tarfile

from deploy.backups import after, inside, journals, kept, restoring, taking
from deploy.declaration import ARCHIVE, ARCHIVE_FILE, SERVICES
from deploy.images import secrets
from deploy.images.running import KEPT_IN, POSTGRES_USER, SECRETS, docker, docker_bytes, last_line
from deploy.local import progress
from deploy.local.place import ROOT, CannotStart

_INSIDE: Final = "deploy.backups.inside"
_KEYS: Final = "secrets.json"


def backup(to: Path, *, keep: int) -> str:
    """The name of the backup, and when it was finished. Raises CannotStart."""
    if not _compose("ps", "--quiet", "postgres").strip():
        raise CannotStart("The containers do not run: `docker compose up -d --wait` first.")
    _give_folder(to)
    (KEPT_IN / ARCHIVE_FILE).write_text(json.dumps({"to": str(to.resolve())}))
    _write_environment()
    with progress.step("archive of the write-ahead log"):
        _compose("up", "--detach", "--no-deps", "--wait", ARCHIVE)
    with progress.step("base backup, keys and configuration"):
        return _inside("take", "--keep", str(keep), sent=_packed()).strip()


def restore(source: Path, *, at: datetime | None, over: bool) -> list[str]:
    """Returns what a person has to know; it is also kept in .local-containers. Raises CannotStart."""
    if _compose("ps", "--quiet").strip():
        raise CannotStart("The containers run: `docker compose down` first.")
    moment = ["--at", at.isoformat()] if at else []
    with progress.step("images"):
        _compose("build", "--quiet")
    with progress.step("databases, from the base backup and the write-ahead log"):
        _put_back_keys(source, moment, over=over)
        _compose("create", "--no-recreate", "postgres")  # its volume, with the owner that its image gives it
        name = _inside("replay", *moment, *(["--over"] if over else [])).strip()
    with progress.step("PostgreSQL, broker, users and schemas"):
        _compose("up", "--detach", "--wait", "postgres", "kafka")
        for step in ("databases", "users", "topics", *(f"{service}-migrate" for service in SERVICES)):
            _compose("run", "--rm", "-T", "--no-deps", step)
    with progress.step("epochs, erasures and topics"):
        installation = _Restored(source, moment)
        lines = after.settle(installation, name)
    # The archive begins again with the next base backup: what is written until then would be a gap in it.
    (KEPT_IN / ARCHIVE_FILE).unlink()
    _write_environment()
    with progress.step("all containers"):
        _compose("up", "--detach", "--wait")
    lines += after.finish(installation)
    return after.report(KEPT_IN, lines)


@dataclass(frozen=True)
class _Restored:
    """after.Installation. `moment`: the option of the commands inside."""

    source: Path
    moment: list[str]

    def make_topics(self) -> None:
        _compose("run", "--rm", "-T", "--no-deps", "topics", "deploy.images.topics", *_inside("districts").split())

    def rewind(self, service: str) -> None:
        _compose("run", "--rm", "-T", "--no-deps", "topics", _INSIDE, "rewind", service)

    def run(self, service: str, *command: str, mounted: str = "") -> list[str]:
        volume = ["--volume", mounted] if mounted else []
        done = docker("compose", "run", "--rm", "-T", "--no-deps", *volume, f"{service}-migrate", *command)
        return after.printed(command[0], service, done)

    def forget_again(self) -> list[str]:
        if not _inside("erasures").split():
            return []
        erasures = kept.Kept(self.source.resolve()).erasures
        return self.run("registry", "forget-again", "/erasures.jsonl", mounted=f"{erasures}:/erasures.jsonl:ro")

    def gone(self, service: str) -> Mapping[str, str]:
        lines = _inside("gone", *self.moment, service).splitlines()
        return {line.split()[1]: line for line in lines if line.startswith(journals.LOST)}


def _give_folder(to: Path) -> None:
    """Raises CannotStart where this user may not give it away."""
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    if to.stat().st_uid == POSTGRES_USER:
        return
    try:
        os.chown(to, POSTGRES_USER, POSTGRES_USER)
    except PermissionError as refusal:
        raise CannotStart(
            f"{to} must belong to the user of PostgreSQL's container: sudo chown {POSTGRES_USER}:{POSTGRES_USER} {to}"
        ) from refusal


def _packed() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(KEPT_IN / _KEYS, arcname=_KEYS)
    return packed.getvalue()


def _put_back_keys(source: Path, moment: list[str], *, over: bool) -> None:
    """From a container that needs no secret: on an empty machine there is none yet."""
    read = _carried_out(
        "run", "--rm", "--user", f"{POSTGRES_USER}:{POSTGRES_USER}", "--volume", f"{source.resolve()}:{inside.BACKUPS}:ro",
        "clearwater/platform:local", _INSIDE, "keys", *moment,
    )  # fmt: skip
    restoring.make_room([KEPT_IN / _KEYS], over=over)
    if over:
        shutil.rmtree(SECRETS, ignore_errors=True)
    KEPT_IN.mkdir(mode=0o700, exist_ok=True)
    packed = KEPT_IN / "keys.tar"
    packed.touch(mode=0o600)
    packed.write_bytes(read)
    taking.put_back(packed, KEPT_IN)
    packed.unlink()
    (KEPT_IN / ARCHIVE_FILE).write_text(json.dumps({"to": str(source.resolve())}))
    _write_environment()


def _write_environment() -> None:
    secrets.write(ROOT / ".env", KEPT_IN, SECRETS)


def _inside(*command: str, sent: bytes = b"") -> str:
    return _carried_out("compose", "run", "--rm", "-T", "--no-deps", ARCHIVE, _INSIDE, *command, sent=sent).decode()


def _compose(*command: str) -> str:
    return _carried_out("compose", *command).decode()


def _carried_out(*command: str, sent: bytes = b"") -> bytes:
    """Raises CannotStart with the last line that it wrote."""
    done = docker_bytes(*command, sent=sent)
    if done.returncode:
        raise CannotStart(last_line(done.stderr.decode(errors="replace")))
    return done.stdout
