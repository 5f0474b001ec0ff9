"""Is the list behind a figure as long as the figure, at one feed number? On generated days, against pages, API and a recount."""

import random
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from deploy.local import issuer as local_issuer
from services.reporting import wiring
from services.reporting.api.standings import api
from services.reporting.domain import lines
from services.reporting.domain.lines import FIGURES, REASONS
from services.reporting.queries import as_of, cells, scores, standings
from services.reporting.store import unit_lines
from services.reporting.web.daily import reports
from services.reporting.web.pages import pages
from services.reporting.web.why import explanations
from shared.events import roll
from shared.service import database, factory
from shared.service.clock import RealClock
from tests.support import recount
from tests.support.launch import Bus, Launch, Numbering, shuffled
from tests.support.serving import Settings

PROBLEMS = Path(wiring.__file__).with_name("problems.toml")


def a_day(launch: Launch, seed: int):
    """Some units of each stage, some rescissions, some lapsed."""
    chance = random.Random(seed)
    prepared = [number for number in range(launch.units) if chance.random() < 0.8]
    signed = [launch.sign(number) for number in prepared if chance.random() < 0.7]
    undone = [
        launch.rescind(agreement) if chance.random() < 0.5 else launch.lapse(agreement)
        for agreement in signed
        if chance.random() < 0.15
    ]
    cases = [event for number in prepared for event in launch.prepare(number)]
    return [*launch.opening(), *launch.register(), *launch.groups(), launch.freeze(), *cases, *signed, *undone]


