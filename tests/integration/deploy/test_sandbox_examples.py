"""Do the worked subscribers under examples/, written from the documents alone, come through the player?"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from deploy.local.place import ROOT
from deploy.sandbox import player
from deploy.sandbox.behaviours import PAGE
from tests.support.languages import LANGUAGES, copied
from tests.support.ports import free_port

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


def test_the_step_that_the_page_shows_leads_the_worked_receiver_through_the_player(tmp_path):
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    steps = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    step = next(step for step in steps if "receiver.py" in step["run"])
    script = step["run"].replace("9000", str(free_port()))
    for file in ("/tmp/events.db", "hooks.xml"):
        script = script.replace(file, str(tmp_path / Path(file).name))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **step["env"], "PATH": path, "PYTHONPATH": ""}

    with subprocess.Popen(["bash", "-e", "-c", script], cwd=ROOT, env=environment, start_new_session=True) as job:
        code = job.wait(timeout=200)
        os.killpg(job.pid, signal.SIGKILL)  # the receiver

    suite = ET.parse(tmp_path / "hooks.xml").getroot()
    assert [case.get("name") for case in suite if len(case)] == []
    assert (code, suite.get("failures"), suite.get("skipped")) == (0, "0", "0")
