"""One import over HTTP: uploaded, checked, committed, and followed until the registry's worker has finished it."""

from collections.abc import Callable
from typing import Any

from deploy.demo.people import PATIENCE_SECONDS, Person, wait_for

Report = dict[str, Any]  # ImportReport of the registry's OpenAPI
OnReport = Callable[[Report], None]  # called with each report that was read
_LOOK_SECONDS = 0.3  # a report may list a thousand mistakes
_AT_WORK = ("uploaded", "reading", "checking", "committing")


def uploaded(clerk: Person, project_id: str, file: tuple[str, bytes], *, key: str) -> str:
    """The import's id. Raises Refusal."""
    answer = clerk.upload("registry", f"/projects/{project_id}/imports", file, key=key)
    return str(answer["import_id"])


def followed(clerk: Person, import_id: str, *, on_report: OnReport, seconds: float = PATIENCE_SECONDS) -> Report:
    """The report when the worker has finished: clean, faulty, refused or committed. Raises Stuck after `seconds`."""

    def at_rest() -> Report | None:
        report: Report = clerk.get("registry", f"/imports/{import_id}")
        on_report(report)
        return None if report["state"] in _AT_WORK else report

    found: Report = wait_for(f"import {import_id}", at_rest, seconds=seconds, every_seconds=_LOOK_SECONDS)
    return found


def committed(
    clerk: Person, import_id: str, *, key: str, on_report: OnReport, seconds: float = PATIENCE_SECONDS
) -> Report:
    """The report after the commit: committed, or faulty when the register has moved since. Raises Refusal, Stuck."""
    clerk.post("registry", f"/imports/{import_id}/commit", {}, key=key)
    return followed(clerk, import_id, on_report=on_report, seconds=seconds)


def mistakes(report: Report) -> list[str]:
    """The listed mistakes, one line each: sheet, cell, code and text."""
    return [
        f"{mistake['sheet']} {mistake['cell'] or mistake['row']} {mistake['header']}: {mistake['code']}  {mistake['text']}"
        for mistake in report["listed"]
    ]
