"""Does the player pass a reader of the feed that does everything, and name exactly what a broken one does wrong?"""

import json
import shlex
import sys
from pathlib import Path

import pytest

from deploy.local.place import ROOT
from deploy.sandbox import player
from deploy.sandbox.behaviours import BEHAVIOURS

FEED = [name for name, behaviour in BEHAVIOURS.items() if behaviour.part == "feed"]
READER = ROOT / "tests" / "support" / "reader.py"
FAULTS = {
    "impatient": ["retry-after"],
    "unknown": ["feed-unknown"],
    "strict": ["feed-grown"],
    "data": ["feed-tombstone"],
    "forgets": ["crash"],
    "deaf": ["filter"],
    "early": ["cut-off"],
    "hasty": ["slow"],
    "trusting": ["snapshot"],
    "stale": ["token"],
    "sated": ["gaps"],
    "counting": ["feed-state"],
    "stops": ["epoch"],
}


# Several at once, as a run takes seconds; who stops at the epoch is not asked for more.
TOGETHER = [
    ("impatient", "unknown", "forgets"),
    ("strict", "early", "deaf", "counting"),
    ("data", "hasty", "trusting"),
    ("stale", "sated", "stops"),
]


def played(folder: Path, *faults: str) -> tuple[int, dict[str, str]]:
    """The exit code, and the mark of each behaviour."""
    state, report = folder / "state.json", folder / "report.json"
    command = shlex.join([sys.executable, "-P", str(READER), str(state), *faults])
    words = ["--run", command, "--state", str(state), "--report", str(report), "--slow", "2", "--patience", "20"]
    code = player.main(words)
    rows = json.loads(report.read_text(encoding="utf-8"))["behaviours"]
    return code, {row["name"]: row["mark"] for row in rows}


def test_a_reader_that_does_everything_passes(tmp_path):
    assert played(tmp_path) == (0, dict.fromkeys(FEED, "passed"))


@pytest.mark.parametrize("faults", TOGETHER, ids="+".join)
def test_a_broken_reader_fails_exactly_what_it_breaks(tmp_path, faults):
    code, marks = played(tmp_path, *faults)

    assert code == 1
    broken = {name for fault in faults for name in FAULTS[fault]}
    assert {name for name, mark in marks.items() if mark == "failed"} == broken
    unseen = FEED[FEED.index("epoch") + 1 :] if "stops" in faults else []
    assert [name for name, mark in marks.items() if mark == "not observed"] == unseen


def test_a_reader_of_few_types_is_judged_by_what_it_asks_for(tmp_path):
    code, marks = played(tmp_path, "narrow")

    assert code == 0
    assert [name for name, mark in marks.items() if mark != "passed"] == ["feed-unknown", "feed-tombstone", "filter"]


def test_every_fault_is_played():
    assert sorted(fault for faults in TOGETHER for fault in faults) == sorted(FAULTS)
