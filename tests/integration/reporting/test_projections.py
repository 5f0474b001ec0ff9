"""Is the read model the same in any order of the topics, and after a rebuild?"""

import json
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from services.reporting import wiring
from services.reporting.projections.reactions import CONSUMER, reactions
from services.reporting.queries import cells, signings, standings
from services.reporting.store import model_schema
from services.reporting.web import placing
from services.reporting.wiring import MIGRATIONS
from services.reporting.workers import rebuild
from shared.events import codec, roll
from shared.service import database
from tests.support import recount
from tests.support.launch import Bus, Launch, Numbering, shuffled

# The tables of the projections, without the consumer's own tables.
_READ_MODEL = text("""
    select tablename from pg_tables where schemaname = 'model'
      and tablename not in ('inbox', 'parked', 'quarantined', 'positions', 'doubted', 'decisions', 'lags') order by tablename
""")


def a_day(launch: Launch):
    """Thirty of forty units have signed; one of them has rescinded."""
    signed = [launch.sign(number) for number in range(30)]
    cases = [event for number in range(35) for event in launch.prepare(number)]
    facts = [*launch.opening(), *launch.register(), *launch.groups(), launch.freeze(), *cases, *signed]
    return [*facts, launch.rescind(signed[3])]


def everything(engine: Engine):
    with database.reading(engine, granted=["*"]) as tx:
        names = tx.connection.execute(_READ_MODEL).scalars().all()
        return {name: sorted(map(repr, tx.connection.execute(text(f"select * from {name}")).all())) for name in names}


def standing_of(engine: Engine, launch: Launch) -> standings.Standing:
    with database.reading(engine, granted=[launch.district]) as tx:
        return standings.of(tx, [launch.project_id])[0]


def test_each_record_is_decoded_once_for_projections_tallies_and_feed(engine, monkeypatch):
    decoded, decode = Counter[bytes](), codec.decode

    def counting(event, payload, *, key=""):
        decoded[payload] += 1
        return decode(event, payload, key=key)

    monkeypatch.setattr(codec, "decode", counting)
    messages = Numbering().messages("440303", a_day(Launch(units=40)))
    Bus(engine).deliver(shuffled(messages, seed=7), at_once=300)

    assert {message.type for message in messages} <= reactions().keys()
    assert decoded == Counter(message.payload for message in messages)


@pytest.mark.parametrize(("rule", "first"), [("all_units_signed", 0), ("any_unit_signed", 1)])
def test_a_right_holder_counts_once_and_as_signed_by_the_projects_rule(engine, rule, first):
    launch = Launch(units=40, counting_rule=rule)
    numbering, bus = Numbering(), Bus(engine)
    bus.deliver(numbering.messages("440303", [*launch.opening(), *launch.register(), launch.freeze()]))
    total = launch.freeze().totals

    bus.deliver(numbering.messages("440303", [*launch.prepare(10), launch.sign(10)]))
    one = standing_of(engine, launch)
    bus.deliver(numbering.messages("440303", [*launch.prepare(11), launch.sign(11)]))
    both = standing_of(engine, launch)

    assert launch.unit(10).right_holders[0].person_id == launch.unit(11).right_holders[0].person_id
    assert (one.counting_rule, one.basis("right_holders").numerator) == (rule, first)
    assert one.basis("households").numerator == 0
    assert one.basis("units").numerator == 1
    assert both.basis("right_holders").numerator == 1
    assert both.basis("right_holders").denominator == total.right_holders == 42
    assert both.basis("area").numerator == sum(launch.unit(n).area_hundredths_m2 for n in (10, 11))


def test_no_threshold_is_evaluated_until_our_roll_matches_the_frozen_roll(engine):
    launch = Launch(units=12)
    numbering, bus = Numbering(), Bus(engine)
    units = launch.register()

    bus.deliver(numbering.messages("440303", [*launch.opening(), launch.freeze(), *units[:-1]]))
    before = standing_of(engine, launch)
    bus.deliver(numbering.messages("440303", units[-1:]))
    after = standing_of(engine, launch)

    assert (before.roll, before.basis("units").rate) == ("incomplete", None)
    assert (after.roll, after.basis("units").rate) == ("frozen", "0.00")


def test_a_rescission_adds_a_negative_row(engine):
    launch = Launch()
    Bus(engine).deliver(Numbering().messages("440303", a_day(launch)))

    with database.reading(engine, granted=["440303"]) as tx:
        rows = signings.latest(tx, [launch.project_id], limit=50)
        cell = cells.of_units(tx, [launch.named("unit 3")])[0]

    assert sum(row.change for row in rows) == standing_of(engine, launch).basis("units").numerator == 29
    assert [row.change for row in rows if row.unit_id == cell.unit_id] == [-1, 1]
    assert (cell.stage, cell.sequence_number) == ("rescinded", None)


