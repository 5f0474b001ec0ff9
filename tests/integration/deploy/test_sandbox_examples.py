"""Do the worked subscribers under examples/, written from the documents alone, come through the player?"""

import base64
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys

import pytest

from deploy.local.place import ROOT
from deploy.sandbox import player
from tests.support.eventually import eventually
from tests.support.languages import LANGUAGES, copied

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_worked_subscriber_does_everything_that_can_be_seen(language, tmp_path, monkeypatch):
    example, report = LANGUAGES[language], tmp_path / "report.json"
    if shutil.which(example.needs) is None:
        pytest.skip(f"this machine has no {example.needs}: the subscriber in {language} is not tested here")
    folder = copied(language, tmp_path)
    if example.build:
        subprocess.run(example.build, cwd=folder, env=os.environ, check=True, timeout=200)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")

    code = player.main(["--run", shlex.join(example.start), "--report", str(report)])

    rows = json.loads(report.read_text(encoding="utf-8"))["behaviours"]
    assert {row["name"]: row["reason"] for row in rows if row["mark"] == "failed"} == {}
    assert [row["name"] for row in rows if row["mark"] == "not observed"] == ["feed-state"]
    assert code == 0


def test_the_worked_receiver_does_everything(tmp_path):
    secret, report = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode(), tmp_path / "report.json"
    address = f"http://127.0.0.1:{(port := a_free_port())}"
    command = [
        sys.executable,
        str(ROOT / "examples" / "python" / "receiver.py"),
        str(port),
        str(tmp_path / "events.db"),
    ]
    receiver = subprocess.Popen(
        command, env={**os.environ, "CLEARWATER_WEBHOOK_SECRET": secret}, stderr=subprocess.DEVNULL
    )
    try:
        eventually(lambda: accepts_connections(port))
        words = ["--to", f"{address}/hook", "--secret", secret, "--state", f"{address}/state", "--report", str(report)]
        code = player.main(words)
    finally:
        receiver.kill()
        receiver.wait()

    rows = json.loads(report.read_text(encoding="utf-8"))["behaviours"]
    assert {row["name"]: row["reason"] for row in rows if row["mark"] != "passed"} == {}
    assert code == 0


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
