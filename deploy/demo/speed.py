"""How fast the day goes: `make speed SPEED=30` while the demo runs. The demo reads the file once a second."""

import sys
from pathlib import Path

from deploy.demo.people import Stuck
from deploy.images import running as containers
from deploy.local import place as places
from deploy.local.place import CannotStart, Place

USUAL = 144.0  # twelve hours in five minutes


def chosen(place: Place) -> float:
    """What was chosen last; the usual one where nobody has."""
    try:
        return read(_file(place).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return USUAL


def choose(place: Place, speed: float) -> None:
    file = _file(place)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(f"{speed:g}\n", encoding="utf-8")
    new.replace(file)


def read(given: str) -> float:
    """Raises Stuck for what is no speed."""
    try:
        speed = float(given)
    except ValueError:
        speed = 0.0
    if not 1 <= speed <= 100_000:  # noqa: PLR2004 - a day in half a second is no day
        raise Stuck(f"SPEED={given.strip()} is no speed: choose business seconds for one real second, 1 or more.")
    return speed


def main() -> int:
    try:
        installation = (
            Place(containers.SHARED, containers.PORT_BASE) if "--containers" in sys.argv else places.from_environment()
        )
        wanted = read(next((word for word in sys.argv[1:] if not word.startswith("--")), ""))
        choose(installation, wanted)
    except (CannotStart, Stuck) as reason:
        print(reason, file=sys.stderr)
        return 2
    print(f"{wanted:g} business seconds in a real one, from the demo's next second on")
    return 0


def _file(place: Place) -> Path:
    return place.path("demo", "speed")


if __name__ == "__main__":
    sys.exit(main())