def test_a_lapsed_agreement_leaves_the_count_on_the_day_of_the_lapse(engine):
    launch = Launch(units=12)
    signed = [launch.sign(number) for number in range(3)]
    gone = [launch.lapse(item) for item in signed[:2]]
    numbering, bus = Numbering(), Bus(engine)
    bus.deliver(numbering.messages("440303", [*launch.opening(), *launch.register(), launch.freeze(), *signed]))
    before = standing_of(engine, launch).basis("units").numerator
    bus.deliver(numbering.messages("440303", gone))

    day = gone[0].void_at.replace(hour=0, minute=0, second=0, microsecond=0)
    with database.reading(engine, granted=["440303"]) as tx:
        rows = signings.latest(tx, [launch.project_id], limit=50)
        curve = signings.curve(tx, launch.project_id, since=day, until=day + timedelta(days=1))
    assert (before, standing_of(engine, launch).basis("units").numerator, curve[-1][1]) == (3, 1, 1)
    assert sorted((row.fact, row.sequence_number) for row in rows if row.change < 0) == sorted(
        ("void", item.sequence_number) for item in signed[:2]
    )


def test_a_project_opened_after_its_signings_is_counted_by_its_own_rule(engine):
    launch = Launch(units=40, counting_rule="any_unit_signed")
    numbering, bus = Numbering(), Bus(engine)
    facts = [*launch.register(), launch.freeze(), launch.sign(10)]
    bus.deliver(numbering.messages("440303", facts))
    bus.deliver(numbering.messages("440303", launch.opening()))

    assert standing_of(engine, launch).basis("right_holders").numerator == 1


@pytest.mark.parametrize("rule", roll.COUNTING_RULES)
@pytest.mark.parametrize("seed", range(4))
def test_any_order_across_topics_gives_the_same_model(fresh, engine, seed, rule):
    launch = Launch(counting_rule=rule)
    messages = Numbering().messages("440303", a_day(launch))
    Bus(engine).deliver(messages)
    other = wiring.engine(fresh("reporting").app, "test")

    Bus(other).deliver(shuffled(messages, seed), at_once=17)

    assert everything(other) == everything(engine)
    counted = recount.of([(message.type, json.loads(message.payload)) for message in messages], str(launch.project_id))
    standing = standing_of(other, launch)
    assert {basis.basis: (basis.numerator, basis.denominator) for basis in standing.bases} == {
        name: (counted.signed[name], counted.total[name]) for name in recount.BASES
    }
    other.dispose()


@pytest.mark.parametrize("late", [False, True], ids=["as it happened", "the roll comes last"])
def test_a_sale_after_the_freeze_changes_no_count(engine, late):
    launch = Launch(units=12)
    sold = launch.unit(5)
    buyers = tuple(launch.unit(number).right_holders[0].model_copy(update={"share": "1/2"}) for number in (6, 8))
    changed = {"revision": 2, "ownership": "shares", "right_holders": buyers, "after_freeze": True}
    opening = [*launch.opening(), *launch.register()]
    rest = [sold.model_copy(update=changed), launch.freeze()]

    Bus(engine).deliver(
        Numbering().messages(
            "440303", [*opening, *(rest if late else rest[::-1]), launch.sign(5), *map(launch.sign, (6, 8))]
        )
    )

    standing = standing_of(engine, launch)
    assert (standing.roll, standing.basis("right_holders").numerator) == ("frozen", 3)
    with database_reading(engine) as tx:
        assert len(cells.of_units(tx, [sold.unit_id])[0].owners) == 2


def test_the_read_model_keeps_the_top_floor_of_a_unit_until_it_has_one_floor(engine):
    numbering, bus, unit = Numbering(), Bus(engine), Launch(units=1).unit(0)

    def floors():
        with database_reading(engine) as tx:
            cell = cells.of_units(tx, [unit.unit_id])[0]
        return cell.floor, cell.top_floor

    for revision, top_floor in enumerate((3, 2, None), 1):
        corrected = unit.model_copy(update={"revision": revision, "top_floor": top_floor})
        bus.deliver(numbering.messages("440303", [corrected]))
        assert floors() == (1, top_floor)


def test_an_unknown_counting_rule_parks_its_project(engine):
    launch = Launch(units=1)
    opened = launch.opening()[1].model_copy(update={"counting_rule": "most_units_signed"})

    Bus(engine).deliver(Numbering().messages("440303", [opened, *launch.register()]))

    with database_reading(engine) as tx:
        assert standings.of(tx) == []
        [parked] = tx.connection.execute(text("select reason from parked")).scalars()
    assert parked.startswith("counting rule most_units_signed")


