"""Does the doctor see what is really wrong with a running platform, and nothing when nothing is?"""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from deploy.local import admin, rolling
from deploy.local.place import ROOT
from shared.events import topics
from tests.support import backups
from tests.support.eventually import eventually
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(400)


def examined(system: Platform) -> tuple[int, dict[str, str]]:
    """The exit code, and the place of each finding by its entry of the runbook."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.doctor", "--json"],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "LOCAL_DIR": str(system.place.local_dir), "PORT_BASE": str(system.place.port_base)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, {item["entry"]: item["place"] for item in json.loads(done.stdout)}


@contextmanager
def stopped(system: Platform, name: str):
    system.supervisor.stop(name)
    try:
        yield
    finally:
        system.supervisor.start(name)


def is_healthy(system: Platform) -> bool:
    code, found = examined(system)
    assert (code, found) == (0, {})
    return True


def test_a_consumer_that_is_stopped_or_paused_is_named_and_so_is_what_it_delays(system: Platform, samples) -> None:
    eventually(lambda: is_healthy(system))
    with stopped(system, "reporting-consumer"):
        code, found = examined(system)
        assert (code, found.get("ProcessDown")) == (2, "reporting-consumer")
        # Nobody but the service's API is left to say how old its pages are.
        late = eventually(lambda: examined(system)[1].get("ConsumerLate"), seconds=120)
        assert late.startswith("reporting reporting 44")
    eventually(lambda: is_healthy(system), seconds=120)

    paused = psutil.Process(system.supervisor.pid("notify-consumer"))
    paused.send_signal(signal.SIGSTOP)
    try:
        assert examined(system)[1].get("ProcessDown") == "notify-consumer"
    finally:
        paused.send_signal(signal.SIGCONT)
    eventually(lambda: is_healthy(system), seconds=120)


def test_a_broker_that_is_gone_is_one_finding_and_not_fifteen(system: Platform, samples) -> None:
    with stopped(system, "kafka"):
        code, found = examined(system)
        assert code == 2
        assert found.get("BrokerGone") == "kafka"
        assert "NotReady" not in found
    eventually(lambda: is_healthy(system), seconds=180)


def test_a_database_that_is_gone_is_named_before_what_it_explains(system: Platform, samples) -> None:
    """The drill of DatabaseUnreadable: every process goes on by itself."""
    with stopped(system, "postgres"):
        code, found = examined(system)
        assert code == 2
        # Loops end and are started again meanwhile.
        assert next(iter(found.items())) == ("DatabaseUnreadable", "postgres")
    eventually(lambda: is_healthy(system), seconds=180)


@pytest.mark.parametrize(
    ("name", "entry"), [("kafka", "BrokerGone"), ("postgres", "DatabaseUnreadable"), ("front-door", "FrontDoorDown")]
)
def test_a_server_that_is_paused_is_the_one_finding(system: Platform, samples, name: str, entry: str) -> None:
    """It accepts connections all the same, and whoever waits for it hangs. What the runbook says ends it: sessions of PostgreSQL that
    are paused too have to go on, the others are restarted.
    """
    with paused(system, name):
        code, found = examined(system)
        assert (code, found) == (2, {entry: name})
        if name != "postgres":  # the processes say it themselves
            eventually(lambda: is_shown(system, f'clearwater_reachable{{place="{name}"}} 0.0'))
    eventually(lambda: is_healthy(system), seconds=180)


@contextmanager
def paused(system: Platform, name: str):
    first = psutil.Process(system.supervisor.pid(name))
    every = [first, *first.children(recursive=True)]
    for process in every:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
        if name != "postgres":
            rolling.restart(system.place, name)
    finally:
        for process in every:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


def test_an_admin_that_is_dead_is_named_with_what_that_means(system: Platform, samples) -> None:
    """The drill of GrantsNotKept: what the runbook says ends it."""
    with stopped(system, "admin"):
        code, found = examined(system)
        assert (code, found) == (2, {"GrantsNotKept": "admin"})
    eventually(lambda: is_healthy(system), seconds=120)


@pytest.mark.parametrize(("name", "entry"), [("front-door", "FrontDoorDown"), ("issuer", "IssuerDown")])
def test_a_door_that_is_shut_is_named_and_shown_to_the_pager(system: Platform, samples, name: str, entry: str) -> None:
    """The drill of both: what the runbook says ends it."""
    with stopped(system, name):
        code, found = examined(system)
        assert (code, found) == (2, {entry: name})
        eventually(lambda: is_shown(system, f'clearwater_reachable{{place="{name}"}} 0.0'))
    eventually(lambda: is_healthy(system), seconds=120)
    eventually(lambda: is_shown(system, f'clearwater_reachable{{place="{name}"}} 1.0'))


def test_a_process_that_is_not_ready_is_named_and_shown_to_the_pager(system: Platform, samples) -> None:
    """The drill of SchemaBehind and NotReady: another version stands in the database, then the right one again."""
    with psycopg.connect(system.superuser_url("notify"), autocommit=True) as connection:
        (version,) = connection.execute("select version_num from alembic_version").fetchone() or ("",)
        connection.execute("update alembic_version set version_num = '0000'")
        try:
            found = eventually(lambda: {"SchemaBehind"} <= examined(system)[1].keys() and examined(system))
            assert found[0] == 2
            eventually(lambda: is_shown(system, 'clearwater_schema_served{process="notify-relay"} 0.0'))
            eventually(lambda: is_shown(system, 'clearwater_process_ready{process="notify-relay"} 0.0'))
        finally:
            connection.execute("update alembic_version set version_num = %s", [version])
    eventually(lambda: is_healthy(system), seconds=120)
    eventually(lambda: is_shown(system, 'clearwater_schema_served{process="notify-relay"} 1.0'))


def test_a_process_that_is_killed_again_and_again_is_named_with_the_number_of_its_starts(
    system: Platform, samples
) -> None:
    """The drill of ProcessRestarts: one look sees a process that is ready, so the watch counts. Silent when it has run for two minutes."""
    eventually(lambda: is_healthy(system), seconds=180)
    for _ in range(3):
        before = starts(system, "notify-relay")  # other drills of the last ten minutes have started it too
        psutil.Process(system.supervisor.pid("notify-relay")).kill()
        eventually(lambda seen=before: starts(system, "notify-relay") > seen, seconds=60)
    code, found = examined(system)
    assert (code, found) == (2, {"ProcessRestarts": "notify-relay"})
    eventually(lambda: is_healthy(system), seconds=180)


def test_a_topic_that_somebody_removes_is_named_and_written_again(system: Platform, samples) -> None:
    """The drill of TopicsUnseen: what the runbook says ends it."""
    name = topics.name(samples[0].code, "notify-message")
    with closing(admin.client(admin.as_admin(system.place))) as client:
        client.delete_topics([name])
    found = eventually(lambda: examined(system)[1].get("TopicsUnseen"), seconds=120)
    assert found == "reporting-consumer"
    eventually(lambda: is_shown(system, 'clearwater_topics_unseen{process="reporting-consumer"} 1.0'), seconds=30)

    handle(system, "district", samples[0].code)
    handle(system, "run", "notify", "republish")
    rolling.restart(system.place, "reporting-consumer")

    eventually(lambda: is_healthy(system), seconds=180)
    eventually(lambda: is_shown(system, 'clearwater_topics_unseen{process="reporting-consumer"} 0.0'), seconds=30)


def handle(system: Platform, *words: str) -> None:
    place = {"LOCAL_DIR": str(system.place.local_dir), "PORT_BASE": str(system.place.port_base)}
    command = [sys.executable, "-m", "deploy.local", *words]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def starts(system: Platform, process: str) -> int:
    """As the process watch has counted them."""
    [line] = [line for line in shown(system) if line.startswith(f'clearwater_process_starts{{process="{process}"}}')]
    return int(float(line.split()[-1]))


def is_shown(system: Platform, line: str) -> bool:
    found = shown(system)
    assert line in found, "\n".join(found)
    return True


def shown(system: Platform) -> list[str]:
    """By the process watch, as Prometheus reads it."""
    return httpx.get(f"{system.place.url('watch')}/metrics", timeout=10, trust_env=False).text.splitlines()


def test_an_archive_that_is_dead_is_named_and_goes_on_where_it_stopped(
    system: Platform, samples, tmp_path: Path
) -> None:
    """The drill of ArchiveStill."""
    with backups.archived(system, tmp_path / "backups"):
        eventually(lambda: is_healthy(system), seconds=120)
        with stopped(system, "archive"):
            code, found = examined(system)
            assert (code, found) == (2, {"ArchiveStill": "archive"})
        eventually(lambda: is_healthy(system), seconds=120)
    eventually(lambda: is_healthy(system), seconds=120)


def test_a_row_of_the_read_model_that_somebody_changes_is_named_until_a_rebuild(system: Platform, samples) -> None:
    """The drill of FiguresDiffer: what the runbook says ends it."""
    eventually(lambda: is_healthy(system), seconds=120)
    district = samples[0].code
    with psycopg.connect(system.superuser_url("reporting"), autocommit=True) as connection:
        connection.execute("update model.tallies set signed_units = signed_units + 1 where district = %s", [district])
    found = eventually(lambda: "FiguresDiffer" in examined(system)[1] and examined(system), seconds=120)
    assert found[0] == 2
    assert found[1]["FiguresDiffer"].startswith(district)

    handle(system, "run", "reporting", "rebuild")

    eventually(lambda: is_healthy(system), seconds=120)


def test_a_parked_key_is_named_with_its_consumer_and_its_district(system: Platform, samples) -> None:
    district = samples[0].code
    parked = """
        insert into parked (consumer, topic, key, epoch, sequence, event_id, type, headers, reason, district, parked_at)
        values ('signing', 'clearwater.t', 'k', 1, 1, gen_random_uuid(), 't', '{}', 'gap', %s, now() - interval '2 hours')
    """
    with psycopg.connect(system.superuser_url("signing"), autocommit=True) as connection:
        connection.execute(parked, [district])
        try:
            found = eventually(
                lambda: {"EventParked", "EventParkedForAnHour"} <= examined(system)[1].keys() and examined(system)
            )
            assert found[0] == 2
            assert found[1]["EventParkedForAnHour"] == f"signing signing {district}"
        finally:
            connection.execute("delete from parked where key = 'k'")
    eventually(lambda: is_healthy(system))
