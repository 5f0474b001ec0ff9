"""Before the launch: districts, projects, groups, the workbook with its dry run, the frozen roll."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from deploy.demo import day, imports, screen, workbooks
from deploy.demo.people import Person, Stuck, wait_for
from deploy.demo.workbooks import Workbook
from deploy.local import districts
from deploy.local.place import Place
from shared.events.day import business_day

_PERIOD_DAYS = 64
_BASES = (
    {"basis": "area", "percent": 95, "legal_ground": "示例市更新条例第三十六条"},
    {"basis": "right_holders", "percent": 95, "legal_ground": "示例市更新条例第三十六条"},
)
# The share of the units, in percent, that is planned to be signed by an hour of the launch day.
_SIGNING_PLAN = {"08:00": 0, "09:00": 14, "10:00": 30, "12:00": 51, "13:00": 56, "16:00": 76, "18:00": 87, "20:00": 95}
_SHOWN_MISTAKES = 6
_NAME = 16  # columns


@dataclass(frozen=True)
class District:
    code: str
    name: str
    project: str
    seed: int
    counting_rule: str = "all_units_signed"


@dataclass(frozen=True)
class Opened:
    """A project that is ready for its launch."""

    district: District
    project_id: str
    name: str
    starts_at: str

    @property
    def launch_on(self) -> date:
        """The first day of its signing period."""
        return business_day(datetime.fromisoformat(self.starts_at))


def open_district(
    place: Place, district: District, *, units: int, show_mistakes: bool, starts_on: date = day.LAUNCH_ON
) -> Opened:
    """`starts_on`: the first day of the signing period. May run again: each step has an idempotency key of its own, and a frozen
    roll is not imported again.
    """
    districts.add(place, district.code, name=district.name)
    book = workbooks.sample(place, district.code, units=units, seed=district.seed)
    with _of(place, "command", district) as command, _of(place, "clerk", district) as clerk:
        project = _project(command, district, starts_on, units)
        opened = Opened(district, project["project_id"], project["name"], project["starts_at"])
        screen.line(f"{district.code}  {district.name} · {opened.name}")
        if project["roll_frozen_at"]:
            _fact(opened, "roll", f"frozen before with {project['units']} units; the day goes on")
            return opened
        _groups(command, opened, book)
        if show_mistakes:
            _refused(clerk, opened, workbooks.with_mistakes(book))
        _imported(clerk, opened, book)
        _frozen(command, opened)
    _everywhere(place, opened)
    return opened


def _fact(opened: Opened, name: str, words: str) -> None:
    """With the district before it: two projects are opened side by side."""
    screen.line(f"{opened.district.code}  {screen.pad(name, _NAME)}{words}")


def _of(place: Place, role: str, district: District) -> Person:
    return Person(place, role, district.code, front=True)


def _project(command: Person, district: District, starts_on: date, units: int) -> dict[str, Any]:
    starts_at = day.at(starts_on, "00:00")
    period = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(_PERIOD_DAYS)).isoformat()}
    counted = {"bases": list(_BASES), "series": ["exchange", "cash"], "counting_rule": district.counting_rule}
    plan = [
        {"at": day.at(starts_on, hour).isoformat(), "units": units * percent // 100}
        for hour, percent in _SIGNING_PLAN.items()
    ]
    body = {"name": district.project, **period, **counted, "signing_plan": plan}
    project_id = command.post("registry", "/projects", body, key=f"demo-project-{district.code}")["project_id"]
    project: dict[str, Any] = command.get("registry", f"/projects/{project_id}")
    return project


def _groups(command: Person, opened: Opened, book: Workbook) -> None:
    for number, group in enumerate(book.groups, 1):
        path = f"/projects/{opened.project_id}/groups"
        command.post("registry", path, group, key=f"demo-group-{opened.project_id}-{number}")
    _fact(opened, "groups", f"{len(book.groups)} with {sum(len(group['officers']) for group in book.groups)} officers")


def _refused(clerk: Person, opened: Opened, book: Workbook) -> None:
    """The dry run of a workbook with mistakes: each is named by sheet, row and column, and nothing is kept."""
    report = _dry_run(clerk, opened, book, key=f"demo-wrong-{opened.project_id}")
    _fact(opened, "wrong workbook", f"{report['rows_read']} rows read, {report['faults']} mistakes, nothing kept:")
    for mistake in imports.mistakes(report)[:_SHOWN_MISTAKES]:
        _fact(opened, "", mistake)


def _imported(clerk: Person, opened: Opened, book: Workbook) -> None:
    report = _dry_run(clerk, opened, book, key=f"demo-import-{opened.project_id}")
    _fact(opened, "dry run", f"{report['rows_read']} rows, {report['units']} units, {report['faults']} mistakes")
    import_id = report["import_id"]
    done = imports.committed(clerk, import_id, key=f"demo-commit-{import_id}", on_report=_nothing)
    if done["state"] != "committed":
        raise Stuck(f"The import of {opened.name} ended as {done['state']}: {imports.mistakes(done)[:1]}")
    _fact(opened, "import", f"committed: {done['units']} units and their right-holders, contacts sealed")


def _dry_run(clerk: Person, opened: Opened, book: Workbook, *, key: str) -> dict[str, Any]:
    return imports.followed(clerk, imports.uploaded(clerk, opened.project_id, book.upload, key=key), on_report=_nothing)


def _frozen(command: Person, opened: Opened) -> None:
    path = f"/projects/{opened.project_id}/roll"
    roll = command.post("registry", path, {}, key=f"demo-roll-{opened.project_id}")
    totals = roll["totals"]
    counted = f"{totals['units']} units, {totals['households']} households, {totals['right_holders']} right-holders"
    _fact(opened, "roll frozen", f"{counted}, {totals['area_hundredths_m2'] / 100:,.2f} m²")
    _fact(opened, "", f"digest {roll['digest'][:16]}…")


def _everywhere(place: Place, opened: Opened) -> None:
    """Signing and reporting each have to find the same digest in their own roll before anything is counted."""
    with _of(place, "desk", opened.district) as desk:

        def matched() -> bool:
            known = {project["project_id"]: project for project in desk.get("reporting", "/projects")["items"]}
            path = f"/projects/{opened.project_id}"
            return bool(
                known.get(opened.project_id, {}).get("roll") == "frozen" and desk.get("signing", path)["roll_matched"]
            )

        wait_for("the same roll everywhere", lambda: _not_known_yet(matched))
    _fact(opened, "", "signing and reporting have the same digest")


def _not_known_yet(probe: Callable[[], bool]) -> bool:
    """A service refuses requests about a project whose event it has not read yet."""
    try:
        return probe()
    except Stuck:
        return False


def _nothing(_: imports.Report) -> None:
    """Shows nothing: the import is short."""
