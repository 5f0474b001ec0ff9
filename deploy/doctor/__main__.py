"""`make doctor`, in containers `docker compose run --rm doctor`: what is wrong in words, and what to do.

Exit code: 0 when nothing is wrong, 1 when something waits for tomorrow, 2 when something should wake a person. `--json` is for programs.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from deploy.doctor import figures
from deploy.doctor.finding import Finding
from deploy.doctor.findings import exit_code, findings
from deploy.doctor.looking import look
from deploy.local.place import CannotStart
from deploy.site import Site

_WORDS = {"page": "NOW", "ticket": "soon"}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.doctor", description="What is wrong here, and what to do?")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--inside", action="store_true", help="from a container on the containers' own network")
    options = parser.parse_args(arguments)
    try:
        site, files = _containers() if options.inside else _local()
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2
    found = findings(look(site, files, apis_run_twice=options.inside))
    if any(finding.entry == figures.FIGURES for finding in found):
        time.sleep(figures.SETTLED_SECONDS)
        found = figures.lasting(found, findings(look(site, files, apis_run_twice=options.inside)))
    print(_json(found) if options.json else _words(found))
    return exit_code(found)


def _local() -> tuple[Site, Path]:
    from deploy.local.place import from_environment  # noqa: PLC0415 - the image of the containers does not have what this needs
    from deploy.local.processes import local_site  # noqa: PLC0415

    place = from_environment()
    if not place.path("supervisord.conf").exists():
        raise CannotStart(f"Nothing is installed in {place.local_dir}: start it with `make up`.")
    return local_site(place), place.local_dir


def _containers() -> tuple[Site, Path]:
    from deploy.images.site import SITE  # noqa: PLC0415 - see above

    return SITE, Path("/")


def _words(found: Sequence[Finding]) -> str:
    if not found:
        return "Nothing is wrong."
    return "\n".join(
        f"{_WORDS[finding.severity]:5}{finding.wrong}\n     {finding.do}\n     {finding.runbook}" for finding in found
    )


def _json(found: Sequence[Finding]) -> str:
    return json.dumps([asdict(finding) | {"runbook": finding.runbook} for finding in found], indent=2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
