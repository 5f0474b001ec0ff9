"""The doctor's judgement: from what was seen to findings, each with what to do and its entry of the runbook.

Invariant: it knows no address and asks nobody, so every finding can be tested. Bounds are those of deploy/prometheus/alerts.yml where an
alert has the same name. What explains another finding stands before it.
Left to others: looking (looking.py), telling (__main__.py).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from deploy.declaration import ARCHIVE, BUS_ADMIN, FRONT_DOOR, WATCH
from deploy.doctor import disks, figures, own
from deploy.doctor.finding import Finding, Severity
from deploy.doctor.seen import OTHER_SCHEMA, UNSEEN, Process, Seen

_CLOCK_SECONDS = 30.0
_DISK_PAGE, _DISK_TICKET = 0.05, 0.15  # of the whole
_FULL: Final[tuple[str, Severity]] = ("DiskFull", "page")
_FILLING: Final[tuple[str, Severity]] = ("DiskFilling", "ticket")
_ROOM_FOR_BACKUPS: Final = "Make room, or take a backup with a smaller KEEP: the archive ends when it is full."
_RECONCILER_SECONDS = 600
_CONNECTIONS_LEFT = 5  # of which the superuser has three
_LOCK_WAIT, _LOCK_SECONDS = "clearwater_database_lock_wait_seconds", 30
_OF_DATABASE: Final = ("events", "database")
_DOORS: Final = {
    FRONT_DOOR: ("FrontDoorDown", ": nobody reaches a page or an API"),
    "issuer": ("IssuerDown", ": nobody can sign in; who is signed in works on for ten minutes at most"),
}
_CERTIFICATE_LEFT = 1 / 13  # of its life; whoever renews it does so before (of a year: in the last thirty days)


def findings(seen: Seen) -> list[Finding]:
    found = [finding for judge in _JUDGES for finding in judge(seen)]
    return sorted(found, key=lambda finding: finding.severity != "page")


def exit_code(found: list[Finding]) -> int:
    """0: nothing. 1: something for tomorrow. 2: something that wakes people."""
    return max(({"ticket": 1, "page": 2}[finding.severity] for finding in found), default=0)


def _disk(seen: Seen) -> Iterator[Finding]:
    """One finding for one disk: disks of one size with the same room are one."""
    totals = {sample.labels["place"]: sample.value for _, sample in seen.samples(disks.DISK.name)}
    room = {sample.labels["place"]: sample.value for _, sample in seen.samples(disks.DISK_FREE.name)}
    shown = {place: (totals[place], free) for place, free in room.items() if totals.get(place)}
    known = {"this installation": (seen.disk_total, seen.disk_free), **seen.disks, **shown}
    by_disk: dict[tuple[float, bool], tuple[float, list[str]]] = {}
    for place, (total, free) in known.items():
        if free / total < _DISK_TICKET:
            disk = total, free / total < _DISK_PAGE
            least, places = by_disk.get(disk, (free, []))
            by_disk[disk] = min(least, free), [*places, place]
    for (total, is_full), (free, places) in by_disk.items():
        entry, severity = _FULL if is_full else _FILLING
        wrong = f"The disk of {', '.join(places)} is nearly full: {free / 1e9:.1f} GB of {total / 1e9:.0f} GB are free."
        do = "Make room before PostgreSQL and the broker stop."
        yield Finding(entry, severity, " ".join(places), wrong, _ROOM_FOR_BACKUPS if places == ["backups"] else do)


def _platform(seen: Seen) -> Iterator[Finding]:
    if seen.is_gone("postgres"):
        wrong, do = (
            "PostgreSQL does not answer.",
            "Read the last lines of its log, then start it; if it runs, restart it. All processes go on by themselves.",
        )
        yield Finding("DatabaseUnreadable", "page", "postgres", wrong, do)
    if seen.is_gone("kafka"):
        wrong = "The broker does not answer: what is signed is kept, but no wall and no message sees it."
        yield Finding(
            "BrokerGone",
            "page",
            "kafka",
            wrong,
            "Read the last lines of its log, then start it; if it runs, restart it. Relays and consumers go on.",
        )
    for name in sorted(
        name for name, answers in seen.servers.items() if not answers and name not in ("postgres", "kafka")
    ):
        entry, means = _DOORS.get(name, ("ProcessDown", ""))
        wrong = f"{name} does not answer{means}."
        do = "Read the last lines of its log, then start it; if it runs, restart it."
        yield Finding(entry, "page", name, wrong, do)


def _processes(seen: Seen) -> Iterator[Finding]:
    restarting = {} if seen.is_gone("postgres") else seen.restarting()
    for name, starts in restarting.items():
        wrong = f"{name} ends and begins again: it was started {starts} times in ten minutes."
        do = "Read the last lines of its log above each start: they name the reason."
        yield Finding("ProcessRestarts", "page", name, wrong, do)
    for process in seen.processes:
        if process.name in (BUS_ADMIN, ARCHIVE):
            continue  # their findings say what their silence means: own.py
        if process.ready is None:
            if not seen.explains_silence(process) and process.name not in restarting:
                wrong = f"{process.name} does not answer: it {'is paused or hangs' if process.hangs else 'is stopped'}."
                do = "Restart it." if process.hangs else "Read the last lines of its log, then start it again."
                yield Finding("ProcessDown", "page", process.name, wrong, do)
        elif process.name in restarting:
            continue  # what it lacks at its start passes by itself, or is why it ends
        elif process.ready.startswith(OTHER_SCHEMA):
            wrong = f"{process.name} does not work with its schema: {process.ready}."
            yield Finding(
                "SchemaBehind",
                "page",
                process.name,
                wrong,
                f"Run `service migrate` of {process.service}, or start the version that fits.",
            )
        elif process.ready.startswith(UNSEEN):
            wrong = f"{process.name} does not see topics that it reads: {process.ready.removeprefix(UNSEEN)}."
            do = "`make district DISTRICT=<code>` makes topics and rights of that district again; then `service republish` of their owner."
            yield Finding("TopicsUnseen", "page", process.name, wrong, do)
        elif process.ready and process.name != WATCH and not seen.explains(process.ready):
            wrong = f"{process.name} is not ready: {process.ready}."
            refused = f"The broker answers: where the log says that it refuses the password, `make rotate ROLE={process.name}`."
            do = (
                refused
                if process.ready.startswith("broker")
                else "Deal with what it names. It becomes ready by itself."
            )
            yield Finding("NotReady", "page", process.name, wrong, do)


def _clocks(seen: Seen) -> Iterator[Finding]:
    off = {process.name: process.clock_off for process in seen.processes if process.clock_off is not None}
    database = {
        f"database of {process.service}": sample.value
        for process, sample in seen.samples("clearwater_database_clock_offset_seconds")
        if abs(process.clock_off or 0) <= _CLOCK_SECONDS  # else the process's own clock explains it
    }
    for name, seconds in {**off, **database}.items():
        if abs(seconds) > _CLOCK_SECONDS:
            wrong = f"The clock of {name} is {abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}."
            yield Finding(
                "ClockOff",
                "page",
                name,
                wrong,
                "Set the wrong clock by its time service; do not correct it by hand while desks sign.",
            )


def _certificates(seen: Seen) -> Iterator[Finding]:
    for name, (begins, ends) in seen.certificates.items():
        left = ends - seen.at
        if left < (ends - begins) * _CERTIFICATE_LEFT:
            over = left.total_seconds() <= 0
            wrong = f"The certificate of {name} {'has ended' if over else 'ends'} at {ends:%Y-%m-%d %H:%M} UTC."
            yield Finding(
                "CertificateEnded" if over else "CertificateEnds",
                "page" if over else "ticket",
                name,
                wrong,
                "Renew it; clients that check it refuse to connect after that.",
            )


@dataclass(frozen=True)
class _Bound:
    """A metric above a bound is a finding, where it is."""

    metric: str
    above: float
    entry: str
    severity: Severity
    wrong: str
    do: str
    labels: tuple[tuple[str, str], ...] = ()
    most: float = math.inf  # more is another finding
    explained_by: str = ""  # the server that is gone then

    def __call__(self, seen: Seen) -> Iterator[Finding]:
        if seen.is_gone(self.explained_by):
            return
        worst: dict[str, tuple[float, Process, dict[str, str]]] = {}
        for process, sample in seen.samples(self.metric):
            if self.above < sample.value <= self.most and all(
                sample.labels.get(name) == value for name, value in self.labels
            ):
                place = " ".join((process.service, *sample.labels.values()))
                if sample.value > worst.get(place, (self.above,))[0]:
                    worst[place] = (sample.value, process, dict(sample.labels))
        for place, (value, process, labels) in sorted(worst.items()):
            facts = {"service": process.service, "value": f"{value:.0f}", "consumer": "", "district": "", **labels}
            yield Finding(self.entry, self.severity, place, self.wrong.format_map(facts), self.do.format_map(facts))


def _connections(seen: Seen) -> Iterator[Finding]:
    most = max((sample.value for _, sample in seen.samples("clearwater_database_limit_connections")), default=math.inf)
    taken = max((sample.value for _, sample in seen.samples("clearwater_server_connections")), default=0.0)
    if taken >= most - _CONNECTIONS_LEFT:
        wrong = f"PostgreSQL has {taken:.0f} sessions of {most:.0f} and takes no more: a process that is started anew ends at once."
        do = "The runbook's statement names who holds them, and how to end theirs."
        yield Finding("ConnectionsUsedUp", "page", "postgres", wrong, do)


def _reconciler(seen: Seen) -> Iterator[Finding]:
    for process, sample in seen.samples("clearwater_round_timestamp_seconds"):
        seconds = seen.at.timestamp() - sample.value
        if sample.labels.get("loop") == "reconciler" and seconds > _RECONCILER_SECONDS:
            wrong = f"The reconciler of {process.service} last counted {seconds:.0f} s ago."
            yield Finding(
                "ReconcilerStill",
                "ticket",
                process.name,
                wrong,
                f"Restart {process.name}, and run `service reconcile` once.",
            )


def _unreadable(seen: Seen) -> Iterator[Finding]:
    """A database that does not answer at all explains all of it, and a lock that somebody holds what its service cannot read."""
    if seen.is_gone("postgres"):
        return
    waits = seen.samples(_LOCK_WAIT)
    locked = {process.service for process, sample in waits if sample.value > _LOCK_SECONDS}
    unread = ((process, sample) for process, sample in seen.samples("clearwater_facts_readable") if not sample.value)
    found = sorted(
        {(process.service, sample.labels["source"]) for process, sample in unread if process.service not in locked}
    )
    without = sorted({service for service, source in found if source in _OF_DATABASE})
    for service in without:
        wrong = f"{service} cannot read its database, which answers."
        do = "Its log names the reason: a password, too many sessions, a lock."
        yield Finding("DatabaseUnreadable", "page", service, wrong, do)
    for service, source in found:
        if service not in without:
            wrong = f"{service} cannot read its facts of {source}: their figures are missing."
            do = "Its log names the reason in the line `facts unreadable`."
            yield Finding("FactsUnreadable", "ticket", f"{service} {source}", wrong, do)


_REDRIVE = "`service redrive --consumer {consumer} --dry-run` of {service} shows each key with its reason."
_BOUNDS: Final = (
    _Bound(
        _LOCK_WAIT, _LOCK_SECONDS, "DatabaseLocked", "page",
        "Somebody holds a lock in the database of {service}: others have waited for {value} s.",
        "The runbook's statement `Who holds a lock` names the session, and how to end it.",
    ),
    _Bound(
        "clearwater_consumer_age_seconds", 60, "ConsumerLate", "page",
        "{consumer} last had read everything of district {district} {value} s ago: its pages and messages are that late.",
        "Start {service}-consumer again if it does not run; if it runs, see whether it catches up.", explained_by="kafka",
    ),
    _Bound(
        "clearwater_unsent_age_seconds", 30, "OutboxStuck", "page",
        "{service} has not sent an event of district {district} for {value} s.", "See whether {service}-relay and the broker run.",
        explained_by="kafka",
    ),
    _Bound(
        "clearwater_parked_age_seconds", 3600, "EventParkedForAnHour", "page",
        "{consumer} has had a parked key of district {district} for {value} s.", _REDRIVE,
    ),
    _Bound(
        "clearwater_parked_keys", 0, "EventParked", "ticket",
        "Keys of {consumer} in district {district} that are parked: {value}.", _REDRIVE,
    ),
    _Bound(
        "clearwater_diverged_events", 0, "EventDiverged", "page",
        "{consumer} has two events under one number in district {district}.",
        "`service redrive --consumer {consumer} --compare` of {service} shows both.",
    ),
    _Bound(
        "clearwater_unreconciled_events", 0, "EventsMissing", "page",
        "Events of {service} in district {district} that are missing after {equation}: {value}.",
        "`service reconcile --since <day>` of {service} names them.",
    ),
    _Bound(
        "clearwater_channel_held", 0, "ChannelHeld", "page",
        "No {channel} message leaves in district {district}.",
        "The page /messages names the reason: credential, credit, address, or a gateway that fails.",
    ),
    _Bound(
        "clearwater_import_idle_seconds", 300, "ImportStuck", "page",
        "An import of district {district} has not moved for {value} s.",
        "Start registry-worker again, and read what its log says of the import.",
    ),
    _Bound(
        "clearwater_rolls_unmatched", 0, "RollUnmatched", "page",
        "Frozen rolls of district {district} whose units give another digest: {value}.", "Do not declare effect before this has ended.",
    ),
    _Bound(
        "clearwater_relay_held_keys", 2, "OutboxRefused", "page",
        "The broker refuses the events of {service} in district {district}: {value} keys wait.",
        "`make district DISTRICT={district}` makes topics and rights again; the log of {service}-relay names the reason.",
    ),
    _Bound(
        "clearwater_relay_held_keys", 0, "KeyHeldByRelay", "ticket",
        "Keys of {service} in district {district} that the broker refuses: {value}.", "The log of {service}-relay names the reason.",
        most=2,
    ),
    _Bound(
        "clearwater_grants_unreadable_total", 0, "GrantUnreadable", "ticket",
        "Records about grants that admin could not read and does not carry out: {value}.", "Its log names type and topic of each.",
    ),
    _Bound(
        "clearwater_message_due_seconds", 300, "MessagesLate", "page",
        "A message by {channel} in district {district} has been due for {value} s.",
        "Restart notify-worker. If it runs and the gateway does not answer, call the gateway's operator.",
    ),
    _Bound(
        "clearwater_webhook_untried_seconds", 60, "DeliveriesLate", "page",
        "Events for other systems wait in district {district}: {value} s.",
        "Restart reporting-webhooks. If it runs and every address fails, look at the way out of this machine.",
    ),
    _Bound(
        "clearwater_webhook_endpoints", 0, "EndpointResting", "ticket",
        "Endpoints of agencies that rest in district {district}: {value}.",
        "Tell the agency: its engineer mends the endpoint and switches it on.", (("state", "resting"),),
    ),
    _Bound(
        "clearwater_webhook_failing_seconds", 3600, "EndpointFailing", "ticket",
        "An endpoint of an agency in district {district} has accepted nothing for {value} s.",
        "Tell the agency; if several agencies fail at once, look at the way out of this machine.",
    ),
    _Bound(
        "clearwater_messages", 0, "MessagesUncertain", "ticket",
        "Messages that may or may not have arrived in district {district}: {value}.",
        "The page /messages?state=unknown lists them: a person decides whether to send again.", (("state", "unknown"),),
    ),
    _Bound(
        "clearwater_failing_items", 0, "ItemFailing", "ticket",
        "Items of the loop {loop} of {service} that cannot be carried on: {value}.", "The log names the item and the exception.",
    ),
)  # fmt: skip

# What one look cannot judge, and why. Of every other alert the doctor has a finding.
_OVER_TIME, _A_WHILE = "it is a share or a number over time", "for a moment it is usual: only its lasting is a fault"
_COUNTS = "it counts since the process has begun: what is over would be named for ever"
_NOT_READY = "the process says so at /ready: NotReady"
_NOTHING_WRONG = "nothing is wrong: it is for the command post and the screens"
LEFT_OUT: Final = {
    **dict.fromkeys((
        "SignInRefused", "SigningUnavailable", "SigningErrorsPersist", "PagesFail", "ServerErrors", "SigningSlow", "SigningSlowPersists",
        "WallStale", "WallStalePersists", "FeedStale", "FeedStalePersists", "MessagesFailed",
    ), _OVER_TIME),
    **dict.fromkeys(("PoolExhausted", "ConsumerBehind"), _A_WHILE),
    **dict.fromkeys(("RecordQuarantined", "ClockJumped"), _COUNTS),
    **dict.fromkeys(("ThresholdClose", "PeriodEndsToday", "GrantEndsSoon", "DayNotClosed"), _NOTHING_WRONG),
    "StreamStill": _NOT_READY,
    "Watchdog": "it is about the way of the alerts themselves",
}  # fmt: skip
_JUDGES: Final[tuple[Callable[[Seen], Iterator[Finding]], ...]] = (
    _disk, _clocks, _platform, _connections, _processes, own.watch, own.grants, _unreadable, _certificates, *_BOUNDS, _reconciler,
    own.archive, own.no_backup, figures.differ,
)  # fmt: skip
