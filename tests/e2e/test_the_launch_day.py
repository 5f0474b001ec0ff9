"""Does the demo's launch day end as it promises? A small one, played to its end, held against the recount from the topics."""

import time
from collections import Counter

import pytest

from deploy.demo import day, playing, speed
from deploy.demo.desk import Desk
from deploy.demo.opening import District, open_district
from tests.e2e.test_the_recount import Office, expect_every_service_to_equal_the_recount

pytestmark = pytest.mark.timeout(900)
UNITS, SPEED = 40, 4_000
DISTRICTS = (District("440402", "示例六区", "澄水湾片区", seed=6), District("440403", "示例七区", "云汀里片区", seed=7))


def test_a_small_launch_day_is_played_to_its_end_and_a_second_run_changes_nothing(system, person, capsys):
    programme = playing.Programme(DISTRICTS, UNITS)
    day.run_at(system.place, 60, first=day.DAYS_BEFORE)
    speed.choose(system.place, SPEED)
    begun = open_district(system.place, DISTRICTS[0], units=UNITS, show_mistakes=False)
    earlier_run = Desk(system.place, begun)
    prepared = earlier_run.ready(3, show_line=lambda _: None)  # and then it was stopped
    earlier_run.close()

    opened, other = playing.play(system.place, programme, began=time.monotonic())

    office = Office(system, opened.district.code, opened.project_id, Desk(system.place, opened))
    counted = expect_every_service_to_equal_the_recount(office)
    assert (counted.signed["units"], counted.total["units"]) == (UNITS - 1, UNITS)
    assert all(counted.reached.values())
    assert Counter(counted.stages.values()) == {"effective": UNITS - 1, "rescinded": 1}
    command = person("command", opened.district.code)
    project = command.get("signing", f"/projects/{opened.project_id}")
    assert project["reached_at"] is not None  # although one was rescinded after it
    assert project["declared_at"] > project["reached_at"]
    [closed] = command.every("signing", f"/projects/{opened.project_id}/days")
    assert (closed["business_on"], closed["restatement"]) == ("2026-11-28", 0)
    assert {name: basis["signed"] for name, basis in closed["bases"].items()} == counted.signed
    assert sum(series["undone"] for series in closed["figures"].values()) == 1
    expect_numbers_without_a_gap(command, opened, prepared)
    expect_messages_about_all(person("city", "*"), opened, office)
    unreached = person("command", other.district.code).get("signing", f"/projects/{other.project_id}")
    assert unreached["reached_at"] is None and sum(unreached["live"].values()) == 7

    assert "threshold stays reached" in capsys.readouterr().out
    playing.play(system.place, programme, began=time.monotonic())
    assert "is over" in capsys.readouterr().out
    assert command.get("signing", f"/projects/{opened.project_id}") == project
    office.desk.close()


def expect_numbers_without_a_gap(command, opened, prepared) -> None:
    numbers = list(command.every("signing", f"/projects/{opened.project_id}/numbers"))
    given = Counter(row["series"] for row in numbers)
    assert sum(given.values()) == UNITS and len({row["agreement_id"] for row in numbers}) == UNITS
    for series, count in given.items():
        assert sorted(row["number"] for row in numbers if row["series"] == series) == list(range(1, count + 1))
    assert set(prepared) <= {row["agreement_id"] for row in numbers}


def expect_messages_about_all(city, opened, office) -> None:
    balance = {district["district"]: district for district in city.get("notify", "/conservation")["districts"]}
    assert balance[opened.district.code]["missing"] == 0
    about = {item["unit_id"] for item in city.every("notify", "/messages", project_id=opened.project_id)}
    assert {unit for unit, row in office.rows().items() if row["state"] == "effective"} <= about
