"""Does the doctor name what is wrong, what explains the rest first, and where the runbook goes on?"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from deploy.declaration import SERVICES
from deploy.doctor.findings import _BOUNDS, _CLOCK_SECONDS, _CONNECTIONS_LEFT, LEFT_OUT, _Bound, exit_code, findings
from deploy.doctor.seen import MOST_STARTS, Process, Sample, Seen, parsed
from deploy.doctor.watch import _CALM_SECONDS, _STARTS_SECONDS
from deploy.local.place import ROOT

NOW = datetime(2026, 11, 28, 1, tzinfo=UTC)
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
RUNBOOK = set(re.findall(r"^## (\w+)$", (ROOT / "docs/runbook.md").read_text("utf-8"), re.MULTILINE))
HEALTHY = Seen(
    NOW,
    (
        *(Process(s.process(role), s.name, "", (), 0.0) for s in SERVICES.values() for role in s.roles),
        *(Process(name, "platform", "", (), 0.0) for name in ("admin", "watch", "archive")),
    ),
    dict.fromkeys(("postgres", "kafka", "issuer", "messages", "front-door"), True),
    disk_total=100 * 10**9,
    disk_free=50 * 10**9,
    certificates={"kafka": (NOW - timedelta(days=100), NOW + timedelta(days=265))},
)


def with_process(name: str, **changed: object) -> Seen:
    processes = tuple(replace(process, **changed) if process.name == name else process for process in HEALTHY.processes)
    return replace(HEALTHY, processes=processes)


def showing(name: str, metric: str, value: float, **labels: str) -> Seen:
    return with_process(name, samples=(Sample(f"clearwater_{metric}", labels, value),))


HERE = {"consumer": "reporting", "district": "440303"}
PROJECT = {"district": "440303", "project": "澄水湾片区", "basis": "units"}
STATES = [
    (with_process("reporting-consumer", ready=None), "ProcessDown", "page", "reporting-consumer does not answer"),
    (replace(HEALTHY, servers={**HEALTHY.servers, "kafka": False}), "BrokerGone", "page", "The broker does not answer"),
    (
        replace(HEALTHY, servers={**HEALTHY.servers, "postgres": False}),
        "DatabaseUnreadable",
        "page",
        "PostgreSQL does not",
    ),
    (
        replace(HEALTHY, servers={**HEALTHY.servers, "front-door": False}),
        "FrontDoorDown",
        "page",
        "front-door does not answer: nobody reaches a page",
    ),
    (
        replace(HEALTHY, servers={**HEALTHY.servers, "issuer": False}),
        "IssuerDown",
        "page",
        "issuer does not answer: nobody can sign in",
    ),
    (
        replace(HEALTHY, servers={**HEALTHY.servers, "messages": False}),
        "ProcessDown",
        "page",
        "messages does not answer",
    ),
    (replace(HEALTHY, disk_free=10 * 10**9), "DiskFilling", "ticket", "10.0 GB of 100 GB are free"),
    (replace(HEALTHY, disk_free=4 * 10**9), "DiskFull", "page", "4.0 GB of 100 GB are free"),
    (
        replace(HEALTHY, disks={"backups": (10 * 10**9, 10**8)}),
        "DiskFull",
        "page",
        "The disk of backups is nearly full: 0.1 GB of 10 GB",
    ),
    (
        with_process(
            "watch",
            samples=(
                Sample("clearwater_disk_bytes", {"place": "kafka"}, 10**11),
                Sample("clearwater_disk_free_bytes", {"place": "kafka"}, 10**10),
            ),
        ),
        "DiskFilling",
        "ticket",
        "The disk of kafka is nearly full: 10.0 GB of 100 GB",
    ),
    (
        showing("reporting-api", "webhook_failing_seconds", 3601, district="440303"),
        "EndpointFailing",
        "ticket",
        "has accepted nothing for 3601 s",
    ),
    (
        replace(
            HEALTHY,
            processes=(
                Process("signing-api", "signing", "", (Sample("clearwater_signed_amount", PROJECT, 229.0),)),
                Process(
                    "x", "reporting", "", (Sample("clearwater_shown_amount", PROJECT | {"view": "figure"}, 228.0),)
                ),
            ),
        ),
        "FiguresDiffer",
        "page",
        "the figure of reporting shows 228 as signed (units), and signing has 229.",
    ),
    (with_process("signing-api", clock_off=90.0), "ClockOff", "page", "The clock of signing-api is 90 s ahead"),
    (
        with_process(
            "signing-api", clock_off=90.0, samples=(Sample("clearwater_database_clock_offset_seconds", {}, -90.0),)
        ),
        "ClockOff",
        "page",
        "The clock of signing-api is 90 s ahead",
    ),
    (
        showing("signing-api", "database_clock_offset_seconds", -120),
        "ClockOff",
        "page",
        "The clock of database of signing is 120 s behind",
    ),
    (
        replace(HEALTHY, certificates={"kafka": (NOW - timedelta(days=350), NOW + timedelta(days=15))}),
        "CertificateEnds",
        "ticket",
        "The certificate of kafka ends at 2026-12-13",
    ),
    (
        replace(HEALTHY, certificates={"front-door": (NOW - timedelta(days=366), NOW - timedelta(days=1))}),
        "CertificateEnded",
        "page",
        "has ended at 2026-11-27",
    ),
    (
        with_process("notify-worker", ready="migrations are at 0004, not at 0005"),
        "SchemaBehind",
        "page",
        "migrations are at 0004, not at 0005",
    ),
    (
        with_process("notify-consumer", ready="the group has not answered yet"),
        "NotReady",
        "page",
        "the group has not answered yet",
    ),
    (
        with_process("notify-consumer", ready="topics not to be seen: clearwater.440303.registry-unit"),
        "TopicsUnseen",
        "page",
        "does not see topics that it reads: clearwater.440303.registry-unit.",
    ),
    (
        showing("watch", "process_starts", 3, process="notify-relay"),
        "ProcessRestarts",
        "page",
        "notify-relay ends and begins again: it was started 3 times",
    ),
    (showing("reporting-api", "consumer_age_seconds", 61, **HERE), "ConsumerLate", "page", "district 440303 61 s ago"),
    (showing("signing-api", "unsent_age_seconds", 31, district="440303"), "OutboxStuck", "page", "for 31 s"),
    (showing("reporting-api", "parked_age_seconds", 3601, **HERE), "EventParkedForAnHour", "page", "for 3601 s"),
    (showing("reporting-api", "parked_keys", 2, **HERE), "EventParked", "ticket", "that are parked: 2"),
    (
        showing("reporting-consumer", "diverged_events", 1, **HERE),
        "EventDiverged",
        "page",
        "two events under one number",
    ),
    (
        showing("signing-relay", "unreconciled_events", 3, equation="journal", district="440303"),
        "EventsMissing",
        "page",
        "missing after journal: 3",
    ),
    (
        showing("notify-worker", "channel_held", 1, channel="sms", district="440303"),
        "ChannelHeld",
        "page",
        "No sms message",
    ),
    (
        showing("registry-api", "import_idle_seconds", 301, district="440303"),
        "ImportStuck",
        "page",
        "not moved for 301 s",
    ),
    (showing("signing-worker", "rolls_unmatched", 1, district="440303"), "RollUnmatched", "page", "another digest: 1"),
    (
        showing("signing-relay", "relay_held_keys", 3, district="440303"),
        "OutboxRefused",
        "page",
        "signing in district 440303",
    ),
    (showing("signing-relay", "relay_held_keys", 1, district="440303"), "KeyHeldByRelay", "ticket", "refuses: 1"),
    (
        showing("signing-worker", "failing_items", 1, loop="fan-out", district="440303"),
        "ItemFailing",
        "ticket",
        "loop fan-out",
    ),
    (
        showing("signing-relay", "round_timestamp_seconds", NOW.timestamp() - 700, loop="reconciler"),
        "ReconcilerStill",
        "ticket",
        "last counted 700 s ago",
    ),
    (with_process("admin", ready=None), "GrantsNotKept", "page", "stays open on the bus"),
    (
        with_process("admin", ready="the broker does not answer: KafkaTimeoutError"),
        "GrantsNotKept",
        "page",
        "the broker does not answer: KafkaTimeoutError",
    ),
    (
        with_process("admin", ready="the broker refuses: ClusterAuthorizationFailedError"),
        "GrantsRefused",
        "page",
        "the broker refuses",
    ),
    (showing("admin", "grants_unreadable_total", 2), "GrantUnreadable", "ticket", "does not carry out: 2"),
    (with_process("archive", ready=None), "ArchiveStill", "page", "archive does not answer"),
    (showing("notify-api", "archive_missing_bytes", 100_000_000), "ArchiveStill", "page", "lacks 100 MB"),
    (
        showing("archive", "backup_timestamp_seconds", NOW.timestamp() - 40 * 3600),
        "BackupOld",
        "ticket",
        "40 hours old",
    ),
    (showing("archive", "backup_timestamp_seconds", 0), "BackupOld", "ticket", "has no backup"),
    (
        showing("signing-api", "facts_readable", 0, source="database"),
        "DatabaseUnreadable",
        "page",
        "signing cannot read",
    ),
    (showing("signing-api", "facts_readable", 0, source="events"), "DatabaseUnreadable", "page", "signing cannot read"),
    (
        showing("notify-api", "facts_readable", 0, source="service"),
        "FactsUnreadable",
        "ticket",
        "notify cannot read its facts of service",
    ),
    (
        showing("signing-api", "database_lock_wait_seconds", 31),
        "DatabaseLocked",
        "page",
        "Somebody holds a lock in the database of signing",
    ),
    (
        showing("notify-api", "message_due_seconds", 301, channel="sms", district="440303"),
        "MessagesLate",
        "page",
        "A message by sms in district 440303",
    ),
    (
        showing("reporting-api", "webhook_untried_seconds", 61, district="440303"),
        "DeliveriesLate",
        "page",
        "440303: 61 s",
    ),
    (
        showing("reporting-api", "webhook_endpoints", 2, district="440303", state="resting"),
        "EndpointResting",
        "ticket",
        "rest in district 440303: 2",
    ),
    (
        showing("notify-api", "messages", 3, district="440303", state="unknown"),
        "MessagesUncertain",
        "ticket",
        "may or may not have arrived in district 440303: 3",
    ),
    (
        with_process(
            "signing-api",
            samples=(
                Sample("clearwater_database_limit_connections", {}, 200),
                Sample("clearwater_server_connections", {}, 195),
            ),
        ),
        "ConnectionsUsedUp",
        "page",
        "PostgreSQL has 195 sessions of 200",
    ),
    (with_process("watch", ready="no look has come to its end"), "WatchStill", "page", "watch sees nothing"),
    (
        with_process(
            "notify-api",
            samples=(
                Sample("clearwater_archive_position_bytes", {}, 0),
                Sample("process_start_time_seconds", {}, NOW.timestamp() - 13 * 3600),
            ),
        ),
        "NoBackup",
        "ticket",
        "no backup and no archive",
    ),
]


def test_a_healthy_installation_has_no_finding() -> None:
    assert findings(HEALTHY) == []
    assert exit_code([]) == 0


@pytest.mark.parametrize(
    ("seen", "entry", "severity", "words"), STATES, ids=[f"{state[1]}-{number}" for number, state in enumerate(STATES)]
)
def test_each_state_is_one_finding_with_its_entry_of_the_runbook(
    seen: Seen, entry: str, severity: str, words: str
) -> None:
    (found,) = findings(seen)

    assert (found.entry, found.severity) == (entry, severity)
    assert words in found.wrong
    assert found.do.endswith(".")
    assert found.runbook == f"docs/runbook.md#{entry.lower()}"
    assert entry in RUNBOOK
    assert exit_code([found]) == {"page": 2, "ticket": 1}[severity]


def test_every_finding_is_among_the_states_above_and_is_as_severe_as_its_alert() -> None:
    tried = {(entry, severity) for _, entry, severity, _ in STATES}

    assert [
        (entry, severity)
        for entry, severity in tried
        if entry in ALERTS and ALERTS[entry]["labels"]["severity"] != severity
    ] == []


def test_every_alert_has_a_finding_or_a_reason_why_one_look_cannot_judge_it() -> None:
    found = {entry for _, entry, _, _ in STATES}

    assert found.isdisjoint(LEFT_OUT)
    assert found | LEFT_OUT.keys() == {*ALERTS}


def test_a_bound_is_that_of_its_alert() -> None:
    assert bounds_that_differ(_BOUNDS) == []
    (off,) = (bound for bound in _BOUNDS if bound.entry == "ConsumerLate")
    assert bounds_that_differ([replace(off, above=59)]) == ["ConsumerLate"]
    assert f"> {_CLOCK_SECONDS:.0f}" in ALERTS["ClockOff"]["expr"]
    assert ALERTS["ConnectionsUsedUp"]["expr"].endswith(f"- {_CONNECTIONS_LEFT}")
    assert f">= {MOST_STARTS + 1}\n" in ALERTS["ProcessRestarts"]["expr"]
    assert {f"[{_STARTS_SECONDS / 60:.0f}m]", f"[{_CALM_SECONDS / 60:.0f}m]"} == set(
        re.findall(r"\[\d+m\]", ALERTS["ProcessRestarts"]["expr"].partition("unless")[0])
    )


def bounds_that_differ(bounds: Iterable[_Bound]) -> list[str]:
    """An alert that is `== 1` begins above 0; one that counts over a time begins at its first."""
    return [
        bound.entry
        for bound in bounds
        if not re.search(rf"> {bound.above:.0f}\b", ALERTS[bound.entry]["expr"])
        and not (bound.above == 0 and "== 1" in ALERTS[bound.entry]["expr"])
    ]


@pytest.mark.parametrize("state", ["resting", "unknown"])
def test_other_states_of_the_same_figure_are_no_finding(state: str) -> None:
    metric = {"resting": "webhook_endpoints", "unknown": "messages"}[state]

    assert findings(showing("notify-api", metric, 5, district="440303", state="sent")) == []


def test_an_installation_of_today_may_have_no_backup_yet() -> None:
    samples = (
        Sample("clearwater_archive_position_bytes", {}, 0),
        Sample("process_start_time_seconds", {}, NOW.timestamp() - 3600),
    )

    assert findings(with_process("notify-api", samples=samples)) == []


def test_paging_findings_stand_first_and_the_worst_one_decides() -> None:
    seen = showing("reporting-api", "parked_keys", 1, **HERE)
    found = findings(replace(seen, servers={**HEALTHY.servers, "kafka": False}))

    assert [finding.entry for finding in found] == ["BrokerGone", "EventParked"]
    assert exit_code(found) == 2


def test_the_text_of_prometheus_is_read_with_its_labels() -> None:
    text = '# HELP x y\nclearwater_parked_keys{consumer="reporting",district="440303"} 2.0\nup 1\nclearwater_a{b="c,\\"d\\"}"} 3e2\n'

    assert parsed(text) == (
        Sample("clearwater_parked_keys", HERE, 2.0),
        Sample("up", {}, 1.0),
        Sample("clearwater_a", {"b": 'c,\\"d\\"}'}, 300.0),
    )
