"""Two events with one number: real SQL, broker in memory. Does only that key wait, is there an alarm, and can a person decide?"""

from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from shared.events import topics
from shared.messaging import memory
from shared.messaging.conservation import Settled
from shared.messaging.consumer import Consumer
from shared.messaging.divergence import Doubts
from shared.messaging.reconciler import Reconciler
from shared.messaging.redriving import command
from shared.service import database
from shared.telemetry import metrics
from tests.support import kit
from tests.support.consuming import a_key, effects, parked

pytestmark = pytest.mark.logs_error("diverged")

WHY = ["--reason", "a foreign client wrote it, ticket 7", "--by", "auditor-3"]


@pytest.fixture
def bench(bench: SimpleNamespace) -> SimpleNamespace:
    """A key with events up to 3, and an other key that must never be affected."""
    bench.key, bench.other = a_key(), a_key()
    bench.live = bench.consumer()
    bench.ours = bench.send(bench.key, 1, 2, 3)
    bench.send(bench.other, 1)
    bench.live.run_once()
    return bench


def reconciled(bench: SimpleNamespace) -> list[str]:
    """The equations of the reconciler for the district, after one comparison."""
    name, engine = f"c{bench.district}", bench.engines.mechanism
    hops = (
        Doubts(name, engine, lambda: memory.Reader(bench.broker)),
        Settled(name, engine, memory.Reader(bench.broker), ".*"),
    )
    return [str(item).split(": ", 1)[1] for item in Reconciler(*hops).run_once()]


def run_command(bench: SimpleNamespace, *more: str, rebuild: str | None = None) -> tuple[int, list[str]]:
    output: list[str] = []
    argv = ["--consumer", "c", "--district", bench.district, "--key", bench.key, *more]
    history = lambda: memory.Reader(bench.broker)  # noqa: E731
    return command(argv, {"c": bench.redrive}, show_line=output.append, history=history, rebuild=rebuild), output


def decisions(bench: SimpleNamespace) -> list[tuple]:
    return bench.rows_of(
        "select event_id, sequence, decision, reason, decided_by from decisions order by sequence, decided_at"
    )


def gauge(metric, bench: SimpleNamespace) -> float:
    return metric.labels(f"c{bench.district}", bench.district)._value.get()


def measured(bench: SimpleNamespace) -> None:
    bench.live._measured_at = 0.0
    bench.live.run_once()


def test_the_newest_number_with_another_id_parks_its_key_and_no_other(bench):
    with capture_logs() as logs:
        (foreign,) = bench.send(bench.key, 3)
        bench.send(bench.key, 4)
        bench.send(bench.other, 2)
        bench.live.run_once()

    assert effects(bench) == {bench.key: [1, 2, 3], bench.other: [1, 2]}
    assert parked(bench) == [(3, "diverged"), (4, "behind")]
    (alarm,) = [line for line in logs if line["event"] == "diverged"]
    assert alarm["log_level"] == "error"
    assert (alarm["ours"], alarm["theirs"]) == (str(bench.ours[2].event_id), str(foreign.event_id))
    assert bench.redrive.heal(bench.district) == 0


def test_the_gauges_show_a_divergence_and_return_to_0_after_the_decision(bench):
    bench.send(bench.key, 3)
    bench.send(bench.key, 4)
    bench.live.run_once()
    measured(bench)
    assert (gauge(metrics.PARKED, bench), gauge(metrics.DIVERGED, bench)) == (2, 1)

    assert run_command(bench, "--keep-ours", *WHY)[0] == 0
    measured(bench)
    assert (gauge(metrics.PARKED, bench), gauge(metrics.DIVERGED, bench)) == (0, 0)


def test_keeping_ours_applies_the_waiting_events_in_order(bench):
    (foreign,) = bench.send(bench.key, 3)
    bench.send(bench.key, 4, 5, 6)
    bench.live.run_once()

    code, output = run_command(bench, "--keep-ours", *WHY, "--dry-run")
    assert (code, output[-1]) == (0, "dry run: nothing was kept")
    assert (decisions(bench), len(parked(bench))) == ([], 4)

    code, output = run_command(bench, "--keep-ours", *WHY)
    assert (code, [line.split()[-1] for line in output[:4]]) == (0, ["passed-over", "applied", "applied", "applied"])
    assert effects(bench)[bench.key] == [1, 2, 3, 4, 5, 6]
    assert decisions(bench) == [(foreign.event_id, 3, "keep-ours", "a foreign client wrote it, ticket 7", "auditor-3")]
    assert bench.rows_of(f"select outcome from parked where event_id = '{foreign.event_id}'") == [("passed-over",)]
    bench.send(bench.key, 7)
    bench.live.run_once()
    assert effects(bench)[bench.key] == [1, 2, 3, 4, 5, 6, 7]


