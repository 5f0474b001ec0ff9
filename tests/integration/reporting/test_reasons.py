"""Do the reasons why units are unsigned come from events alone, and do they add up to what is left?"""

from datetime import timedelta

from sqlalchemy import Engine, text

from services.reporting.queries import pace, reasons, standings
from shared.service import database
from tests.support.great import GreatLaunch
from tests.support.launch import Bus, Numbering

_UNITS = 130


def read(engine: Engine, launch: GreatLaunch) -> dict[str, int | None]:
    with database.reading(engine, granted=[launch.district]) as tx:
        return {reason.name: reason.units for reason in reasons.of(tx, launch.project_id)}


def opened(engine: Engine) -> tuple[GreatLaunch, Bus, Numbering]:
    launch, bus, numbering = GreatLaunch(units=_UNITS), Bus(engine), Numbering()
    facts = [*launch.opening(), *launch.register(), launch.freeze()]
    prepared = [event for number in range(60) for event in launch.prepare(number)]
    bus.deliver(numbering.messages(launch.district, [*facts, *prepared]))
    return launch, bus, numbering


def test_every_unsigned_unit_counts_once_under_the_first_reason_that_holds(engine: Engine):
    launch, bus, numbering = opened(engine)
    signed = [launch.sign(number) for number in range(20)]
    bus.deliver(
        numbering.messages(launch.district, [*signed, launch.dispute(61), launch.dispute(63), launch.dispute(64)])
    )

    found = read(engine, launch)

    overseas = [number for number in range(20, _UNITS) if number % 9 == 0 and number % 61]
    assert found["disputed"] == 3  # 61 and 63 would also be a minor's and overseas
    assert found["minor"] == len([number for number in range(20, _UNITS) if number % 61 == 0]) - 1
    assert found["overseas"] == len(overseas) - 1
    assert found["ready"] == len([number for number in range(20, 60) if number % 9])
    assert sum(found.values()) == _UNITS - 20


def test_a_figure_missing_in_an_older_read_model_is_unknown_and_not_zero(engine: Engine):
    launch, _, _ = opened(engine)
    with database.begin(engine, district=launch.district) as tx:
        tx.connection.execute(text("""update units set owners = '[{"masked_name": "陈**", "share": null}]'"""))

    assert read(engine, launch)["minor"] is None


def test_the_pace_of_the_last_half_hour_counts_what_was_undone(engine: Engine):
    launch, bus, numbering = opened(engine)
    now = launch.opened_at + timedelta(hours=3)
    ages = (45, 29, 20, 10)
    signed = [launch.sign(number, at=now - timedelta(minutes=age)) for number, age in enumerate(ages)]
    undone = launch.rescind(signed[1], at=now - timedelta(minutes=5))
    bus.deliver(numbering.messages(launch.district, [*signed, undone]))

    with database.reading(engine, granted=[launch.district]) as tx:
        (standing,) = standings.of(tx)
        assert pace.of(tx, standing, now=now).recent == 2


def test_the_pace_says_how_far_the_count_is_ahead_of_the_signing_plan(engine: Engine):
    launch, bus, numbering = opened(engine)
    bus.deliver(numbering.messages(launch.district, [launch.sign(number) for number in range(15)]))

    with database.reading(engine, granted=[launch.district]) as tx:
        (standing,) = standings.of(tx)
        ahead = {
            hour: pace.of(tx, standing, now=launch.opened_at + timedelta(hours=hour)).ahead for hour in (0, 2, 4, 13)
        }

    assert launch.units == 130
    assert ahead == {0: 15, 2: -15, 4: -46, 13: -108}  # 0, 30, 61 and 123 units are planned
