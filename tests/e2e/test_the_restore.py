"""Everything is lost but the folder of backups. Is an empty machine brought to a moment of it, and is nothing lost unnamed?

The installation that is backed up goes on running: it is what the restored one is compared with.
"""

import shutil
import time
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

import pytest

from deploy.backups import kept, local, server
from deploy.backups.kept import Kept
from deploy.declaration import ARCHIVE, SERVICES
from deploy.demo.desk import Desk
from deploy.demo.people import Person
from deploy.local import admin, processes
from shared.events import topics
from shared.messaging import kafka
from shared.messaging.ports import Message
from tests.support import platform as platforms
from tests.support.eventually import eventually

pytestmark = pytest.mark.timeout(400)
_JOURNAL = "select event_id::text, topic, key, sequence, type from events order by id"
_LATER = "select event_id from events where (headers ->> 'epoch')::int > 1"
_RESTORED = f"select * from ({_JOURNAL}) as journal where event_id <> all(%s)"
_NUMBERS = "select number from numbers where project_id = %s and series = %s order by signed_at"
_EPOCHS = "select distinct headers ->> 'epoch' from events where key = %s order by 1"
_UNSENT = "select max(id), (select count(*) from unsent) from events"
_EMITTING = ("registry", "signing", "notify")
_BEGINNING = datetime.fromtimestamp(0, UTC)


@pytest.fixture(scope="module")
def rehearsal(system, samples):
    """Signs, backs up, signs, notes the moment, signs and forgets a person, and restores to the moment elsewhere."""
    sample, to = samples[0], system.place.local_dir.with_name(f"{system.place.local_dir.name}-backups")
    source, elsewhere = server.local(system.place), platforms.somewhere()
    signed = [sample.desk.sign(sample.next_ready())]
    try:
        local.backup(system.place, to, keep=2)
        signed.append(sample.desk.sign(sample.next_ready()))
        late = sample.next_ready()  # taken after the others are signed: one that is ready is not prepared anew
        settled(source)
        moment = now(source)
        lost, person = sample.desk.sign(late), forget_somebody(system.place, sample)
        eventually(lambda: person in {line["person_id"] for line in kept.lines(Kept(to).erasures)})
        eventually(lambda: rows(source, "signing", "select max(id) from events")[0][0] == last_listed(to, "signing"))
        began = time.monotonic()
        lines = local.restore(elsewhere, to, at=moment, over=False)
        report = next(elsewhere.local_dir.glob("restored-*.txt")).read_text().splitlines()
        print(f"restored in {time.monotonic() - began:.1f} s")  # noqa: T201 - the figure of docs/operations.md
        yield SimpleNamespace(
            place=elsewhere, source=source, restored=server.local(elsewhere), sample=sample, signed=signed, lost=lost,
            person=person, lines=lines, report=report, to=to,
        )  # fmt: skip
    finally:
        system.supervisor.stop(ARCHIVE)
        processes.archive_file(system.place).unlink(missing_ok=True)
        source.drop_slot()
        platforms.stop(elsewhere)
        shutil.rmtree(to, ignore_errors=True)


def test_the_journals_end_at_the_moment_and_every_later_event_is_named(rehearsal):
    named = {line.split()[1] for line in rehearsal.report if line.startswith("lost: ")}
    lost: set[str] = set()
    for service in _EMITTING:
        before = rows(rehearsal.source, service, _JOURNAL)
        later = [str(row[0]) for row in rows(rehearsal.restored, service, _LATER)]
        after = rows(rehearsal.restored, service, _RESTORED, [later])
        assert after == before[: len(after)]
        lost |= {row[0] for row in before[len(after) :]}

    assert lost == named
    of_the_last = [row[0] for row in rows(rehearsal.source, "signing", _JOURNAL) if row[2] == rehearsal.lost.unit_id]
    assert of_the_last[-1] in named
    assert f"{len(named)} events are lost" in rehearsal.lines


def test_a_topic_has_the_events_of_its_journal_in_the_order_of_each_key(rehearsal):
    settled(rehearsal.restored)  # the relays have sent what the topics lacked
    found = defaultdict(list)
    for record in kafka.Reader(admin.as_admin(rehearsal.place)).read(topics.pattern(), since=_BEGINNING):
        assert isinstance(record, Message)
        found[record.topic, record.key].append((record.sequence, str(record.event_id)))

    for service in _EMITTING:
        journal = defaultdict(list)
        for event_id, topic, key, sequence, _ in rows(rehearsal.restored, service, _JOURNAL):
            journal[topic, key].append((sequence, event_id))
        for (topic, key), events in journal.items():
            # Of a compacted topic, a deleted key's former value is not written again.
            expected = events[-1:] if topics.kind(topic).compacted else events
            # The relay may repeat an event (relay.py); it neither loses nor reorders one.
            assert list(dict.fromkeys(found[topic, key])) == expected
            assert [sequence for sequence, _ in events] == list(range(1, len(events) + 1))


