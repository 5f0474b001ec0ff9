"""Does the supervisor restart a killed process of a service, and does the process work again?"""

import signal
from collections.abc import Iterator

import psutil
import pytest

from deploy.local import processes, rolling, starting, system
from deploy.local.place import CannotStart
from deploy.local.processes import Process
from tests.support.eventually import eventually
from tests.support.platform import Platform


@pytest.fixture
def relay(platform: Platform) -> Iterator[Process]:
    (declared,) = [item for item in processes.declared(platform.place) if item.name == "signing-relay"]
    system.migrate(platform.place, "signing")
    platform.supervisor.start(declared.name)
    eventually(lambda: starting.is_ready(declared))
    yield declared
    platform.supervisor.stop(declared.name)


def test_a_killed_process_is_started_again_and_becomes_ready(platform: Platform, relay: Process):
    before = platform.supervisor.pid(relay.name)

    platform.kill(relay.name)

    eventually(lambda: platform.supervisor.pid(relay.name) not in {0, before} and starting.is_ready(relay))
    assert platform.supervisor.states()[relay.name]["statename"] in {"STARTING", "RUNNING"}


@pytest.mark.parametrize("state", ["hangs", "is down"])
def test_one_process_is_restarted_by_a_handle_whether_it_hangs_or_is_down(
    platform: Platform, relay: Process, state: str
):
    before = platform.supervisor.pid(relay.name)
    if state == "hangs":
        psutil.Process(before).send_signal(signal.SIGSTOP)
    else:
        platform.supervisor.stop(relay.name)

    rolling.restart(platform.place, relay.name)

    assert starting.is_ready(relay)
    assert platform.supervisor.pid(relay.name) not in {0, before}


def test_one_process_is_stopped_by_a_handle_and_stays_down_until_it_is_restarted(platform: Platform, relay: Process):
    others = {name: state["pid"] for name, state in platform.supervisor.states().items() if name != relay.name}

    rolling.stop(platform.place, relay.name)

    assert platform.supervisor.states()[relay.name]["statename"] == "STOPPED"
    assert {name: platform.supervisor.pid(name) for name in others} == others
    rolling.restart(platform.place, relay.name)
    assert starting.is_ready(relay)


@pytest.mark.parametrize("handle", [rolling.restart, rolling.stop])
def test_an_unknown_process_is_answered_with_the_names_of_all_processes(platform: Platform, handle):
    with pytest.raises(CannotStart, match="PROCESS=signing is no process: choose one of postgres, kafka, issuer"):
        handle(platform.place, "signing")
