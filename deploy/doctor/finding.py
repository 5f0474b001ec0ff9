"""One finding of the doctor: what is wrong in words, what to do, and its entry of the runbook."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["page", "ticket"]
_RUNBOOK = "docs/runbook.md"


@dataclass(frozen=True)
class Finding:
    """`entry`: of the runbook, the name of an alert or of a finding that no metric shows."""

    entry: str
    severity: Severity
    place: str
    wrong: str
    do: str

    @property
    def runbook(self) -> str:
        return f"{_RUNBOOK}#{self.entry.lower()}"
