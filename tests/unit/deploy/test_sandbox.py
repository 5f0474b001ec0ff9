"""The player without a subscriber: its behaviours, its report, its command."""

import re
from xml.etree import ElementTree as ET

import pytest

from deploy.local.place import ROOT
from deploy.sandbox import player, webhooks
from deploy.sandbox.behaviours import BEHAVIOURS, PAGE
from deploy.sandbox.report import Report
from deploy.sandbox.scenes import SCENES
from deploy.sandbox.story import RESCISSION, SIGNING, Held, Story, held, unit_of

SECRET = "whsec_" + "AAAA" * 8


def test_every_behaviour_names_a_paragraph_that_the_page_has():
    headings = re.findall(r"^## (.*)$", (ROOT / PAGE).read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert {behaviour.paragraph for behaviour in BEHAVIOURS.values()} <= anchors


def test_every_behaviour_of_the_feed_has_a_scene_in_the_order_of_the_report():
    assert list(SCENES) == [name for name, behaviour in BEHAVIOURS.items() if behaviour.part == "feed"]


def test_a_story_makes_of_a_unit_what_its_events_say():
    story = Story()
    signed, rescinded = story.case(*SIGNING), story.case(*RESCISSION)

    assert held([*signed, *rescinded, story.tombstone()]) == {
        str(unit_of(signed)): Held("signed", len(SIGNING)),
        str(unit_of(rescinded)): Held("rescinded", len(RESCISSION)),
    }
    assert held([*signed, story.unknown(unit_of(signed))])[str(unit_of(signed))] == Held("signed", len(SIGNING) + 1)


def test_a_report_passes_only_what_was_observed_without_a_fault(tmp_path):
    report = Report(("feed",))
    assert not report.passed
    report.unseen("crash", "why")
    assert not report.passed
    report.judge("begins")
    assert report.passed
    report.judge("epoch", "a fault")
    report.judge("epoch")
    report.unseen("epoch", "too late")
    assert not report.passed

    report.write_junit(tmp_path / "report.xml")
    suite = ET.parse(tmp_path / "report.xml").getroot()
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["epoch"]
    assert int(suite.get("skipped", "")) == len(report.listed) - 2
    assert "a fault" in report.table()
    assert BEHAVIOURS["epoch"].advice in report.table()


@pytest.mark.parametrize("secret", ["whsec_", "whsec_%%%", "", "whsec_短"])
def test_a_secret_of_another_form_is_refused(secret):
    with pytest.raises(ValueError, match="whsec_"):
        webhooks.secret_of(secret)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--to", "http://127.0.0.1:9/hook"],
        ["--to", "http://127.0.0.1:9/hook", "--secret", "whsec_!"],
        ["--feed", "127.0.0.1:http"],
        ["--run", "a-command-that-is-not-there"],
    ],
)
def test_a_wrong_command_ends_with_two(words):
    with pytest.raises(SystemExit) as end:
        player.main(words)
    assert end.value.code == 2


def test_where_nobody_answers_the_rest_is_not_played(capsys):
    assert player.main(["--to", "http://127.0.0.1:9/hook", "--secret", SECRET, "--patience", "0.2"]) == 1
    assert "0 passed, 2 failed, 14 not observed" in capsys.readouterr().out
