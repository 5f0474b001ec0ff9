"""Does an interrupted start or stop leave no process behind? Runs beside the session's own installation."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT, SIGKILL

import psutil
import psycopg
import pytest

from deploy.declaration import PORTS
from deploy.local import admin, system, topics
from deploy.local.place import ROOT, CannotStart, Place
from deploy.local.supervise import members
from tests.support import platform as platforms
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(300)  # each starts a broker of its own


@pytest.fixture(scope="module")
def beside() -> Iterator[Place]:
    """The directory and the ports of a second installation."""
    place = platforms.somewhere()
    yield place
    platforms.stop(place)


@pytest.fixture
def own(beside: Place) -> Platform:
    """Starts PostgreSQL and Kafka of the second installation, with the files of the previous test."""
    return Platform(beside, system.start_platform(beside))


@pytest.fixture
def neighbours(platform: Platform) -> Iterator[set[int]]:
    """Asserts that the processes of the session's installation are unchanged after each test."""
    before = supervised(platform)
    yield before
    assert supervised(platform) == before


def test_up_clears_what_a_killed_supervisor_left_and_ctrl_c_clears_what_up_started(own: Platform, neighbours):
    left = running(own.place)
    os.kill(int(own.place.path("supervisord.pid").read_text()), SIGKILL)

    up = command("up", own.place)
    until(up, "stopping what was left without a supervisor: ")
    assert alive(left) == []

    until(up, "databases and roles: ")
    started = running(own.place)
    names = {psutil.Process(pid).name() for pid in started}
    assert {"java", "postgres"} <= names
    assert len(started) > len(supervised(own))  # PostgreSQL's own children among them
    up.send_signal(SIGINT)

    output = up.communicate()[1]
    assert (up.returncode, output) == (130, "Interrupted: everything that was started has been stopped.\n")
    assert alive(started) == []
    assert members(own.place) == []


def test_two_installations_share_nothing_and_stop_separately(platform: Platform, own: Platform, neighbours):
    """Ctrl-C during a stop does not interrupt the stop."""
    assert ports(own.place).isdisjoint(ports(platform.place))
    assert not own.place.local_dir.is_relative_to(platform.place.local_dir)
    assert running(own.place).isdisjoint(running(platform.place))
    before, theirs = databases(platform), platform.topics()
    with psycopg.connect(own.empty("signing").owner) as connection:
        connection.execute("create table only_here (number int)")
    assert topics.create(admin.as_admin(own.place), theirs)  # a district that the other one has already

    started = running(own.place)
    down = command("down", own.place)
    until(down, "stopping all of")
    down.send_signal(SIGINT)
    down.send_signal(SIGINT)

    output = down.communicate()[1]
    assert (down.returncode, output) == (0, "")
    assert (alive(started), members(own.place)) == ([], [])
    assert topics.create(admin.as_admin(platform.place), theirs) == []
    assert databases(platform) == before


def databases(of: Platform) -> set[str]:
    with psycopg.connect(of.superuser_url()) as connection:
        return {name for (name,) in connection.execute("select datname from pg_database")}


def test_a_second_up_says_that_it_already_runs(platform: Platform, neighbours):
    refused = command("up", platform.place)

    output = refused.communicate()[1]
    assert refused.returncode == 2
    assert output.startswith(f"Already running from {platform.place.local_dir}: ")
    assert output.count("\n") == 1


def test_a_busy_port_is_named_with_its_process(platform: Platform, neighbours, tmp_path: Path):
    refused = command("up", Place(tmp_path, platform.place.port_base))

    output = refused.communicate()[1]
    port = platform.place.port("postgres")
    assert refused.returncode == 2
    assert output.startswith(f"Port {port}, wanted for postgres, is taken by postgres (process ")
    assert output.count("\n") == 1
    assert members(Place(tmp_path, 0)) == []


def test_a_failed_migration_is_named_with_its_message(platform: Platform):
    nowhere = platform.empty("registry").owner + "_that_nobody_made"

    with pytest.raises(CannotStart) as refusal:
        system.migrate(platform.place, "registry", DATABASE_URL_OWNER=nowhere)

    assert str(refusal.value).startswith("The migrations of registry fail: ")
    assert "_that_nobody_made" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def command(name: str, place: Place) -> "subprocess.Popen[str]":
    moved = {"PORT_BASE": str(place.port_base), "LOCAL_DIR": str(place.local_dir), "PYTHONUNBUFFERED": "1"}
    # As at a terminal: what a shell starts in the background ignores Ctrl-C, and so would its children.
    hears_ctrl_c = ["env", "--default-signal=INT"]
    return subprocess.Popen(
        [*hears_ctrl_c, sys.executable, "-m", "deploy.local", name],
        cwd=ROOT, env=os.environ | moved, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def until(process: "subprocess.Popen[str]", beginning: str) -> None:
    """Reads its output until a line starts with the text. The test's timeout bounds it."""
    seen = []
    for line in process.stdout or ():
        seen.append(line)
        if line.strip().startswith(beginning):
            return
    raise AssertionError(f"{beginning!r} never came: {seen} {process.communicate()[1]}")


def ports(place: Place) -> set[int]:
    return {place.port(port) for port in PORTS}


def alive(pids: set[int]) -> list[int]:
    """The live processes. A zombie without a parent may stay in the table until process 1 reaps it."""
    found = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    return [item.pid for item in found if item.status() != psutil.STATUS_ZOMBIE]


def running(place: Place) -> set[int]:
    return {member.pid for member in members(place)}


def supervised(platform: Platform) -> set[int]:
    return {state["pid"] for state in platform.supervisor.states().values() if state["pid"]}
