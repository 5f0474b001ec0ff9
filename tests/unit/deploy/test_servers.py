"""Does the watch see what a server with its children takes, and nothing of another installation?"""

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from deploy.declaration import MARK
from deploy.doctor import servers

MEGABYTES = 40
# A server that has a child, as PostgreSQL and the front door have. Each says when it holds its memory.
_SERVER = f"""
import subprocess, sys
held = bytearray(b"x" * ({MEGABYTES} << 20))
if len(sys.argv) < 2:
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"])
    child = subprocess.Popen([sys.executable, sys.argv[0], "child"])
print("holds", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path) -> Iterator["subprocess.Popen[str]"]:
    program = tmp_path / "server.py"
    program.write_text(_SERVER)
    named = os.environ | {MARK: str(tmp_path), "SUPERVISOR_PROCESS_NAME": "kafka"}
    started = subprocess.Popen(
        [sys.executable, program], env=named, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout and [started.stdout.readline() for _ in range(2)] == ["holds\n"] * 2
    yield started
    started.communicate()


def figures(installation: object) -> dict[tuple[str, str], float]:
    return {(sample.fact.name, *sample.labels): sample.value for sample in servers.samples(str(installation))}


def test_a_server_is_seen_with_its_children(server, tmp_path):
    found = figures(tmp_path)

    assert found.keys() == {(servers.MEMORY.name, "kafka"), (servers.CPU.name, "kafka")}
    assert 2 * MEGABYTES < found[servers.MEMORY.name, "kafka"] / 2**20 < 4 * MEGABYTES
    assert found[servers.CPU.name, "kafka"] > 0


def test_processor_time_of_an_ended_child_is_kept(server, tmp_path):
    own = psutil.Process(server.pid).cpu_times()

    taken = figures(tmp_path)[servers.CPU.name, "kafka"]

    assert own.children_user > 0
    assert taken >= own.user + own.system + own.children_user + own.children_system


@pytest.mark.parametrize("installation", ["", "/another"])
def test_a_server_of_another_installation_is_not_seen(server, installation):
    assert figures(installation) == {}
