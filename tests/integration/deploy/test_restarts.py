"""Does the supervisor restart a killed process of a service, and does the process work again?"""

from collections.abc import Iterator

import pytest

from deploy.local import processes, starting, system
from deploy.local.processes import Process
from tests.support.eventually import eventually
from tests.support.platform import Platform


@pytest.fixture
def relay(platform: Platform) -> Iterator[Process]:
    (declared,) = [each for each in processes.declared(platform.place) if each.name == "signing-relay"]
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
