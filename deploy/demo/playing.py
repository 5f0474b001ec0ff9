"""A launch day from the days before it to the next morning, over HTTP: two projects, or others of any size.

Run again it goes on: every act has an idempotency key of its own, and what is signed is not signed again.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime

from deploy.demo import day, evening, measuring, plan, screen, speed
from deploy.demo.desk import Desk
from deploy.demo.launch import DESKS, Desks, Pace, Queue, wait_until_ready
from deploy.demo.opening import District, Opened, open_district
from deploy.demo.people import Person, Stuck
from deploy.demo.plan import Turn
from deploy.demo.watch import Watch
from deploy.demo.watching import Wall
from deploy.images import running as containers
from deploy.local.place import Place
from shared.events.day import business_day

UNITS = 1_708
_SMALL_PROJECT, _SMALLEST = 120, 8  # units of the second project, for 1,708 of the first
_FIRST_FILES = 24  # that are prepared before the doors open
_STAYS_AWAY = 5  # one of five units of the second project does not sign today
_DOORS_OPEN, _LOOK_SECONDS = "09:00", 1.0
_TO_SIGN = (None, "drafted", "reviewed", "locked", "pre_registered", "returned")
DISTRICTS = (
    District("440303", "示例一区", "澄水湾片区", seed=1),
    District("440305", "示例二区", "云汀里片区", seed=2),
)


@dataclass(frozen=True)
class Programme:
    """What is played: the first district's project reaches its threshold and is declared, the second one does not."""

    districts: tuple[District, District] = DISTRICTS
    units: int = UNITS

    @property
    def sizes(self) -> tuple[int, int]:
        return self.units, max(_SMALLEST, self.units * _SMALL_PROJECT // UNITS)


def anew(installation: Place) -> str:
    """In containers that command refuses, and names the steps."""
    if installation.local_dir == containers.SHARED:
        return "`make demo FRESH=1 CONTAINERS=yes` says how another begins"
    return "`make demo FRESH=1` begins another"


def play(installation: Place, programme: Programme, *, began: float) -> list[Opened]:
    """Returns the projects when effect is declared. `began`: when this run began, by time.monotonic. Raises Stuck."""
    screen.fact("Clearwater", installation.front_url)
    opened = _opened(installation, programme)
    main_project = opened[0]
    if _declared(installation, main_project):
        screen.line(f"This launch day is over: {anew(installation)}.")
    else:
        _launch_day(installation, opened, began=began)
        screen.title("The next morning")
        frozen = evening.closed(installation, main_project)
        evening.declared(installation, main_project)
        evening.agree(installation, main_project, frozen)
    day.calm_down(installation)
    return opened


def _opened(installation: Place, programme: Programme) -> list[Opened]:
    """Both projects, side by side."""
    starts_on = _known_start(installation, programme) or day.next_launch(installation)

    def open_one(number: int) -> Opened:
        district, units = programme.districts[number], programme.sizes[number]
        return open_district(installation, district, units=units, show_mistakes=number == 1, starts_on=starts_on)

    with ThreadPoolExecutor(len(programme.districts)) as both:
        return list(both.map(open_one, range(len(programme.districts))))


def _known_start(installation: Place, programme: Programme) -> date | None:
    """Of a project that an earlier run has opened."""
    first = programme.districts[0]
    with Person(installation, "city", "*", front=True) as city:
        found = [
            project for project in city.every("registry", "/projects")
            if (project["district"], project["name"]) == (first.code, first.project)
        ]  # fmt: skip
    return business_day(datetime.fromisoformat(found[0]["starts_at"])) if found else None


def _launch_day(installation: Place, opened: Sequence[Opened], *, began: float) -> None:
    queue, rescinded = _queue(installation, opened)
    if not queue.turns and rescinded:
        return
    screen.title(f"Launch day: {len(queue.turns):,} units sign at {DESKS} desks")
    with ExitStack() as closing:
        desks = closing.enter_context(Desks(installation, opened, queue))
        wall = closing.enter_context(Wall(installation, opened[0].district.code))
        wait_until_ready(desks, queue, _FIRST_FILES, on_wait=lambda: screen.passing(f"{queue.prepared_ahead()} files"))
        day.skip_to(installation, day.at(opened[0].launch_on, _DOORS_OPEN))
        launched = time.monotonic()
        desks.open()
        watch = Watch(installation, opened[0], queue, rescinded=rescinded, began=began)
        _until_all_have_signed(installation, desks, queue, watch, wall=wall, code=opened[0].district.code)
        measuring.show(installation, queue, wall, seconds=time.monotonic() - launched)


def _queue(installation: Place, opened: Sequence[Opened]) -> tuple[Queue, bool]:
    """What is still to be signed, and whether the one rescission has been."""
    turns: list[Turn] = []
    rescinded = False
    for number, project in enumerate(opened):
        desk = Desk(installation, project)
        rows = desk.cases()
        desk.close()
        waits = plan.never_sign(len(rows)) if number == 0 else len(rows) // _STAYS_AWAY
        planned = plan.of(project.district.code, rows, waits=waits, opens_at=day.at(project.launch_on, _DOORS_OPEN))
        turns += [turn for turn in planned if turn.row["state"] in _TO_SIGN]
        rescinded |= number == 0 and any(row["state"] == "rescinded" for row in rows)
    return Queue.of(turns), rescinded


def _until_all_have_signed(  # noqa: PLR0913 - all that moves on this day
    installation: Place, desks: Desks, queue: Queue, watch: Watch, *, wall: Wall, code: str
) -> None:
    """The project is looked at once more at the end: the threshold may come with the last signature."""
    pace = Pace(installation, queue, lambda: speed.chosen(installation), until=watch.ends_at)
    with Person(installation, "command", code, front=True) as command:
        while not queue.empty:
            desks.expect_well()
            pace.keep()
            watch.look(command, wall, pace=pace.speed)
            time.sleep(_LOOK_SECONDS)
        desks.close()
        watch.look(command, wall, pace=pace.speed)
        screen.passing("")
        if not watch.rescinded:
            raise Stuck("All have signed, and the threshold was not reached.")


def _declared(installation: Place, opened: Opened) -> bool:
    with Person(installation, "command", opened.district.code, front=True) as command:
        return bool(command.get("signing", f"/projects/{opened.project_id}")["declared_at"])
