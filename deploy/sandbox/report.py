"""What the player found out, as a table for people, as JSON and as JUnit XML for a CI.

Invariant: a behaviour has one mark. What was not observed says why; it is never counted as passed.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from deploy.sandbox.behaviours import BEHAVIOURS, PAGE, Behaviour

Mark = Literal["passed", "failed", "not observed"]


@dataclass
class Report:
    """`parts`: those that are played; behaviours of others are not listed."""

    parts: tuple[str, ...]
    marks: dict[str, tuple[Mark, str]] = field(default_factory=dict)

    def judge(self, name: str, fault: str = "") -> None:
        """The first fault of a behaviour stays."""
        if self.mark(name)[0] != "failed":
            self.marks[name] = ("failed", fault) if fault else ("passed", "")

    def unseen(self, name: str, reason: str) -> None:
        if self.mark(name)[0] != "failed":
            self.marks[name] = ("not observed", reason)

    def mark(self, name: str) -> tuple[Mark, str]:
        return self.marks.get(name, ("not observed", "The player did not come so far."))

    @property
    def listed(self) -> dict[str, Behaviour]:
        return {name: behaviour for name, behaviour in BEHAVIOURS.items() if behaviour.part in self.parts}

    def names(self, mark: Mark) -> list[str]:
        return [name for name in self.listed if self.mark(name)[0] == mark]

    @property
    def passed(self) -> bool:
        return bool(self.names("passed")) and not self.names("failed")

    def table(self) -> str:
        lines = []
        for name, behaviour in self.listed.items():
            mark, reason = self.mark(name)
            lines.append(f"{mark:<13} {name:<15} {behaviour.title}")
            if reason:
                lines.append(f"{'':13} {'':15} {reason}")
            if mark == "failed":
                lines.append(f"{'':13} {'':15} {behaviour.advice} {PAGE}#{behaviour.paragraph}")
        counts = ", ".join(f"{len(self.names(mark))} {mark}" for mark in ("passed", "failed", "not observed"))
        return "\n".join([*lines, counts])

    def write_json(self, file: Path) -> None:
        rows = [
            {"name": name, "part": behaviour.part, "behaviour": behaviour.title, "mark": self.mark(name)[0],
             "reason": self.mark(name)[1], "advice": behaviour.advice, "paragraph": f"{PAGE}#{behaviour.paragraph}"}
            for name, behaviour in self.listed.items()
        ]  # fmt: skip
        written = json.dumps({"passed": self.passed, "behaviours": rows}, ensure_ascii=False, indent=2)
        file.write_text(written + "\n", encoding="utf-8")

    def write_junit(self, file: Path) -> None:
        failures, skipped = self.names("failed"), self.names("not observed")
        suite = ET.Element(
            "testsuite", name="clearwater-sandbox", tests=str(len(self.listed)), failures=str(len(failures)),
            skipped=str(len(skipped)), errors="0",
        )  # fmt: skip
        for name, behaviour in self.listed.items():
            mark, reason = self.mark(name)
            case = ET.SubElement(suite, "testcase", classname=f"sandbox.{behaviour.part}", name=name)
            if mark == "failed":
                ET.SubElement(case, "failure", message=reason).text = f"{behaviour.advice} {PAGE}#{behaviour.paragraph}"
            elif mark == "not observed":
                ET.SubElement(case, "skipped", message=reason)
        ET.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)