def test_the_next_number_follows_the_last_and_its_event_has_a_new_epoch(rehearsal):
    desk, project_id = Desk(rehearsal.place, rehearsal.sample.opened), rehearsal.sample.opened.project_id
    signed = desk.sign(rehearsal.lost.agreement_id)
    desk.close()

    given = rows(rehearsal.restored, "signing", _NUMBERS, [project_id, signed.series])
    assert [row[0] for row in given] == list(range(1, len(given) + 1))
    assert signed.number == len(given)
    [(before,), (after,)] = rows(rehearsal.restored, "signing", _EPOCHS, [signed.unit_id])
    assert (before, int(after) > 1) == ("1", True)
    counted = rows(rehearsal.restored, "signing", "select count(*) from numbers where project_id = %s", [project_id])
    with Person(rehearsal.place, "command", rehearsal.sample.code) as reader:
        assert eventually(lambda: units(reader.get("reporting", f"/projects/{project_id}/rates")) == counted[0][0])
    for service in SERVICES:
        parked = "model.parked" if service == "reporting" else "parked"
        assert rows(rehearsal.restored, service, f"select count(*) from {parked} where released_at is null") == [(0,)]


def test_a_person_who_was_forgotten_after_the_moment_stays_forgotten(rehearsal):
    person = [UUID(rehearsal.person)]
    in_notify = "select (select count(*) from contacts where person_id = p), (select count(wrapped) from person_keys where person_id = p)"

    forgotten = "select forgotten_at is not null from people where person_id = %s"
    assert rows(rehearsal.restored, "registry", forgotten, person) == [(True,)]
    assert rows(rehearsal.restored, "registry", "select count(*) from vault where person_id = %s", person) == [(0,)]
    assert eventually(
        lambda: rows(rehearsal.restored, "notify", f"{in_notify} from (select %s as p) as person", person) == [(0, 0)]
    )
    assert "erasures: 1 forgotten, 0 already, 0 unknown" in rehearsal.lines


def test_no_log_number_comes_again_with_another_event(rehearsal):
    """Agencies read the log under a new epoch, with all that the journals have."""
    epochs = "select district, epoch, whole from exchange_numbers order by district"
    before, after = (rows(database, "reporting", epochs) for database in (rehearsal.source, rehearsal.restored))
    logged = "select event_id::text from exchange_log join exchange_numbers using (district, epoch)"

    newest = max(epoch for _, epoch, _ in before)
    assert [(district, whole) for district, _, whole in after] == [(district, True) for district, _, _ in before]
    assert len({epoch for _, epoch, _ in after}) == 1 and after[0][1] > newest
    assert any(line.startswith("reporting: the log of every district began anew") for line in rehearsal.lines)
    journal = {
        row[0] for row in rows(rehearsal.restored, "signing", _JOURNAL) if topics.kind(row[1]).audience != "restricted"
    }
    assert journal
    assert eventually(lambda: journal <= {row[0] for row in rows(rehearsal.restored, "reporting", logged)})


def rows(database, service, statement, values=()):
    with closing(database.connect(service)) as connection:
        return connection.execute(statement, values).fetchall()


def now(database) -> datetime:
    return rows(database, "signing", "select clock_timestamp()")[0][0]


def settled(database) -> None:
    """Waits until no service writes any more: each journal stands still and is sent."""
    seen: list[object] = []

    def still() -> bool:
        seen.append([rows(database, service, _UNSENT)[0] for service in _EMITTING])
        return (
            len(seen) > 10 and all(state == seen[-1] for state in seen[-10:]) and all(row[1] == 0 for row in seen[-1])
        )

    eventually(still, every_seconds=0.2)


def forget_somebody(place, sample) -> str:
    with closing(server.local(place).connect("registry")) as connection:
        (person,) = connection.execute(
            "select person_id::text from vault where district = %s order by person_id limit 1", [sample.code]
        ).fetchone()
    with Person(place, "command", sample.code) as command:
        command.post("registry", f"/people/{person}/forgetting", {"reason": "request 7"}, key=f"forget-{person}")
    return person


def last_listed(to, service) -> int:
    return max(line["id"] for line in kept.lines(Kept(to).written(service)))


def units(rates) -> int:
    return next(basis["numerator"] for basis in rates["bases"] if basis["basis"] == "units")