def test_a_repeated_event_changes_nothing(engine):
    messages = Numbering().messages("440303", a_day(Launch()))
    bus = Bus(engine)
    bus.deliver(messages)
    once = everything(engine)

    bus.deliver(messages)

    assert everything(engine) == once


def test_a_signing_is_counted_before_its_unit_arrives_and_placed_afterwards(engine):
    launch = Launch(units=1)
    numbering, bus = Numbering(), Bus(engine)
    signed = launch.sign(0)

    bus.deliver(numbering.messages("440303", [*launch.prepare(0), signed]))
    with database_reading(engine) as tx:
        unplaced = signings.latest(tx, [launch.project_id], limit=5)
    bus.deliver(numbering.messages("440303", launch.register()))
    with database_reading(engine) as tx:
        placed = signings.latest(tx, [launch.project_id], limit=5)

    assert [(row.sequence_number, row.door) for row in unplaced] == [(1, None)]
    assert [(row.sequence_number, row.door) for row in placed] == [(1, "101")]


def test_a_rebuild_from_the_first_event_equals_the_live_model(engine, urls):
    launch = Launch()
    bus = Bus(engine)
    bus.deliver(Numbering().messages("440303", a_day(launch)))
    live = everything(engine)
    lines: list[str] = []
    owner = wiring.engine(urls.owner, "test")

    rebuild.Rebuild(
        "reporting",
        MIGRATIONS.model_statements(),
        owner=owner,
        shadow=wiring.engine(urls.app, "test", search_path=model_schema.SEARCH_PATH_NEXT),
        subscription=bus.subscription("rebuild", batch=37),
        consumer=CONSUMER,
        reactions=reactions(),
        show_line=lines.append,
    ).run()
    owner.dispose()

    assert everything(engine) == live
    assert lines[-1].startswith("rebuilt from")


def test_districts_do_not_see_each_other(engine):
    first, second = Launch("440303", units=4), Launch("440305", units=4)
    bus, numbering = Bus(engine, ("440303", "440305")), Numbering()
    for launch in (first, second):
        bus.deliver(numbering.messages(launch.district, [*launch.opening(), *launch.register(), launch.freeze()]))

    with database_reading(engine) as tx:
        mine = standings.of(tx)
    with database_reading(engine, "*") as tx:
        city = standings.of(tx)

    assert [item.district for item in mine] == ["440303"]
    assert [document.district for document in city] == ["440303", "440305"]


def test_the_running_count_of_a_day_ends_at_the_count(engine):
    launch = Launch()
    Bus(engine).deliver(Numbering().messages("440303", a_day(launch)))
    day = launch.opened_at

    with database_reading(engine) as tx:
        curve = signings.curve(tx, launch.project_id, since=day, until=day + timedelta(days=1), points=5)

    assert curve[0] == (day, 0)
    assert curve[-1][1] == 29
    assert len(curve) <= 8


def database_reading(engine: Engine, district: str = "440303"):
    return database.reading(engine, granted=[district])


def test_buildings_stairwells_and_doors_are_sorted_by_number(engine):
    numbering, bus, unit = Numbering(), Bus(engine), Launch(units=1).unit(0)
    wanted = [("2栋", "1单元", "201"), ("2栋", "2单元", "203"), ("2栋", "10单元", "220"), ("10栋", "1单元", "201")]
    placed = [
        unit.model_copy(
            update={
                "unit_id": uuid4(),
                "unit_code": f"U{number}",
                "building": building,
                "stairwell": stairwell,
                "door": door,
            }
        )
        for number, (building, stairwell, door) in enumerate(wanted)
    ]

    bus.deliver(numbering.messages("440303", placed[::-1]))

    with database_reading(engine) as tx:
        found = cells.of_project(tx, unit.project_id)
    assert [(cell.building, cell.stairwell, cell.door) for cell in found] == wanted
    assert [well.name for well in placing.building(found[:3]).wells] == ["1单元", "2单元", "10单元"]


def test_a_city_of_many_projects_finds_each_of_them(engine: Engine):
    _, opened = Launch(units=1).opening()
    many = [opened.model_copy(update={"project_id": uuid4()}) for _ in range(201)]
    Bus(engine).deliver(Numbering().messages("440303", many), at_once=201)

    with database.reading(engine, granted=["*"]) as tx:
        assert {standing.project_id for standing in standings.of(tx)} == {event.project_id for event in many}