def test_several_foreign_events_of_one_number_all_wait(bench):
    one, two = bench.send(bench.key, 3) + bench.send(bench.key, 3)
    bench.live.run_once()
    assert parked(bench) == [(3, "diverged"), (3, "diverged")]

    assert run_command(bench, "--keep-ours", *WHY, "--event", str(one.event_id))[0] == 1
    assert parked(bench) == [(3, "diverged")]
    assert run_command(bench, "--keep-ours", *WHY)[0] == 0
    assert [decision[0] for decision in decisions(bench)] == [one.event_id, two.event_id]


def test_two_events_waiting_for_one_number_diverge_when_its_turn_comes(bench):
    """Neither is applied yet, so neither is ours: the one that came first is applied, and then the other diverges."""
    first, second = bench.send(bench.key, 5) + bench.send(bench.key, 5)
    bench.send(bench.key, 6)
    bench.send(bench.key, 4)
    bench.live.run_once()
    bench.redrive.heal(bench.district)
    bench.redrive.heal(bench.district)

    assert effects(bench)[bench.key] == [1, 2, 3, 4, 5]
    assert [row[0] for row in parked(bench)] == [5, 6]
    assert bench.rows_of("select event_id, ours from parked where reason = 'diverged'") == [
        (second.event_id, first.event_id)
    ]
    assert run_command(bench, "--keep-ours", *WHY)[0] == 0
    assert effects(bench)[bench.key] == [1, 2, 3, 4, 5, 6]


def test_a_lower_number_with_another_id_is_found_by_the_reconciler(bench):
    (foreign,) = bench.send(bench.key, 1)
    bench.live.run_once()
    assert (parked(bench), effects(bench)[bench.key]) == ([], [1, 2, 3])

    with capture_logs() as logs:
        equations = reconciled(bench)

    assert parked(bench) == [(1, "diverged")]
    assert bench.rows_of("select event_id, ours from parked") == [(foreign.event_id, bench.ours[0].event_id)]
    assert [line["theirs"] for line in logs if line["event"] == "diverged"] == [str(foreign.event_id)]
    assert equations[0] == "1 = 0 the same event + 1 diverged: holds"
    bench.send(bench.key, 4)
    bench.live.run_once()
    assert parked(bench) == [(1, "diverged"), (4, "behind")]
    assert run_command(bench, "--keep-ours", *WHY)[0] == 0
    assert effects(bench)[bench.key] == [1, 2, 3, 4]
    assert reconciled(bench)[-1] == "6 = 5 applied + 0 parked + 0 quarantined + 1 passed over: holds"


def test_every_event_of_a_source_that_lost_its_newest_numbers_waits(bench):
    """The source was restored without a new epoch: it sends other events as 2, 3 and 4."""
    theirs = bench.send(bench.key, 2, 3, 4)
    bench.live.run_once()
    reconciled(bench)
    assert parked(bench) == [(2, "diverged"), (3, "diverged"), (4, "behind")]

    assert run_command(bench, "--keep-ours", *WHY)[0] == 0
    assert effects(bench)[bench.key] == [1, 2, 3, 4]
    assert [decision[0] for decision in decisions(bench)] == [item.event_id for item in theirs[:2]]


@pytest.mark.parametrize("again", ["relayed again", "read again"])
def test_a_repeated_event_does_not_diverge(bench, again):
    if again == "relayed again":
        bench.producer.publish(bench.ours)
        bench.live.run_once()
    else:
        bench.consumer().run_once()
    doubted = bench.rows_of("select sequence from doubted order by 1")
    reconciled(bench)

    assert doubted == ([(1,), (2,)] if again == "relayed again" else [])
    assert (parked(bench), bench.rows_of("select 1 from doubted"), effects(bench)[bench.key]) == ([], [], [1, 2, 3])


def test_a_decision_holds_when_all_topics_are_read_again(bench):
    bench.send(bench.key, 3)
    bench.send(bench.key, 2)
    bench.live.run_once()
    reconciled(bench)
    run_command(bench, "--keep-ours", *WHY)
    bench.consumer().run_once()
    bench.rows_of("select 1 from parked")
    reconciled(bench)

    assert (parked(bench), effects(bench)[bench.key]) == ([], [1, 2, 3])


