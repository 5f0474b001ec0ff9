"""python -m deploy.demo: the launch day of two projects, before one's eyes and through the front door.

    SPEED=144     business seconds for one real second, so that the day lasts five minutes; 1 is real. `make speed SPEED=…` changes it
    UNITS=1708    units of the first project; the second has 120 for 1,708
    FRESH=1       begins anew: what an earlier run has left is removed first

`--containers`: in the installation that `docker compose up` has started, instead of the local platform.

Run again it goes on where the last run ended: every act has an idempotency key of its own, and the clock stood still meanwhile.
"""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from deploy.demo import day, evening, playing, screen, speed
from deploy.demo.opening import Opened
from deploy.demo.people import Stuck
from deploy.images import running as containers
from deploy.local import place as places
from deploy.local import postgres, system
from deploy.local.place import CannotStart, Place
from deploy.local.supervise import Supervisor, members

_DAYS_BEFORE_SPEED = 60.0  # while the projects are opened: also where that takes an hour, it ends before the launch


def main() -> int:
    began = time.monotonic()
    try:
        with ExitStack() as closing:
            units, installation = _units(), _installation()
            closing.callback(_stand_still, installation)
            opened = playing.play(installation, playing.Programme(units=units), began=began)
            _standing(installation, opened)
            _farewell(installation)
            closing.pop_all()
    except (CannotStart, Stuck) as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped, and the day stands still. `make demo` goes on from here.", file=sys.stderr)
        return 130
    return 0


def _installation() -> Place:
    if "--containers" in sys.argv:
        if _fresh():
            raise Stuck(
                "FRESH=1 is for the local platform. In containers: `docker compose down --volumes`, remove "
                f"{containers.SHARED}, `make secrets`, `docker compose up -d --wait`."
            )
        found = containers.place()
        _begin(found, in_use=True)
        return found
    return _up(places.from_environment())


def _up(installation: Place) -> Place:
    screen.title("Clearwater")
    running = installation.local_dir.exists() and members(installation)
    if _fresh() and installation.path("run.env").exists():
        system.down(installation)
        postgres.remove(installation)
        shutil.rmtree(installation.local_dir)
        running = False
    if running and Supervisor(installation).answers():
        screen.fact("system", f"already running from {installation.local_dir}")
        _begin(installation, in_use=True)
    else:
        used = installation.path("run.env").exists()
        installation.local_dir.mkdir(parents=True, exist_ok=True)
        _begin(installation, in_use=used)  # before the processes read it
        system.up(installation)
    return installation


def _begin(installation: Place, *, in_use: bool) -> None:
    """`in_use`: people may have worked in it by real time, and no clock goes back."""
    if given := os.environ.get("SPEED", ""):
        speed.choose(installation, speed.read(given))
    if not day.has_begun(installation):
        day.run_at(installation, _DAYS_BEFORE_SPEED, first=datetime.now(UTC) if in_use else day.DAYS_BEFORE)


def _stand_still(installation: Place) -> None:
    if day.has_begun(installation):
        day.run_at(installation, 0)


def _standing(installation: Place, opened: Sequence[Opened]) -> None:
    screen.title("As it stands")
    balances = evening.messages_out(
        installation, on_wait=lambda sent: screen.passing(f"messages: {sent:,} sent, others go out")
    )
    screen.passing("")
    for project in opened:
        evening.agree(installation, project, None)
    for balance in balances:
        code = balance.pop("district")
        counts = ", ".join(f"{count:,} {name}" for name, count in balance.items() if count or name == "missing")
        screen.line(f"{code}  messages: {counts}")


def _farewell(installation: Place) -> None:
    screen.title("Look around")
    screen.fact("Clearwater", installation.front_url)
    screen.fact("mailbox", installation.url("messages"))
    screen.fact("sign in", "choose a sample person on the login page; there is no password")
    for role, does in _ROLES.items():
        screen.fact(f"  {role}", does)
    stop = "docker compose down" if installation.local_dir == containers.SHARED else "make down"
    screen.fact("again", f"{playing.anew(installation)}; `{stop}` stops everything")


_ROLES = {
    "command": "指挥部 温启明: the wall, the map, the declaration, the days",
    "desk": "签约窗口 简云舟: the desk, where the units that are left can sign",
    "officer": "签约组专员 庄晓岚: my units, on a phone",
    "clerk": "登记员 文清禾: the register, imports, groups",
    "city": "市级运行 卓以宁: both districts, and how the system is",
    "auditor": "审计员 商怀谨: who has seen which name, and why",
}


def _fresh() -> bool:
    return os.environ.get("FRESH", "") not in ("", "0", "no")


def _units() -> int:
    given = os.environ.get("UNITS", "")
    if given and not (given.isascii() and given.isdecimal() and int(given) > 0):
        raise Stuck(f"UNITS={given} is not a number above 0: leave it out or say for instance UNITS={playing.UNITS}.")
    return int(given or playing.UNITS)


if __name__ == "__main__":
    sys.exit(main())
