"""python -m services.signing api|relay|consumer|worker|migrate|redrive|reconcile|new-epoch"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

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
_COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {  # these take arguments of their own
    "redrive": wiring.redrive,
    "reconcile": wiring.reconcile,
    "new-epoch": wiring.new_epoch,
}


def main() -> None:
    command = argparse.ArgumentParser(prog="python -m services.signing", description=__doc__)
    command.add_argument("role", choices=("api", *_ROLES, *_COMMANDS))
    asked, rest = command.parse_known_args()
    if rest and asked.role not in _COMMANDS:
        command.error(f"unknown: {' '.join(rest)}")
    settings = Settings()
    log.configure(service="signing", role=asked.role, level=settings.log_level)
    if asked.role == "api":
        serve.serve(wiring.create_api, bind=settings.bind, port=settings.port, threads=settings.api_threads)
    elif asked.role in _COMMANDS:
        sys.exit(_COMMANDS[asked.role](rest))
    else:
        _ROLES[asked.role]()


if __name__ == "__main__":
    main()
