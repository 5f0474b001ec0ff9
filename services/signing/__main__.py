"""python -m services.signing api|relay|consumer|worker|migrate|redrive"""

import argparse
import sys
from collections.abc import Callable, Mapping

from services.signing import wiring
from services.signing.config import Settings
from shared.service import serve
from shared.telemetry import log

_ROLES: Mapping[str, Callable[[], None]] = {
    "relay": wiring.run_relay,
    "consumer": wiring.run_consumer,
    "worker": wiring.run_worker,
    "migrate": wiring.migrate,
}


def main() -> None:
    command = argparse.ArgumentParser(prog="python -m services.signing", description=__doc__)
    command.add_argument("role", choices=("api", *_ROLES, "redrive"))
    command.add_argument("--district", action="append", help="redrive: only this district")
    command.add_argument("--dry-run", action="store_true", help="redrive: say what would change, and change nothing")
    asked = command.parse_args()
    settings = Settings()
    log.configure(service="signing", role=asked.role, level=settings.log_level)
    if asked.role == "api":
        serve.serve(wiring.create_api, bind=settings.bind, port=settings.port, threads=settings.api_threads)
    elif asked.role == "redrive":
        _redrive(asked.district, dry_run=asked.dry_run)
    else:
        _ROLES[asked.role]()


def _redrive(chosen: list[str] | None, *, dry_run: bool) -> None:
    """One line for each parked event: what became of it, or would."""
    redrive = wiring.redrive()
    for district in chosen or redrive.districts():
        for key in redrive.keys(district):
            attempt = redrive.key(key, district=district, dry_run=dry_run)
            for tried in attempt.tried:
                place = f"{tried.message.topic} {tried.message.key} {tried.message.sequence}"
                sys.stdout.write(f"{'would be ' if dry_run else ''}{tried.outcome}: {place}\n")


if __name__ == "__main__":
    main()
