"""python -m deploy.demo: brings the system up if it is not, imports two districts, signs some forty units, measures.

    SPEED=4   business seconds for one real second; desks sign one agreement each business second, so four in a real one
    UNITS=30  units in each district's workbook
    SIGN=21   units that are signed in each district

`--containers`: in the installation that `docker compose up` has started, instead of the local platform.

Run again it continues: what was done before is answered by the same keys, and the next units are signed.
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from deploy.demo import day, screen
from deploy.demo.desk import Desk, Signed
from deploy.demo.opening import District, Opened, open_district
from deploy.demo.people import Person, Stuck, wait_for
from deploy.demo.watching import Wall, mail_arrivals
from deploy.images import running as containers
from deploy.local import place as places
from deploy.local import system
from deploy.local.place import CannotStart, Place
from deploy.local.supervise import Supervisor, members
from shared.events.day import SHANGHAI

_DISTRICTS = (
    District("440303", "示例一区", "澄水湾片区", seed=1),
    District("440305", "示例二区", "云汀里片区", seed=2),
)


def main() -> int:
    try:
        installation = containers.place() if "--containers" in sys.argv else _up(places.from_environment())
        _run(installation, speed=_number("SPEED", 4.0), units=int(_number("UNITS", 30)), sign=int(_number("SIGN", 21)))
    except (CannotStart, Stuck) as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What was signed stays signed; `make demo` goes on from here.", file=sys.stderr)
        return 130
    return 0


def _run(installation: Place, *, speed: float, units: int, sign: int) -> None:
    at = day.begin(installation, speed=speed).astimezone(SHANGHAI)
    screen.fact("business clock", f"{at:%Y-%m-%d %H:%M:%S} in Shanghai, {speed:g} × real time")
    opened = [
        open_district(installation, district, units=units, show_mistakes=number == 0)
        for number, district in enumerate(_DISTRICTS)
    ]
    with ExitStack() as closing:
        desks = [Desk(installation, project) for project in opened]
        for desk in desks:
            closing.callback(desk.close)
        queues = _prepare(desks, sign)
        walls = {
            project.district.code: closing.enter_context(Wall(installation, project.district.code))
            for project in opened
        }
        signed = _launch(desks, queues, speed=speed)
        _measured(installation, signed, walls)
    day.calm_down(installation)
    _standing(installation, opened)
    _farewell(installation)


def _up(installation: Place) -> Place:
    screen.title("Clearwater")
    if installation.local_dir.exists() and members(installation) and Supervisor(installation).answers():
        screen.fact("system", f"already running from {installation.local_dir}")
    else:
        system.up(installation)
    return installation


def _prepare(desks: Sequence[Desk], sign: int) -> list[list[str]]:
    screen.title("Files: confirm, draft, review, lock")
    began = time.monotonic()
    queues = [list(desk.ready(sign, show_line=screen.passing)) for desk in desks]
    for desk, queue in zip(desks, queues, strict=True):
        screen.passing("")
        screen.fact(desk.opened.district.code, f"{len(queue)} agreements locked, ready to be signed")
    screen.fact("", f"{time.monotonic() - began:.1f} s")
    return queues


def _launch(desks: Sequence[Desk], queues: Sequence[list[str]], *, speed: float) -> list[tuple[str, Signed]]:
    """Signs in turn for each district, one agreement each business second."""
    turns = [
        (desk, agreements[number])
        for number in range(max(map(len, queues), default=0))
        for desk, agreements in zip(desks, queues, strict=True)
        if number < len(agreements)
    ]
    screen.title(f"Launch: {len(turns)} signings, {speed:g} a second")
    if not turns:
        screen.line("Everything that was prepared is signed; a new workbook or `make down clean up demo` begins anew.")
    signed: list[tuple[str, Signed]] = []
    next_at = time.monotonic()
    for desk, agreement_id in turns:
        time.sleep(max(0.0, next_at - time.monotonic()))
        next_at = max(next_at, time.monotonic() - 1.0) + 1 / speed
        signing = desk.sign(agreement_id)
        signed.append((desk.opened.district.code, signing))
        word = {"exchange": "产权调换", "cash": "货币补偿"}[signing.series]
        where = screen.pad(signing.where, 24)
        screen.line(
            f"{desk.opened.district.code}  {where}{word} {signing.number:>5}   {signing.answered_seconds * 1000:5.0f} ms"
        )
    return signed


def _measured(installation: Place, signed: Sequence[tuple[str, Signed]], walls: dict[str, Wall]) -> None:
    """Prints times since the last signature was sent. Each figure is measured; none is a promise."""
    if not signed:
        return
    screen.title("Measured, from sending the last signature")
    shown = [_shown(walls[code], signing) - signing.asked_at for code, signing in signed]
    with Person(installation, "city", "*") as city:
        arrived = mail_arrivals(installation, [signing for _, signing in signed], city)
    mailed = [
        arrived[signing.agreement_id] - signing.asked_at for _, signing in signed if signing.agreement_id in arrived
    ]
    screen.fact("number printed", screen.spread([signing.answered_seconds for _, signing in signed]))
    screen.fact("rate on the wall", screen.spread([seconds.total_seconds() for seconds in shown]))
    screen.fact("in the mailbox", screen.spread([seconds.total_seconds() for seconds in mailed]))


def _shown(wall: Wall, signed: Signed) -> datetime:
    found: datetime = wait_for("its place on the wall", lambda: wall.shows(signed))
    return found


def _standing(installation: Place, opened: Sequence[Opened]) -> None:
    screen.title("As it stands")
    with Person(installation, "city", "*") as city:
        for project in opened:
            rates = city.get("reporting", f"/projects/{project.project_id}/rates")
            for basis in rates["bases"]:
                of = f"{_amount(basis, 'numerator')} of {_amount(basis, 'denominator')}"
                screen.line(
                    f"{project.district.code}  {screen.pad(basis['basis'], 16)}{basis['rate'] or '—':>7} %   {of}"
                )
        for balance in city.get("notify", "/conservation")["districts"]:
            code = balance.pop("district")
            counts = ", ".join(f"{count} {name}" for name, count in balance.items() if count or name == "missing")
            screen.line(f"{code}  messages: {counts}")


def _amount(basis: Mapping[str, Any], name: str) -> str:
    """Areas travel as whole numbers of 0.01 m²."""
    if basis[name] is None:
        return "—"
    return f"{basis[name] / 100:,.2f} m²" if basis["basis"] == "area" else f"{basis[name]:,}"


def _farewell(installation: Place) -> None:
    screen.title("Look around")
    screen.fact("Clearwater", installation.front_url)
    screen.fact("wall, live", f"{installation.front_url}/wall")
    screen.fact("desk", f"{installation.front_url}/desk")
    screen.fact("messages", f"{installation.front_url}/messages")
    screen.fact("mailbox", installation.url("messages"))
    screen.fact("sign in", "choose a sample person on the login page; there is no password. Try command, then city")
    again, stop = (
        ("make demo CONTAINERS=yes", "docker compose down")
        if installation.local_dir == containers.SHARED
        else ("make demo", "make down")
    )
    screen.fact("again", f"`{again}` signs the next units; `{stop}` stops everything")


def _number(name: str, otherwise: float) -> float:
    given = os.environ.get(name, "")
    try:
        number = float(given or otherwise)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise Stuck(f"{name}={given} is not a number above 0: leave it out or say for instance {name}={otherwise:g}.")
    return number


if __name__ == "__main__":
    sys.exit(main())
