"""Does the doctor see what is really wrong with a running platform, and nothing when nothing is?"""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from deploy.local.place import ROOT
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


def test_an_admin_that_is_dead_is_named_with_what_that_means(system: Platform, samples) -> None:
    """The drill of GrantsNotKept: what the runbook says ends it."""
    with stopped(system, "admin"):
        code, found = examined(system)
        assert (code, found) == (2, {"GrantsNotKept": "admin"})
    eventually(lambda: is_healthy(system), seconds=120)


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
