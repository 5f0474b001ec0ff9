"""Do the worked subscribers under examples/, written from the documents alone, come through the player?"""

import json
import os
import shlex
import shutil
import subprocess

import pytest

from deploy.sandbox import player
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