def test_comparing_shows_both_events_without_their_content(bench):
    (foreign,) = bench.send(bench.key, 2, filling="陈安")
    bench.live.run_once()
    reconciled(bench)
    code, output = run_command(bench, "--compare")

    assert code == 1
    assert output[0].split()[1:] == [bench.key, "1/2"]
    assert output[1].split()[:2] == ["ours", str(bench.ours[1].event_id)]
    assert output[2].split()[:3] == ["theirs", str(foreign.event_id), foreign.headers["time"]]
    assert all("sha256:" in line for line in output[1:]) and "陈安" not in "".join(output)
    assert output[1].split("sha256:")[1][:64] != output[2].split("sha256:")[1][:64]


def test_a_rebuild_accepts_theirs(bench):
    """Our event was forged and arrived first. The rebuild is a consumer with its own empty inbox."""
    theirs = bench.send(bench.key, 2, 3, 4)
    bench.live.run_once()
    reconciled(bench)
    code, output = run_command(bench, "--accept-theirs", *WHY, rebuild="python -m services.reporting rebuild")
    assert (code, output[-1]) == (1, "recorded; it takes effect with: python -m services.reporting rebuild")
    assert effects(bench)[bench.key] == [1, 2, 3]  # the live model has not changed
    assert run_command(bench, "--keep-ours", *WHY)[0] == 1  # the decision cannot be reversed

    with bench.engines.owner.begin() as connection:
        for table in ("inbox", "parked", "positions", "doubted", "effects", "totals"):
            connection.execute(text("select set_config('clearwater.district', :d, true)"), {"d": bench.district})
            connection.execute(text("select set_config('clearwater.granted', :d, true)"), {"d": bench.district})
            connection.execute(text(f"delete from {table}"))
    bench.consumer().run_once()
    reconciled(bench)
    assert effects(bench)[bench.key] == [1, 2, 3, 4]
    applied = {row[0] for row in bench.rows_of(f"select event_id from effects where key = '{bench.key}'")}
    assert applied == {bench.ours[0].event_id, *(item.event_id for item in theirs)}
    assert parked(bench) == []


def test_without_a_rebuild_theirs_cannot_be_accepted(bench):
    bench.send(bench.key, 3)
    bench.live.run_once()
    with pytest.raises(SystemExit):
        run_command(bench, "--accept-theirs", *WHY)

    assert decisions(bench) == []


@pytest.mark.parametrize("missing", [["--by", "x"], ["--by", "x", "--reason", "  "]])
def test_a_decision_without_a_reason_is_refused(bench, missing):
    bench.send(bench.key, 3)
    bench.live.run_once()
    with pytest.raises(SystemExit):
        run_command(bench, "--keep-ours", *missing)

    assert (decisions(bench), parked(bench)) == ([], [(3, "diverged")])


def test_redrive_without_a_decision_applies_no_diverged_event(bench):
    bench.send(bench.key, 2)
    bench.send(bench.key, 3)
    bench.send(bench.key, 4)
    bench.live.run_once()
    reconciled(bench)

    assert run_command(bench)[0] == 1
    assert parked(bench) == [(2, "diverged"), (3, "diverged"), (4, "behind")]


def test_a_divergence_and_a_bad_event_of_another_key_in_one_poll_each_park_their_key(bench):
    """When a batch is halved, events before the foreign event must not be parked."""
    bad = a_key()
    bench.send(bench.key, 4)
    bench.send(bench.key, 4)
    bench.send(bench.key, 5)
    bench.send(bad, 1, poison=True)
    bench.live.run_once()

    assert effects(bench)[bench.key] == [1, 2, 3, 4]
    assert bench.rows_of(f"select sequence, reason from parked where key = '{bench.key}' order by 1") == [
        (4, "diverged"),
        (5, "behind"),
    ]


def test_a_divergence_does_not_stop_another_district_in_the_same_poll(bench):
    other = str(int(bench.district) + 400_000)
    topic = topics.name(other, kit.KIND)
    bench.broker.create(topic)
    consumer: Consumer = bench.consumer()
    consumer.run_once()
    key = a_key()
    bench.send(bench.key, 3)
    bench.send(key, 1, topic=topic)
    consumer.run_once()

    with database.begin(bench.engines.app, district=other) as tx:
        assert kit.effects(tx.connection) == {key: [1]}
    assert isinstance(bench.rows_of("select ours from parked")[0][0], UUID)
