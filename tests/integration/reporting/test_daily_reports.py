"""Is a daily report frozen once, complete and for good, in any order of the topics, and do restatements stand beside it?"""

import io
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.reporting import wiring
from services.reporting.domain import day_sheet
from services.reporting.projections.reactions import CONSUMER, reactions
from services.reporting.queries import reports
from services.reporting.store import model_schema
from services.reporting.wiring import MIGRATIONS
from services.reporting.workers import rebuild
from shared.events.signing import DayClosed
from shared.service import database
from tests.integration.reporting.test_why import client, value_of  # noqa: F401 - a fixture
from tests.support.launch import Bus, Launch, Numbering, shuffled

DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 4, tzinfo=UTC)  # noon in Shanghai


def signed_on(launch: Launch, numbers, at=AT):
    return [launch.sign(number, at=at + timedelta(seconds=number)) for number in numbers]


def closed(launch: Launch, signed: int, *, restatement: int = 0, undone: int = 0) -> DayClosed:
    return launch.close(DAY, signed, restatement=restatement, undone=undone)


def opened(launch: Launch):
    return [*launch.opening(), *launch.register(), *launch.groups(), launch.freeze()]


def frozen(engine, launch: Launch):
    with database.reading(engine, granted=[launch.district]) as tx:
        return reports.of_day(tx, launch.project_id, DAY)


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_a_report_is_frozen_once_when_every_signing_of_the_day_has_come_in_any_order(engine, seed):
    launch = Launch(units=12)
    tomorrow = signed_on(launch, range(7, 9), at=AT + timedelta(days=1))
    facts = [*opened(launch), *signed_on(launch, range(7)), closed(launch, 7), *tomorrow]
    Bus(engine).deliver(shuffled(Numbering().messages("440303", facts), seed), at_once=3)

    [report] = frozen(engine, launch)

    assert sum(unit.signed for unit in report.units) == report.basis("units")["signed"] == 7
    assert len(report.units) == 12
    assert sum(report.body["by_hour"]) == report.body["by_hour"][12] == 7
    assert day_sheet.of(report.units).total.left == 5


def test_a_report_waits_while_a_signing_of_the_day_is_on_its_way(engine):
    launch, numbering, bus = Launch(units=6), Numbering(), Bus(engine)
    signed = signed_on(launch, range(3))
    bus.deliver(numbering.messages("440303", [*opened(launch), *signed[:2], closed(launch, 3)]))
    before = frozen(engine, launch)
    bus.deliver(numbering.messages("440303", signed[2:]))

    assert before == []
    assert len(frozen(engine, launch)) == 1


def test_a_later_correction_stands_beside_the_frozen_report(engine, client):  # noqa: F811 - the fixture
    launch, numbering, bus = Launch(units=6), Numbering(), Bus(engine)
    signed = signed_on(launch, range(3))
    bus.deliver(numbering.messages("440303", [*opened(launch), *signed, closed(launch, 3)]))
    first = frozen(engine, launch)[0]
    undone = launch.rescind(signed[0], at=AT + timedelta(hours=1))
    bus.deliver(numbering.messages("440303", [undone, closed(launch, 2, restatement=1, undone=1)]))

    again, restated = frozen(engine, launch)
    link = {"project": launch.project_id, "day": DAY.isoformat(), "language": "en"}
    page = client.get("/report", query_string=link).text
    listed = client.get("/why", query_string={**link, "figure": "signed"}).text

    assert again == first
    assert (restated.restatement, restated.basis("units")["signed"]) == (1, 2)
    assert "3 → 2" in page and "Restatement 1" in page
    assert 'data-figure="units">3 / 6</small>' in page
    assert value_of(listed) == 3


def test_a_frozen_report_outlasts_a_rebuild_and_the_service_cannot_change_it(engine, urls):
    launch = Launch(units=6)
    bus = Bus(engine)
    bus.deliver(Numbering().messages("440303", [*opened(launch), *signed_on(launch, range(3)), closed(launch, 3)]))
    before = frozen(engine, launch)
    owner = database.connect(urls.owner, application_name="test-rebuild")
    rebuild.Rebuild(
        "reporting",
        MIGRATIONS.model_statements(),
        owner=owner,
        shadow=wiring.engine(urls.app, "rebuild", search_path=model_schema.SEARCH_PATH_NEXT),
        subscription=bus.subscription("rebuild"),
        consumer=CONSUMER,
        reactions=reactions(),
        show_line=lambda _: None,
    ).run()
    owner.dispose()

    assert frozen(engine, launch) == before != []
    for change in ("update daily_reports set feed_number = 0", "delete from daily_reports"):
        with pytest.raises(DBAPIError, match="permission denied"), database.begin(engine, district="440303") as tx:
            tx.connection.execute(text(change))


def test_the_workbook_has_the_frozen_figures_charts_of_its_own_and_every_unsigned_unit(engine, client):  # noqa: F811 - the fixture
    launch = Launch(units=8)
    Bus(engine).deliver(
        Numbering().messages("440303", [*opened(launch), *signed_on(launch, range(5)), closed(launch, 5)])
    )

    answer = client.get(f"/report/{launch.project_id}/{DAY}.xlsx?language=en")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))

    figures, groups, unsigned = book.worksheets
    counted = {row[0].value: row[1].value for row in figures["A5:B8"]}
    assert counted["Units"] == 5
    assert unsigned.max_row - 1 == 3
    assert [len(sheet._charts) for sheet in (figures, groups)] == [1, 1]


@pytest.mark.parametrize("path", ["/report?day=2026-11-23", "/report?day=x", "/report/{project}/2026-11-23.xlsx"])
def test_a_day_that_is_not_closed_has_no_report(engine, client, path):  # noqa: F811 - the fixture
    launch = Launch(units=4)
    Bus(engine).deliver(Numbering().messages("440303", opened(launch)))

    answer = client.get(path.format(project=launch.project_id))

    assert (answer.status_code, 'data-code="report-unknown"' in answer.text) == (404, True)