@pytest.fixture
def client(engine: Engine, issuer: tuple[str, Path]) -> FlaskClient:
    app = factory.create(
        "reporting",
        engine=engine,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=(api, pages, explanations, reports),
        problem_files=(PROBLEMS,),
        migrations=wiring.MIGRATIONS,
        resources="",
    )
    token = local_issuer.mint(issuer[1], role="command", districts=("440303",))
    client = app.test_client()
    client.environ_base |= {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_ACCEPT": "text/html"}
    return client


def value_of(page: str) -> int:
    return int(re.search(r'data-value="(-?\d+)"', page)[1])


@pytest.mark.parametrize("rule", roll.COUNTING_RULES)
@pytest.mark.parametrize("seed", [3, 11])
def test_the_list_behind_every_figure_is_the_figure(engine, client, rule, seed):
    launch = Launch(units=30, counting_rule=rule)
    events = a_day(launch, seed)
    messages = Numbering().messages("440303", events)
    Bus(engine).deliver(shuffled(messages, seed))
    ours = recount.of(
        ((event.declared.type, event.model_dump(mode="json")) for event in events), str(launch.project_id)
    )

    with database.reading(engine, granted=["440303"]) as tx:
        standing = standings.of(tx, [launch.project_id])[0]
        number = as_of.of(tx, RealClock(), district="440303").number
        units = unit_lines.of_project(tx, launch.project_id)
        grid = cells.of_project(tx, launch.project_id)
        board = scores.of(tx, launch.project_id)

    def figure(name: str, **narrowed: str) -> int:
        listed = lines.of(units, FIGURES[name], rule=rule, narrowed=narrowed)
        return lines.amount([line for line in listed if FIGURES[name].shows(line)])

    for basis in standing.bases:
        assert figure(basis.basis) == figure(f"{basis.basis}_rate") == basis.numerator == ours.signed[basis.basis]
        assert figure(f"{basis.basis}_total") == basis.denominator == ours.total[basis.basis]
        assert figure(f"{basis.basis}_to_go") == basis.denominator - basis.numerator
    assert figure("signed") == sum(cell.done for cell in grid)
    assert figure("to_go") == standing.units_to_go == sum(figure(reason) for reason in REASONS)
    for score in board:
        assert (figure("group", group=score.name), figure("group_unsigned", group=score.name)) == (
            score.done,
            score.left,
        )
        assert sum(figure(reason, group=score.name) for reason in REASONS) == score.left
    assert figure("group", group="") + sum(score.done for score in board) == figure("signed")
    for compound, building in {(cell.compound, cell.building) for cell in grid}:
        mine = [cell for cell in grid if (cell.compound, cell.building) == (compound, building)]
        place = {"compound": compound, "building": building}
        assert figure("building", **place) == sum(not cell.done for cell in mine)
        for stage in {cell.stage for cell in mine}:
            assert figure("stage", **place, stage=stage) == sum(cell.stage == stage for cell in mine)

    rates = client.get(f"/api/v1/projects/{launch.project_id}/rates").json
    assert rates["as_of"]["number"] == number
    for basis in rates["bases"]:
        page = client.get(
            "/why", query_string={"project": launch.project_id, "figure": basis["basis"], "at": number}
        ).text
        assert value_of(page) == basis["numerator"]
        assert page.count("<tr data-line>") == min(
            50, int(re.search(r'data-side="counted".*?<b>(\d+)</b>', page, re.DOTALL)[1])
        )


@pytest.mark.parametrize("language", ["zh-CN", "zh-Hant", "en"])
@pytest.mark.parametrize(
    "name",
    [*FIGURES, "today", "recent", "net", "gained", "undone", "effective", "reached", "counted_projects", "districts"],
)
def test_every_figure_has_a_page_in_every_language(engine, client, name, language):
    launch = Launch(units=6)
    Bus(engine).deliver(Numbering().messages("440303", a_day(launch, 1)))

    answer = client.get("/why", query_string={"project": launch.project_id, "figure": name, "language": language})

    assert answer.status_code == 200
    assert 'id="value"' in answer.text


def test_a_page_says_what_has_changed_since_its_figure_was_drawn(engine, client):
    launch, numbering, bus = Launch(units=8), Numbering(), Bus(engine)
    bus.deliver(
        numbering.messages("440303", [*launch.opening(), *launch.register(), launch.freeze(), *launch.prepare(3)])
    )
    with database.reading(engine, granted=["440303"]) as tx:
        drawn = as_of.of(tx, RealClock(), district="440303").number
    link = {"project": launch.project_id, "figure": "signed", "at": drawn, "was": 0, "language": "en"}

    before = client.get("/why", query_string=link).text
    bus.deliver(numbering.messages("440303", [launch.sign(3)]))
    after = client.get("/why", query_string=link).text

    assert "Nothing in the list has changed" in before
    assert "Units that changed in between: 1" in after and "It showed 0" in after
    assert value_of(after) == 1
    assert f"/desk/{launch.named('unit 3')}" in after


@pytest.mark.parametrize(
    ("link", "code", "status"),
    [
        ({"at": "999999"}, "figure-not-kept", 410),
        ({"day": "2026-11-20"}, "figure-not-kept", 410),
        ({"day": "yesterday"}, "figure-not-kept", 410),
        ({"figure": "beauty"}, "figure-unknown", 404),
        ({"project": "00000000-0000-0000-0000-000000000000"}, "not-found", 404),
        ({"project": "x"}, "not-found", 404),
    ],
)
def test_a_state_that_is_not_kept_is_refused_with_a_code(engine, client, link, code, status):
    launch = Launch(units=4)
    Bus(engine).deliver(Numbering().messages("440303", [*launch.opening(), *launch.register(), launch.freeze()]))

    answer = client.get("/why", query_string={"project": launch.project_id, "figure": "signed", **link})

    assert (answer.status_code, f'data-code="{code}"' in answer.text) == (status, True)


def test_todays_figure_lists_signings_and_undoings(engine, client):
    launch = Launch(units=6)
    now = RealClock().now()
    signed = [launch.sign(number, at=now - timedelta(seconds=9 - number)) for number in range(4)]
    undone = launch.rescind(signed[1], at=now - timedelta(seconds=1))
    Bus(engine).deliver(
        Numbering().messages("440303", [*launch.opening(), *launch.register(), launch.freeze(), *signed, undone])
    )

    page = client.get("/why", query_string={"project": launch.project_id, "figure": "recent"}).text

    assert (value_of(page), page.count("<tr data-line>")) == (3, 5)


def test_the_figures_of_a_closed_day_list_its_signings(engine, client):
    launch = Launch(units=6)
    at = launch.opened_at + timedelta(hours=4)
    signed = [launch.sign(number, at=at + timedelta(seconds=number)) for number in range(4)]
    later = launch.sign(4, at=at + timedelta(days=1))
    undone = launch.rescind(signed[1], at=at + timedelta(hours=1))
    Bus(engine).deliver(
        Numbering().messages("440303", [*launch.opening(), *launch.register(), launch.freeze(), *signed, later, undone])
    )

    def listed(name: str, **narrowed: str) -> tuple[int, int]:
        query = {"project": launch.project_id, "day": "2026-11-24", "figure": name, **narrowed}
        page = client.get("/why", query_string=query).text
        return value_of(page), page.count("<tr data-line>")

    assert [listed(name) for name in ("net", "gained", "undone")] == [(3, 5), (4, 4), (-1, 1)]
    assert [listed("gained", series=series) for series in ("exchange", "cash")] == [(3, 3), (1, 1)]


def test_agreements_effective_on_a_day_are_listed_with_their_number(engine, client):
    """A unit that was signed, rescinded and signed again is listed once, with the number of what took effect."""
    launch = Launch(units=6)
    at = launch.opened_at + timedelta(hours=4)
    first, other = (launch.sign(number, at=at) for number in (1, 2))
    undone = launch.rescind(first, at=at + timedelta(hours=1))
    again = launch.sign(1, at=at + timedelta(hours=2)).model_copy(update={"agreement_id": launch.named("second")})
    declared = [launch.take_effect(signed, at=at + timedelta(hours=3)) for signed in (again, other)]
    late = launch.sign(3, at=at + timedelta(days=1))
    in_order = [first, other, undone, again, *declared, late, launch.take_effect(late, at=late.signed_at)]
    Bus(engine).deliver(
        Numbering().messages("440303", [*launch.opening(), *launch.register(), launch.freeze(), *in_order])
    )

    def numbers(day: str) -> list[str]:
        query = {"project": launch.project_id, "day": day, "figure": "effective", "series": "exchange"}
        page = client.get("/why", query_string=query).text
        listed = re.findall(r"<td>调换 (\d+)</td>", page)
        assert value_of(page) == len(listed)
        return listed

    assert sorted(numbers("2026-11-24")) == [f"{signed.sequence_number:04}" for signed in (other, again)]
    assert numbers("2026-11-25") == [f"{late.sequence_number:04}"]


def test_a_count_of_projects_lists_them(engine, client):
    launch = Launch(units=6)
    frozen = [*launch.opening(), *launch.register(), launch.freeze()]
    bus, numbering = Bus(engine), Numbering()
    bus.deliver(numbering.messages("440303", frozen))

    def listed(name: str) -> tuple[int, int]:
        page = client.get("/why", query_string={"figure": name}).text
        return value_of(page), page.count("<tr data-line>")

    before = [listed(name) for name in ("reached", "counted_projects", "districts")]
    bus.deliver(numbering.messages("440303", [launch.reach(launch.opened_at + timedelta(hours=4))]))

    assert before == [(0, 0), (1, 1), (1, 1)]
    assert listed("reached") == (1, 1)
