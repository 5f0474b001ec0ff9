"""Has every closed day its report, whatever happened in which order, and do the figures of one report agree with each other?

The days are closed by signing itself; reporting gets its events, and the registry's, in any order across keys.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from services.reporting.domain import day_sheet
from services.reporting.queries import reports
from services.reporting.queries.reports import Report
from services.signing.commands.close_day import CloseDay, close_day
from services.signing.domain.day import ClosedDay
from shared.events.day import business_day
from shared.events.registry import DistrictOpened
from shared.messaging.ports import Message
from shared.service import database
from tests.integration.reporting.test_why import client  # noqa: F401 - a fixture
from tests.support.launch import Bus, Numbering, shuffled
from tests.support.platform import Database
from tests.support.signing import DESK, LAUNCH, District

DISTRICT, UNITS = "440303", 4
_JOURNAL = text("""
    select event_id, topic, key, sequence, type, payload from events
    where topic like '%.signing-%' and (key = :project or key = any(:units)) order by id
""")
STEPS = ("sign", "sign", "rescind", "freeze", "match", "next day", "close", "close again")


@dataclass
class History:
    """Of one project. A step that is not possible now does nothing."""

    district: District
    frozen: bool = False
    agreements: dict[UUID, UUID] = field(default_factory=dict)
    days: int = 0
    closed: list[ClosedDay] = field(default_factory=list)
    signed_by: dict[date, frozenset[UUID]] = field(default_factory=dict)  # by the end of the day

    def __post_init__(self) -> None:
        self.district.open_project(("units", 100))
        for _ in range(UNITS):
            self.district.register()

    @property
    def today(self) -> date:
        return business_day(LAUNCH) + timedelta(days=self.days)

    def play(self, step: str) -> None:
        acts: dict[str, Callable[[], object]] = {
            "sign": self._sign,
            "rescind": self._rescind,
            "freeze": self._freeze,
            "match": self.district.fan_out,
            "next day": self._end_day,
            "close": lambda: self._close(self.today - timedelta(days=1), again=False),
            "close again": lambda: self._close(business_day(LAUNCH), again=True),
        }
        acts[step]()

    def end(self) -> None:
        self._end_day()
        for on in self.signed_by:
            self._close(on, again=False)

    def messages(self) -> list[Message]:
        """Of both services, each key in its order."""
        opened = DistrictOpened(district=DISTRICT, name="澄水区")
        registry = Numbering().messages(DISTRICT, [opened, *self.district.received])
        mine = {"project": str(self.district.project_id), "units": [str(unit) for unit in self.district.units]}
        headers = {"time": datetime.now(UTC).isoformat(), "epoch": "1"}
        with self.district.transaction() as tx:
            signing = [Message(*row[:5], bytes(row.payload), headers) for row in tx.connection.execute(_JOURNAL, mine)]
        return [*registry[1:], *signing]

    def _sign(self) -> None:
        if unsigned := [unit for unit in self.district.units if unit not in self.agreements]:
            self.agreements[unsigned[0]] = self.district.signed(
                unsigned[0], form=("cash", "exchange")[len(unsigned) % 2]
            )

    def _rescind(self) -> None:
        if self.agreements:
            self.district.rescind(self.agreements.pop(next(iter(self.agreements))))

    def _freeze(self) -> None:
        if not self.frozen:
            self.frozen = True
            self.district.receive(self.district.frozen())

    def _end_day(self) -> None:
        self.signed_by[self.today] = frozenset(self.agreements)
        self.days += 1
        self.district.clock.set(LAUNCH + timedelta(days=self.days))  # type: ignore[attr-defined]

    def _close(self, on: date, *, again: bool) -> None:
        known = any(it.business_on == on for it in self.closed)
        if on >= business_day(LAUNCH) and on < self.today and known == again:
            with self.district.transaction() as tx:
                self.closed.append(close_day(tx, CloseDay(self.district.project_id, on, DESK), self.district.clock))


@dataclass(frozen=True)
class Both:
    signing: Engine
    reporting: Engine
    bus: Bus

    def reported(self, steps: list[str], order: int) -> tuple[History, dict[tuple[date, int], Report]]:
        history = History(District(self.signing, DISTRICT, project_id=uuid4()))
        for step in steps:
            history.play(step)
        history.end()
        self.bus.deliver(shuffled(history.messages(), order), at_once=5)
        found = {}
        with database.reading(self.reporting, granted=[DISTRICT]) as tx:
            for on in history.signed_by:
                for report in reports.of_day(tx, history.district.project_id, on):
                    found[on, report.restatement] = report
        return history, found


@pytest.fixture
def both(database: Callable[[str], Database], engine: Engine) -> Iterator[Both]:
    signing = _connected(database("signing").app)
    bus = Bus(engine)
    bus.deliver(Numbering().messages(DISTRICT, [DistrictOpened(district=DISTRICT, name="澄水区")]))
    yield Both(signing, engine, bus)
    signing.dispose()


def _connected(url: str) -> Engine:
    return database.connect(url, application_name="test")


@settings(
    max_examples=12,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=4, max_size=14), order=st.integers(1, 1000))
@example(steps=["sign", "sign", "next day", "freeze", "match", "sign", "close", "next day", "close again"], order=3)
@example(
    steps=["sign", "freeze", "next day", "match", "rescind", "sign", "next day", "close again", "rescind"], order=7
)
def test_every_closed_day_has_a_report_whose_figures_agree(both: Both, steps: list[str], order: int) -> None:
    history, found = both.reported(steps, order)

    assert set(found) == {(it.business_on, it.restatement) for it in history.closed}
    for (on, _), report in found.items():
        agrees(report, history.signed_by[on])


def agrees(report: Report, signed: frozenset[UUID]) -> None:
    body, units = report.body, report.basis("units")
    net = sum(series["signed"] - series["undone"] for series in body["series"])
    assert {UUID(unit.unit_id) for unit in report.units if unit.signed} == signed
    assert day_sheet.of(report.units).total.signed == len(signed)
    assert sum(body["by_hour"]) == net
    assert (units["signed"], units["total"]) in {(None, None), (len(signed), UNITS)}
    assert units["change"] in {None, net}
    assert units["signed"] is not None or units["change"] is None
    for basis in body["bases"]:
        unknown = {name: basis[name] is None for name in ("signed", "total", "change")}
        assert unknown == {name: units[name] is None for name in unknown}


def test_the_page_of_a_day_before_the_roll_had_matched_shows_what_was_signed_and_no_rate(
    both: Both,
    client,  # noqa: F811 - the fixture
) -> None:
    history, _ = both.reported(["sign", "sign", "next day", "freeze", "match"], order=1)
    link = {"project": history.district.project_id, "day": business_day(LAUNCH).isoformat(), "language": "en"}

    page = client.get("/report", query_string=link).text
    book = client.get(f"/report/{history.district.project_id}/{business_day(LAUNCH)}.xlsx")

    assert 'data-figure="signed">2<' in page
    assert 'data-figure="units_rate">—<' in page and 'data-figure="units">— / —<' in page
    assert book.status_code == 200
