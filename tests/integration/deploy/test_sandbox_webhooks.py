"""Does the player pass an endpoint that does everything, and name exactly what a broken one does wrong?"""

import base64
import json
from xml.etree import ElementTree as ET

import pytest

from deploy.sandbox import player
from deploy.sandbox.behaviours import BEHAVIOURS
from tests.support import endpoint

WEBHOOKS = [name for name, behaviour in BEHAVIOURS.items() if behaviour.part == "webhooks"]
FAULTS = {
    "twice": ["duplicate"],
    "order": ["order"],
    "watermark": ["late", "log-anew"],
    "numbers": ["log-anew"],
    "unsigned": ["signature", "timestamp"],
    "tolerant": ["timestamp"],
    "unknown": ["unknown"],
    "strict": ["grown"],
    "one-secret": ["rotation"],
    "silent": ["handshake"],
    "busy": ["in-time"],
    "dense": ["gap"],
    "empty": ["tombstone"],
    "untested": ["test-event"],
    "alone": ["side-by-side"],
}
SECRET = "whsec_" + base64.b64encode(endpoint.SECRET).decode()


def played(server, folder, *more: str) -> tuple[int, dict[str, str]]:
    """The exit code, and the mark of each behaviour."""
    report = folder / "report.json"
    words = ["--to", server.url, "--secret", SECRET, "--report", str(report), "--patience", "1", *more]
    code = player.main(words)
    rows = json.loads(report.read_text(encoding="utf-8"))["behaviours"]
    return code, {row["name"]: row["mark"] for row in rows}


def test_an_endpoint_that_does_everything_passes(tmp_path):
    junit = tmp_path / "report.xml"
    with endpoint.serving() as server:
        code, marks = played(server, tmp_path, "--state", f"{server.url}/state", "--junit", str(junit))

    suite = ET.parse(junit).getroot()
    assert (code, marks) == (0, dict.fromkeys(WEBHOOKS, "passed"))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (str(len(WEBHOOKS)), "0", "0")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_endpoint_fails_exactly_what_it_breaks(tmp_path, fault):
    with endpoint.serving(fault) as server:
        code, marks = played(server, tmp_path, "--state", f"{server.url}/state")

    assert code == 1
    assert [name for name, mark in marks.items() if mark != "passed"] == FAULTS[fault]


def test_every_behaviour_is_missing_in_some_broken_endpoint():
    """But `accepts`: who accepts nothing fails all of them."""
    assert {name for names in FAULTS.values() for name in names} == set(WEBHOOKS) - {"accepts"}


def test_behaviour_that_only_the_state_shows_is_not_passed_without_it(tmp_path):
    with endpoint.serving("twice") as server:
        code, marks = played(server, tmp_path)

    assert code == 0
    assert [name for name, mark in marks.items() if mark == "not observed"] == ["duplicate", "order", "late"]
