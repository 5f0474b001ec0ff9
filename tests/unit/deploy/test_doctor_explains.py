"""Does a server that is gone explain what follows from it, so that the doctor has one finding and not fifteen?"""

from dataclasses import replace

import pytest

from deploy.doctor import figures
from deploy.doctor.finding import Finding
from deploy.doctor.findings import findings
from deploy.doctor.seen import Process, Sample, Seen
from tests.unit.deploy.test_doctor import HEALTHY, HERE, showing, with_process


def test_a_database_that_is_gone_explains_what_hangs_and_what_ends_and_not_an_api_that_is_down() -> None:
    def seen(**answers: bool) -> Seen:
        changed = {
            "signing-api": {"ready": None, "hangs": True},
            "reporting-stream": {"ready": None, "hangs": True},
            "signing-relay": {"ready": None, "hangs": False},
            "notify-relay": {"ready": "stopping"},
            "notify-api": {"ready": None, "hangs": False},
            "registry-api": {"ready": "database: OperationalError"},
            "archive": {"ready": None},
        }
        processes = tuple(replace(process, **changed.get(process.name, {})) for process in HEALTHY.processes)
        return replace(HEALTHY, processes=processes, servers={**HEALTHY.servers, **answers})

    assert [(finding.entry, finding.place) for finding in findings(seen(postgres=False))] == [
        ("DatabaseUnreadable", "postgres"),
        ("ProcessDown", "notify-api"),
    ]
    assert len(findings(seen())) == 7


def test_a_broker_that_is_gone_explains_the_processes_that_name_it() -> None:
    processes = tuple(
        replace(process, ready="broker: NoBrokersAvailable") if process.name.endswith("-consumer") else process
        for process in HEALTHY.processes
        if process.name != "admin"
    )
    processes += (Process("admin", "platform", "the broker does not answer: KafkaTimeoutError"),)
    found = findings(replace(HEALTHY, processes=processes, servers={**HEALTHY.servers, "kafka": False}))

    assert [finding.entry for finding in found] == ["BrokerGone"]


@pytest.mark.parametrize(
    ("process", "late"), [("reporting-api", "consumer_age_seconds"), ("signing-api", "unsent_age_seconds")]
)
def test_a_broker_that_is_gone_explains_what_is_late(process: str, late: str) -> None:
    seen = showing(process, late, 500, **HERE)

    assert len(findings(seen)) == 1
    found = findings(replace(seen, servers={**HEALTHY.servers, "kafka": False}))
    assert [finding.entry for finding in found] == ["BrokerGone"]


@pytest.mark.parametrize("ready", ["", None, "the group has not answered yet"])
def test_a_process_that_restarts_is_one_finding_whatever_it_answers_just_now(ready: str | None) -> None:
    """Also between its end and its next start."""
    shown = Sample("clearwater_process_starts", {"process": "notify-relay"}, 4)
    changes: dict[str, dict[str, object]] = {"watch": {"samples": (shown,)}, "notify-relay": {"ready": ready}}
    processes = (replace(process, **changes.get(process.name, {})) for process in HEALTHY.processes)

    (found,) = findings(replace(HEALTHY, processes=tuple(processes)))

    assert (found.entry, found.place) == ("ProcessRestarts", "notify-relay")


def test_two_restarts_by_a_person_are_not_reported() -> None:
    assert findings(showing("watch", "process_starts", 2, process="notify-relay")) == []


def test_a_database_that_is_gone_explains_loops_that_end_and_begin_again() -> None:
    seen = showing("watch", "process_starts", 5, process="notify-relay")

    found = findings(replace(seen, servers={**HEALTHY.servers, "postgres": False}))

    assert [finding.entry for finding in found] == ["DatabaseUnreadable"]


@pytest.mark.parametrize("source", ["service", "database"])
def test_a_lock_that_somebody_holds_explains_what_its_service_cannot_read_and_nothing_of_another(source: str) -> None:
    shown = {
        "signing-api": (
            Sample("clearwater_database_lock_wait_seconds", {}, 56),
            Sample("clearwater_facts_readable", {"source": source}, 0),
        ),
        "notify-api": (Sample("clearwater_facts_readable", {"source": "service"}, 0),),
    }
    processes = (replace(process, samples=shown.get(process.name, ())) for process in HEALTHY.processes)

    found = [(finding.entry, finding.place) for finding in findings(replace(HEALTHY, processes=tuple(processes)))]

    assert found == [("DatabaseLocked", "signing"), ("FactsUnreadable", "notify service")]


def test_figures_that_move_between_two_looks_are_no_finding() -> None:
    """While people sign, signing and the wall are read at different moments."""
    shown = Finding("FiguresDiffer", "page", "440303 a", "shows 228, and signing has 229.", "Rebuild.")
    moved = replace(shown, wrong="shows 230, and signing has 231.")
    other = Finding("ProcessDown", "page", "signing-api", "It is stopped.", "Start it.")

    assert figures.lasting([shown, other], [shown, other]) == [shown, other]
    assert figures.lasting([shown], [moved, other]) == [other]


def test_a_process_that_alone_does_not_reach_the_broker_needs_its_password_anew() -> None:
    (found,) = findings(with_process("notify-relay", ready="broker: KafkaTimeoutError: Unable to bootstrap"))

    assert (found.entry, "make rotate ROLE=notify-relay" in found.do) == ("NotReady", True)
