"""Imports a workbook or a csv over HTTP and shows how far it is: `make import FILE=units.csv PROJECT=澄水湾片区`.

Without --commit it is a dry run: what is wrong, or what would change. It speaks the language of LANG where the registry does.
Exit codes: 0 all is right, and committed if --commit was given; 1 the file has mistakes, listed on standard output, and nothing is
written; 2 the import was refused or could not be requested, the reason is on standard error; 130 interrupted, the state is printed.
"""

import argparse
import math
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from deploy.demo import imports, screen
from deploy.demo.imports import Report
from deploy.demo.people import Person, Refusal, Stuck
from deploy.local import place as places
from deploy.local.place import CannotStart, Place

_BAR = 24
_QUARTERS = 4
_NOTHING = "Nothing was uploaded."
_TRADITIONAL = ("zh_TW", "zh_HK", "zh_MO")
_UNITS = {"reading": "rows", "checking": "checks", "committing": "rows and units"}


class Progress:
    """A bar for each step, filled by the import's own progress; without a terminal, a line for each step and each quarter of it."""

    def __init__(self) -> None:
        self._milestone = ("", 0)

    def __call__(self, report: Report) -> None:
        step, now = report["state"], report["progress"] or {"done": 0, "total": 0, "rest_seconds": None}
        done, total = now["done"], now["total"]
        milestone = (step, done * _QUARTERS // total if total else 0)
        line = f"{step:<11} {_bar(done, total)}{_rest(now['rest_seconds'])}" if step in _UNITS else step
        if sys.stdout.isatty():
            if step != self._milestone[0]:
                self.end()
            screen.passing(line + (f"  {done:,} of {total:,} {_UNITS[step]}" if total and step in _UNITS else ""))
        elif milestone != self._milestone:
            screen.line(f"{step:<11} {done:,} of {total:,} {_UNITS[step]}" if total and step in _UNITS else step)
        self._milestone = milestone

    def end(self) -> None:
        """Ends the line of the bar, so that later output has its own line."""
        if sys.stdout.isatty() and self._milestone[0]:
            print(flush=True)


class Importing:
    """`standing` is the line to print when the import is interrupted now."""

    def __init__(self, installation: Place, clerk: Person, project_id: str) -> None:
        self._installation, self._clerk, self._project_id = installation, clerk, project_id
        self._progress = Progress()
        self.standing = _NOTHING

    def run(self, file: Path, *, commit: bool) -> int:
        content = file.read_bytes()
        listed_at = f"{self._installation.front_url}/register/imports"
        self.standing = f"Whether {file.name} arrived is listed at {listed_at}; nothing of it is written."
        import_id = imports.uploaded(self._clerk, self._project_id, (file.name, content), key=uuid4().hex)
        page = f"{listed_at}/{import_id}"
        screen.line(f"uploaded    {file.name}, {len(content):,} bytes: {page}")
        self.standing = f"The dry run goes on without this terminal, and nothing is written: {page}"
        report = self._ended(imports.followed(self._clerk, import_id, on_report=self._progress, seconds=math.inf))
        if commit and report["state"] == "clean":
            self.standing = f"A commit that has arrived goes on without this terminal, all of it or nothing: {page}"
            key = f"commit-{import_id}"
            report = self._ended(
                imports.committed(self._clerk, import_id, key=key, on_report=self._progress, seconds=math.inf)
            )
        return _show_result(report)

    def _ended(self, report: Report) -> Report:
        self._progress.end()
        return report


def main() -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
    arguments = _arguments()
    importing: Importing | None = None
    try:
        installation = _place()
        project = _project(installation, arguments.project)
        with Person(installation, "clerk", project["district"], name="make import", language=_language()) as clerk:
            importing = Importing(installation, clerk, project["project_id"])
            return importing.run(arguments.file, commit=arguments.commit)
    except Refusal as refusal:
        _refused(refusal.problem)
    except (CannotStart, Stuck, OSError) as reason:
        print(reason, importing.standing if importing else _NOTHING, sep="\n", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"\nInterrupted. {importing.standing if importing else _NOTHING}", file=sys.stderr)
        return 130
    return 2


def _place() -> Place:
    installation = places.from_environment()
    if not installation.path("issuer", "key.json").exists():
        raise CannotStart(f"{installation.local_dir} has no issuer yet: run `make up` first.")
    return installation


def _project(installation: Place, wanted: str) -> dict[str, str]:
    """Finds the project by id or by name, in all districts. Raises Stuck."""
    with Person(installation, "city", "*") as city:
        every = list(city.every("registry", "/projects"))
    found = [project for project in every if wanted in (project["project_id"], project["name"])]
    if len(found) == 1:
        project: dict[str, str] = found[0]
        return project
    known = "; ".join(f"{project['district']} {project['name']} {project['project_id']}" for project in found or every)
    raise Stuck(f"{len(found) or 'No'} projects are called {wanted!r}. There are: {known or 'none'}")


def _show_result(report: Report) -> int:
    if report["state"] == "refused" or (report["state"] == "faulty" and report["refusal"]):
        _refused(report["refusal"])
        return 2
    if report["state"] == "faulty":
        listed = imports.mistakes(report)
        for mistake in listed:
            screen.line(mistake)
        more = "" if len(listed) == report["faults"] else f", the first {len(listed):,} listed"
        screen.line(
            f"faulty      {report['faults']:,} mistakes in {report['rows_read']:,} rows{more}; nothing is written"
        )
        return 1
    changes = ", ".join(f"{count:,} {change}" for change, count in report["changes"].items())
    if report["contacts_changed"]:
        changes += f"; another telephone, mail or language of {report['contacts_changed']:,} people"
    done = "" if report["state"] == "committed" else "; nothing is written before --commit (make: COMMIT=yes)"
    screen.line(f"{report['state']:<11} {report['units']:,} units: {changes}{done}")
    return 0


def _refused(problem: Mapping[str, Any]) -> None:
    facts = {**problem, **problem.get("facts", {})}
    named = (f"{name} {value}" for name, value in facts.items() if name in ("row", "line", "cell", "expected", "found"))
    code = " ".join([f"({problem['code']})" if "code" in problem else "", *named]).strip()
    print(*filter(None, (f"{problem['title']} {code}".strip(), problem.get("next"))), sep="\n", file=sys.stderr)


def _bar(done: int, total: int) -> str:
    filled = done * _BAR // total if total else 0
    return f"[{'█' * filled}{'·' * (_BAR - filled)}] {done * 100 // total if total else 0:3} %"


def _rest(seconds: int | None) -> str:
    return "" if seconds is None else f"  about {seconds:,} s to go"


def _language() -> str:
    lang = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    if lang.startswith(_TRADITIONAL):
        return "zh-Hant"
    return "zh-Hans" if lang.startswith("zh") else "en"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.demo.importing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="a workbook or, if its name ends in .csv, a csv; both by the template")
    parser.add_argument("--project", required=True, help="its name or its id")
    parser.add_argument("--commit", action="store_true", help="write it to the register when all is right")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
