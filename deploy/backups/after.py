"""What the services need after their databases went back to an earlier moment: before the first of them starts, and when all run.

    exchange log closed, new epochs ─▶ the forgotten are forgotten again ─▶ topics written again from the journals
    ─▶ what was lost is named ─▶ everything starts ─▶ the exchange log begins anew

Invariant: an event that the archive or a topic knows and no journal has any more is named by its id, type, key and number.
Left to others: what an installation is (local.py, containers.py); the commands themselves, which a person can also call (deploy/README.md).
"""

import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from deploy.backups import kept
from deploy.backups.journals import LOST
from deploy.declaration import SERVICES
from deploy.local import starting
from deploy.local.place import CannotStart
from shared.events import topics as names

REPORTING: Final = "reporting"


class Installation(Protocol):
    """One whose broker and PostgreSQL run, and no service does."""

    def make_topics(self) -> None:
        """Of every district that the registry knows."""

    def rewind(self, service: str) -> None:
        """Its consumers begin at the first record."""

    def run(self, service: str, *command: str) -> list[str]:
        """The lines that a service's own command prints; lines of its log are not among them. Raises CannotStart."""

    def forget_again(self) -> list[str]:
        """What `registry forget-again` says of the list of erasures; nothing where there is no list."""

    def gone(self, service: str) -> Mapping[str, str]:
        """By event id: the line of each event that the archive's list has and the restored journal has not."""


def settle(restored: Installation, backup: str) -> list[str]:
    """Lines for a person; those that begin with `lost: ` name one event each. Raises CannotStart."""
    restored.make_topics()
    emitting = [service for service in SERVICES if names.written_by(service)]
    for service in SERVICES.keys() - set(emitting):
        restored.rewind(service)
    # Log numbers that were given after the moment come again with other events: agencies read under a new epoch, or not at all.
    restored.run(REPORTING, "close-log")
    reason = f"restored from {backup}"
    starting.side_by_side(*(partial(restored.run, service, "new-epoch", "--reason", reason) for service in emitting))
    # Before the topics: the wrapped key of a forgotten person is not written to one again.
    erased = restored.forget_again()
    again = [(service, restored.run(service, "republish")) for service in emitting]
    lost = {line.split()[1]: line for _, lines in again for line in lines if line.startswith(LOST)}
    for service in emitting:
        lost |= restored.gone(service)
    return [
        *(f"{service}: {line}" for service, lines in again for line in lines if not line.startswith(LOST)),
        *(f"erasures: {line}" for line in erased),
        f"{len(lost)} events are lost",
        *(lost[event_id] for event_id in sorted(lost)),
    ]


def finish(restored: Installation) -> list[str]:
    """When everything runs. Lines for a person. Raises CannotStart."""
    return [f"{REPORTING}: {line}" for line in restored.run(REPORTING, "fill-log")]


def report(folder: Path, lines: Sequence[str]) -> list[str]:
    """Keeps all lines in the folder. Returns those that a person has to know now."""
    file = folder / f"restored-{kept.stamp(datetime.now(UTC))}.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [*(line for line in lines if not line.startswith(LOST)), f"All lines are in {file}."]


def printed(command: str, service: str, done: "subprocess.CompletedProcess[str]") -> list[str]:
    """The lines of a service's own command. Raises CannotStart with the last one."""
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("{")]
    if done.returncode:
        last = ([*lines, *done.stderr.strip().splitlines()] or ["no reason given"])[-1]
        raise CannotStart(f"{command} of {service} fails: {last}")
    return lines
