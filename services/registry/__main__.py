"""python -m services.registry api|relay|consumer|worker|migrate|redrive|reconcile|new-epoch|sample"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.registry import wiring
from services.registry.commands.make_sample import MakeSample, make_sample
from services.registry.config import Settings
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
    command = argparse.ArgumentParser(prog="python -m services.registry", description=__doc__)
    roles = command.add_subparsers(dest="role", required=True)
    for role in ("api", *_ROLES):
        roles.add_parser(role)
    for each in _COMMANDS:
        roles.add_parser(each, add_help=False)
    sample = roles.add_parser("sample", help="a workbook of invented people, and what to post before importing it")
    sample.add_argument("--seed", type=int, default=1)
    sample.add_argument("--units", type=int, default=20, help="1708 makes the reference project")
    sample.add_argument("--district", default="440303", help="GB/T 2260")
    sample.add_argument(
        "-o", "--output", type=Path, required=True, help="file.xlsx or file.csv; file.json stands beside it"
    )
    asked, rest = command.parse_known_args()
    if rest and asked.role not in _COMMANDS:
        command.error(f"unknown: {' '.join(rest)}")
    if asked.role == "sample":
        _sample(MakeSample(asked.seed, asked.units, asked.district, asked.output))
        return
    settings = Settings()
    log.configure(service="registry", role=asked.role, level=settings.log_level)
    if asked.role == "api":
        serve.serve(wiring.create_api, bind=settings.bind, port=settings.port, threads=settings.api_threads)
    elif asked.role in _COMMANDS:
        sys.exit(_COMMANDS[asked.role](rest))
    else:
        _ROLES[asked.role]()


def _sample(command: MakeSample) -> None:
    made = make_sample(command)
    command.output.with_suffix(".json").write_text(
        json.dumps(made, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    sys.stdout.write(f"{command.output}: {made['units']} units, {made['rows']} rows\n")


if __name__ == "__main__":
    main()
