"""python -m deploy.local up|down|status|restart|stop|upgrade|topics|district|agency|rotate|token|run|…: what the Makefile calls.

A start that cannot work ends with one line on standard error and exit code 2.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from deploy.declaration import SERVICES
from deploy.local import (
    admin,
    admission,
    assets,
    districts,
    jars,
    place,
    postgres,
    processes,
    progress,
    rolling,
    rotation,
    supervise,
    system,
    topics,
)
from deploy.local.place import ROOT, CannotStart, Place
from deploy.prometheus import silencing

Command = Callable[[Place, argparse.Namespace], int]


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _as_interrupt)  # a `make up` that is killed cleans up like one that is interrupted
    try:
        installation = place.from_environment()
        run: Command = arguments.run
        return run(installation, arguments)
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted: everything that was started has been stopped.", file=sys.stderr)
        return 130


def _up(installation: Place, _: argparse.Namespace) -> int:
    progress.say(f"Clearwater in {installation.local_dir}, ports from {installation.port_base}")
    system.up(installation)
    progress.say(f"Ready: {installation.front_url}  mailbox {installation.url('messages')}")
    progress.say(f"All addresses: {installation.path('run.env')}")
    return 0


def _down(installation: Place, _: argparse.Namespace) -> int:
    system.down(installation)
    return 0


def _upgrade(installation: Place, _: argparse.Namespace) -> int:
    with silencing.silenced(os.environ.get(silencing.VARIABLE, ""), comment="upgrade") as silence:
        if silence:
            progress.say("alerts are silent until the end")
        rolling.upgrade(installation, progress.say)
    return 0


def _restart(installation: Place, arguments: argparse.Namespace) -> int:
    rolling.restart(installation, arguments.process)
    progress.say(f"{arguments.process} is ready")
    return 0


def _stop(installation: Place, arguments: argparse.Namespace) -> int:
    rolling.stop(installation, arguments.process)
    progress.say(f"{arguments.process} is stopped until `make restart PROCESS={arguments.process}`")
    return 0


def _status(installation: Place, _: argparse.Namespace) -> int:
    lines = system.status(installation)
    progress.say("\n".join(lines))
    return 0 if all(" ready " in line and "not ready" not in line for line in lines) else 1


def _topics(installation: Place, arguments: argparse.Namespace) -> int:
    for name in topics.create(admin.as_admin(installation), arguments.district):
        progress.say(name)
    return 0


def _district(installation: Place, arguments: argparse.Namespace) -> int:
    for line in districts.add(installation, arguments.district, name=arguments.name):
        progress.say(line)
    return 0


def _agency(installation: Place, arguments: argparse.Namespace) -> int:
    admission.show(arguments.agency, admission.admit(installation, arguments.agency))
    return 0


def _rotate(installation: Place, arguments: argparse.Namespace) -> int:
    rotation.rotate(installation, arguments.role, progress.say)
    return 0


def _token(installation: Place, arguments: argparse.Namespace) -> int:
    from deploy.local.issuer import mint  # noqa: PLC0415 - the issuer is a process of its own; only a token needs its code here
    from shared.service.identity import ROLES  # noqa: PLC0415 - and the framework behind it

    wanted = [code for code in arguments.district.split(",") if code]
    if arguments.role not in ROLES:
        raise CannotStart(f"ROLE={arguments.role} is no role: choose one of {', '.join(ROLES)}.")
    if not wanted or not all(code == "*" or topics.is_district(code) for code in wanted):
        raise CannotStart(
            f"DISTRICT={arguments.district} is no district: six digits, several with commas, or '*' for the city."
        )
    if not installation.path("issuer", "key.json").exists():
        raise CannotStart(f"{installation.local_dir} has no issuer yet: run `make up` first.")
    print(
        mint(
            installation.local_dir,
            role=arguments.role,
            districts=wanted,
            name=arguments.name,
            seconds=arguments.seconds,
        )
    )
    return 0


def _run(installation: Place, arguments: argparse.Namespace) -> int:
    """A service's own command, with the environment that its processes have here."""
    command = [sys.executable, "-m", f"services.{arguments.service}", *arguments.command]
    environment = os.environ | processes.environment(installation, arguments.service)
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def _check_machine(installation: Place, _: argparse.Namespace) -> int:
    system.check(installation)
    return 0


def _fetch(_: Place, __: argparse.Namespace) -> int:
    with progress.step("Kafka's jars"):
        jars.fetch()
    return 0


def _assets(_: Place, __: argparse.Namespace) -> int:
    assets.install()
    return 0


def _lock(_: Place, __: argparse.Namespace) -> int:
    jars.lock()
    jars.lock(jars.DEBEZIUM)
    assets.npm("install", "--package-lock-only")
    return 0


def _forget(installation: Place, _: argparse.Namespace) -> int:
    """For `make clean`: what lies outside LOCAL_DIR. Refuses while something runs."""
    if supervise.members(installation):
        raise CannotStart(f"{installation.local_dir} is running: `make down` first.")
    postgres.remove(installation)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    simple: dict[str, Command] = {
        "up": _up,
        "down": _down,
        "status": _status,
        "check-machine": _check_machine,
        "upgrade": _upgrade,
    }
    simple |= {"fetch": _fetch, "assets": _assets, "lock": _lock, "forget": _forget}
    for name, run in simple.items():
        commands.add_parser(name).set_defaults(run=run)
    named: dict[str, Command] = {"topics": _topics, "district": _district}
    for name, run in named.items():
        command = commands.add_parser(name)
        command.add_argument("district", help="six digits of GB/T 2260, such as 440306")
        command.add_argument("--name", default="", help="what people call it")
        command.set_defaults(run=run)
    agency = commands.add_parser("agency", help="let an agency in by its grants in force, or out when it has none")
    agency.add_argument("agency", help="its id at the registry, such as real-estate")
    agency.set_defaults(run=_agency)
    for name, help_line, run in (
        ("restart", "one process; returns when it is ready", _restart),
        ("stop", "one process, until it is restarted; returns when it has ended", _stop),
    ):
        command = commands.add_parser(name, help=help_line)
        command.add_argument("process", help="its name in `make status`, such as signing-api")
        command.set_defaults(run=run)
    rotate = commands.add_parser("rotate", help="new credentials on the broker, without a stop")
    rotate.add_argument("role", nargs="*", help="such as signing-relay; all when left out")
    rotate.set_defaults(run=_rotate)
    token = commands.add_parser("token")
    token.add_argument("--role", required=True, help="one of the six; another word is answered with their names")
    token.add_argument("--district", required=True, help="one code, several with commas, or * for the city")
    token.add_argument("--name", default="")
    token.add_argument("--seconds", type=int, default=3600)
    token.set_defaults(run=_token)
    service = commands.add_parser("run", help="a service's own command, such as: run signing reconcile")
    service.add_argument("service", choices=SERVICES)
    service.add_argument("command", nargs=argparse.REMAINDER)
    service.set_defaults(run=_run)
    return parser.parse_args()


def _as_interrupt(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
