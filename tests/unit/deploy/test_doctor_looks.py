"""Does the doctor look at every process that an installation has, and at no other?"""

import json
from pathlib import Path

import pytest

from deploy.declaration import ARCHIVE_FILE, SERVICES
from deploy.doctor import asking
from deploy.doctor.asking import Address, Answer
from deploy.doctor.findings import findings
from deploy.doctor.looking import look


class Dark:
    """An installation of which nothing answers."""

    front_url, bus_ca_file, events_leave_by = "http://127.0.0.1:1", "", "relay"

    def host(self, process: str) -> str:
        return "127.0.0.1"

    def port(self, name: str) -> int:
        return 1


@pytest.mark.parametrize("twice", [False, True])
def test_both_processes_of_an_api_are_looked_at_where_it_runs_twice(tmp_path: Path, twice: bool):
    seen = look(Dark(), tmp_path, apis_run_twice=twice)

    names = {process.name for process in seen.processes if process.ready is None}
    assert {"signing-api", "signing-consumer"} <= names
    assert {name for name in names if name.endswith("-2")} == (
        {f"{name}-api-2" for name in SERVICES} if twice else set()
    )


@pytest.mark.parametrize(("inside", "position"), [(True, 0), (True, 4096), (False, 4096)])
def test_in_containers_the_databases_say_whether_there_is_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool, position: int
):
    """The container of the doctor sees no file of this machine, and the archive that is dead has no address."""

    def answer(address: Address, path: str) -> Answer:
        if address.host == "archive":
            raise OSError("no such name")
        return Answer(200, f"clearwater_archive_position_bytes {position}.0\n" if path == "/metrics" else "ready", None)

    monkeypatch.setattr(asking, "answer", answer)
    monkeypatch.setattr(Dark, "host", lambda _, process: process)

    seen = look(Dark(), tmp_path, apis_run_twice=inside)

    assert [process.ready for process in seen.named("archive")] == ([None] if inside and position else [])


@pytest.mark.parametrize("way", ["relay", "debezium"])
def test_debezium_is_looked_at_where_events_leave_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str):
    monkeypatch.setattr(Dark, "events_leave_by", way)

    named = {finding.place for finding in findings(look(Dark(), tmp_path))}

    assert ("debezium" in named) == (way == "debezium")


def test_the_disk_of_the_backups_is_seen_while_the_archive_is_dead(tmp_path: Path):
    assert look(Dark(), tmp_path).disks == {}

    (tmp_path / ARCHIVE_FILE).write_text(json.dumps({"to": str(tmp_path)}))
    total, free = look(Dark(), tmp_path).disks["backups"]
    assert 0 < free <= total

    (tmp_path / ARCHIVE_FILE).write_text(json.dumps({"to": str(tmp_path / "not-mounted")}))
    assert look(Dark(), tmp_path).disks == {}
