"""Does a real Alertmanager with our routes tell the right people, keep quiet about what follows from another alert, and during an upgrade?

Mail arrives at a real mail server, WeCom's messages at a server that answers as WeCom's does.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.images import monitoring
from deploy.local.place import ROOT
from deploy.prometheus import silencing
from tests.support import alertmanager
from tests.support.alertmanager import Alertmanager, Labels
from tests.support.eventually import eventually

pytestmark = pytest.mark.skipif(
    not alertmanager.PROGRAM,
    reason="this machine has no Alertmanager (Debian: prometheus-alertmanager): nothing is routed here",
)
OURS = (ROOT / "deploy/prometheus/alertmanager.yml").read_text("utf-8")
ON_CALL, TICKETS = "on-call@clearwater.example", "operations@clearwater.example"
PAGE = {"alertname": "WallStale", "severity": "page", "district": "440303"}
TICKET = {"alertname": "EventParked", "severity": "ticket", "district": "440303", "consumer": "notify"}
PLACES = ("district", "service", "consumer", "place", "process")  # labels that say where
ALERTS: dict[str, str] = {
    rule["alert"]: rule["labels"]["severity"]
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
INHIBITIONS: list[dict[str, Any]] = yaml.safe_load(OURS)["inhibit_rules"]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Alertmanager]:
    with alertmanager.started(OURS, tmp_path) as started:
        yield started


def subjects(running: Alertmanager, to: str) -> list[str]:
    return [mail.subject for mail in running.mails(to)]


def test_a_page_wakes_people_by_mail_and_wecom_and_a_ticket_waits_in_a_mailbox(running: Alertmanager) -> None:
    running.post([PAGE, TICKET])

    (paged,) = eventually(lambda: subjects(running, ON_CALL))
    (noted,) = eventually(lambda: subjects(running, TICKETS))
    (message,) = eventually(lambda: running.wecom.messages)
    assert paged.startswith("[FIRING:1] WallStale")
    assert noted.startswith("[FIRING:1] EventParked")
    (token,) = running.wecom.tokens
    assert token == {"corpid": ["the-corporation-id"], "corpsecret": ["the-secret-of-the-agent"]}
    assert (message["agentid"], message["toparty"]) == ("the-agent-id", "the-party-id")
    assert "WallStale" in str(message)

    running.post([PAGE], over=True)

    eventually(lambda: subjects(running, ON_CALL)[0].startswith("[RESOLVED] WallStale"))
    eventually(lambda: len(running.wecom.messages) == 2)
    assert subjects(running, TICKETS) == [noted]


def test_every_alert_of_ours_reaches_the_receiver_of_its_severity_and_no_other(running: Alertmanager) -> None:
    posted = [
        {"alertname": name, "severity": severity, **dict.fromkeys(PLACES, name)} for name, severity in ALERTS.items()
    ]
    # What explains these is open, whatever service or district they name.
    muted = {"SigningErrorsPersist", "SigningSlowPersists", "GrantsNotKept", "SignInRefused"}
    muted |= {"OutboxStuck", "ConsumerLate", "ConsumerBehind", "WallStale", "ReconcilerStill"}
    muted |= {"ProcessRestarts", "DatabaseUnreadable", "FactsUnreadable", "NotReady"}
    explain = {"SigningUnavailable", "SigningSlow", "GrantsRefused", "IssuerDown", "BrokerGone", "ConnectionsUsedUp"}
    running.post([labels for labels in posted if labels["alertname"] in explain])
    eventually(lambda: are_named(running, ON_CALL, explain))
    running.post(posted)
    eventually(lambda: {labels["alertname"] for labels in running.muted("inhibitedBy")} == muted)

    expected = {
        receiver: {name for name, severity in ALERTS.items() if severity == wanted} - muted
        for receiver, wanted in ((ON_CALL, "page"), (TICKETS, "ticket"))
    }
    for receiver, names in expected.items():
        eventually(lambda to=receiver, whole=names: are_named(running, to, whole))


def are_named(running: Alertmanager, to: str, names: set[str]) -> bool:
    assert named(running, to) == names
    return True


def named(running: Alertmanager, to: str) -> set[str]:
    return {
        name for subject in subjects(running, to) for name in re.findall(r"\b[A-Z][a-z]\w+", subject)
    } & ALERTS.keys()


def test_in_containers_every_alert_is_a_mail_in_the_platforms_mailbox(tmp_path: Path) -> None:
    with alertmanager.started(monitoring.routes(), tmp_path) as running:
        running.post([PAGE, TICKET])

        eventually(lambda: (named(running, ON_CALL), named(running, TICKETS)) == ({"WallStale"}, {"EventParked"}))
        assert running.wecom.messages == []


@pytest.mark.parametrize(
    "rules",
    [[rule for rule in INHIBITIONS if "equal" in rule], [rule for rule in INHIBITIONS if "equal" not in rule]],
    ids=["in one place", "everywhere"],
)
def test_an_alert_that_follows_from_another_one_notifies_nobody(
    running: Alertmanager, rules: list[dict[str, Any]]
) -> None:
    sources, targets, strangers = [], [], []
    for number, rule in enumerate(rules):
        equal = tuple(rule.get("equal", ()))
        sources += alerts(rule["source_matchers"], f"source-{number:02}", same=equal, number=number)
        targets += alerts(rule["target_matchers"], f"target-{number:02}", same=equal, number=number)
        if equal:
            strangers += alerts(rule["target_matchers"], f"stranger-{number:02}", same=(), number=number)
    running.post(sources)
    first = {labels["which"] for labels in sources}
    eventually(lambda: first <= mailed(running) | inhibited(running))
    running.post([*targets, *strangers])

    kinds = {labels["which"] for labels in strangers}
    eventually(lambda: kinds <= mailed(running), seconds=90)
    wanted = {labels["which"] for labels in targets}
    assert len(wanted) == len(rules) > 0
    assert wanted <= inhibited(running)
    assert not kinds & inhibited(running)
    assert not wanted & mailed(running)


def down(role: str, service: str = "signing") -> Labels:
    return {
        "alertname": "ProcessDown",
        "severity": "page",
        "service": service,
        "role": role,
        "instance": f"{service}-{role}",
    }


def about(alert: str, service: str = "signing", **labels: str) -> Labels:
    return {"alertname": alert, "severity": "page", "service": service, **labels}


def test_the_database_that_is_gone_is_named_and_not_the_processes_that_end_without_it(running: Alertmanager) -> None:
    named = [about("DatabaseUnreadable"), down("api"), down("relay", "notify")]
    running.post(named)
    eventually(lambda: {"DatabaseUnreadable", "ProcessDown"} <= set(named_to(running)))
    explained = [down("relay"), down("consumer"), down("worker"), about("NotReady"), about("SigningUnavailable", "")]
    running.post(explained)

    eventually(lambda: is_same(running.muted("inhibitedBy"), explained))


def test_a_process_that_is_down_explains_what_its_role_moves_and_nothing_else(running: Alertmanager) -> None:
    """A dead worker says nothing about events that do not leave, a dead relay nothing about what a consumer has not read."""
    running.post([down("worker"), down("relay", "notify"), down("consumer", "registry")])
    eventually(lambda: "ProcessDown" in named_to(running))
    explained = [about("OutboxStuck", "notify"), about("ConsumerLate", "registry"), about("ConsumerBehind", "registry")]
    others = [
        about("OutboxStuck"),
        about("ConsumerLate"),
        about("ConsumerLate", "notify"),
        about("OutboxStuck", "registry"),
    ]
    running.post([*explained, *others])

    eventually(lambda: {"OutboxStuck", "ConsumerLate"} <= set(named_to(running)))
    assert is_same(running.muted("inhibitedBy"), explained)


def is_same(found: list[Labels], wanted: list[Labels]) -> bool:
    def place(labels: Labels) -> tuple[str, ...]:
        return tuple(labels.get(name, "") for name in ("alertname", "service", "role"))

    return sorted(map(place, found)) == sorted(map(place, wanted))


def named_to(running: Alertmanager) -> set[str]:
    return named(running, ON_CALL)


def test_the_heartbeat_goes_out_again_and_again_to_whoever_waits_for_it_and_to_nobody_else(
    running: Alertmanager,
) -> None:
    """Also during an upgrade: a silent heartbeat is an alarm."""
    with silencing.silenced(running.address, comment="upgrade"):
        running.post([{"alertname": "Watchdog", "severity": "heartbeat"}])

        eventually(lambda: len(running.wecom.heartbeats) >= 2)
    assert set(running.wecom.heartbeats) == {"Watchdog"}
    assert (running.mails(ON_CALL), running.mails(TICKETS)) == ([], [])


def alerts(matchers: list[str], which: str, *, same: Sequence[str], number: int) -> list[Labels]:
    """Alerts that these matchers select, one for each name. Their places are their own, but for the `same` labels. What may not be
    a value is another one.
    """
    found: list[Labels] = [{"severity": "page", "which": which, **dict.fromkeys(same, f"same-{number:02}")}]
    for matcher in matchers:
        name, sign, value = re.fullmatch(r'(\w+)(=~?|!=)"(.+)"', matcher).groups()
        values = [f"not-{value}"] if sign == "!=" else value.replace(".*", "any").split("|")
        found = [{**labels, name: item} for labels in found for item in values]
    return [{**dict.fromkeys(PLACES, f"{which}-{item['alertname']}"), **item} for item in found]


def inhibited(running: Alertmanager) -> set[str]:
    return {labels["which"] for labels in running.muted("inhibitedBy")}


def mailed(running: Alertmanager) -> set[str]:
    """The label `which` of every alert that a mail names."""
    texts = [mail.text for mail in running.mailbox.find("").messages]
    return {which for text in texts for which in re.findall(r"which = (\S+?)<", text)}


@pytest.mark.parametrize("ending", ["succeeds", "fails"])
def test_an_upgrade_is_silent_and_what_it_has_broken_pages_when_it_ends(running: Alertmanager, ending: str) -> None:
    try:
        with silencing.silenced(running.address, comment="upgrade") as silence:
            assert silence
            running.post([PAGE])
            eventually(lambda: running.muted("silencedBy"))
            over_at = datetime.now(UTC)
            if ending == "fails":
                Path("/nowhere").read_text()
    except FileNotFoundError:
        assert ending == "fails"

    (mail,) = eventually(lambda: running.mails(ON_CALL))
    assert datetime.fromisoformat(mail.arrived_at) >= over_at
    assert running.muted("silencedBy") == []


def test_without_an_alertmanager_an_upgrade_goes_on() -> None:
    with silencing.silenced("http://127.0.0.1:1", comment="upgrade") as silence:
        assert silence == ""
    with silencing.silenced("", comment="upgrade") as silence:
        assert silence == ""


def test_the_command_of_the_runbook_silences(running: Alertmanager) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"`docker compose exec alertmanager (amtool [^`]+)`", runbook)
    arguments = [word.replace("http://127.0.0.1:9093", running.address) for word in shlex.split(command)]
    subprocess.run(arguments, check=True, capture_output=True)

    running.post([PAGE])

    eventually(lambda: running.muted("silencedBy"))
    assert running.mails(ON_CALL) == []
