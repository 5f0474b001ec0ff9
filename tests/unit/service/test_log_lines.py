"""Is every line that our code logs in docs/logs.md, with a level that means what it says and with no field for a person?"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from deploy.local.place import ROOT
from tests.support.tree import python_files

LEVELS = {"info": "info", "warning": "warning", "error": "error", "exception": "error"}
# What a line may say beside its event: ids, codes, counts and places. A new field is added here after a look at what it can hold.
FIELDS = frozenset({
    "agency", "attempt", "business_on", "channel", "claim", "code", "consumer", "decision", "direction", "district", "endpoint_id", "epoch",
    "equation",
    "error", "event_id", "exc_info", "facts", "failure", "grace_seconds", "grant_type", "group", "ids", "import_id", "issuer",
    "item", "key", "key_id", "keys", "kid", "last", "length", "loop", "loops", "message_key", "messages", "method",
    "milliseconds", "name", "offset", "ours", "outcome", "partition", "person_id", "project_id", "reason",
    "resend_id", "role", "route", "seconds", "sequence", "signal", "source", "sqlstate", "status", "step", "subject",
    "theirs", "topic", "transient", "tries", "url",
})  # fmt: skip
_ROW = re.compile(
    r"^\| (error|warning|info) \| (.+?) \| (.*?) \| (.*?) \| (?:(page|ticket): \[(\w+)\]\(runbook\.md#\w+\))? ?\|$",
    re.MULTILINE,
)


class Line(NamedTuple):
    level: str
    event: str
    fields: frozenset[str]
    entry: str = ""
    severity: str = ""


def written() -> set[Line]:
    text = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    return {
        Line(level, event, frozenset(re.findall(r"`(\w+)`", fields)), entry, severity)
        for level, event, fields, _, severity, entry in _ROW.findall(text)
    }


def logged() -> Iterator[Line]:
    """The lines in the code. Fields that are unpacked from a mapping are not seen; what is named must be in the table."""
    for file in python_files():
        if file.parts[0] in {"services", "shared"}:
            for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
                yield from _line(node)


def _line(node: ast.AST) -> Iterator[Line]:
    if not isinstance(node, ast.Call) or not node.args or not isinstance(node.func, ast.Attribute):
        return
    if isinstance(node.func.value, ast.Name) and node.func.value.id == "_log":
        event = node.args[0]
        assert isinstance(event, ast.Constant), f"an event without a stable name: {ast.unparse(node)}"
        named = {keyword.arg for keyword in node.keywords if keyword.arg}
        traced = {"exc_info"} if node.func.attr == "exception" else set()
        yield Line(LEVELS[node.func.attr], str(event.value), frozenset(named | traced))


def test_every_line_of_the_code_is_in_the_table_and_the_table_has_no_other():
    table = {(line.level, line.event) for line in written()}
    # `parked` and `diverged` are written by one call whose level and event depend on the reason (shared/messaging/applying.py).
    elsewhere = {("error", "parked"), ("warning", "parked"), ("error", "diverged")}

    assert {(line.level, line.event) for line in logged()} | elsewhere == table


def test_the_table_names_every_field_that_a_line_has():
    fields = {(line.level, line.event): line.fields for line in written()}

    missing = {line.event: line.fields - fields[line.level, line.event] for line in logged()}
    assert {event: names for event, names in missing.items() if names} == {}


def test_no_line_has_a_field_that_could_hold_a_person():
    named = {name for line in (*written(), *logged()) for name in line.fields}

    assert named <= FIELDS
    assert not named & {"mobile", "email", "document_number", "address", "masked_name", "payload", "body", "text"}


def test_every_error_leads_to_an_entry_of_the_runbook_and_nothing_else_does():
    entries = set(re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE))

    for line in written():
        assert (line.entry in entries) == (line.level == "error"), line


def test_an_error_says_as_its_alert_does_whether_it_wakes_somebody():
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    severity = {
        rule["alert"]: rule["labels"]["severity"] for group in groups for rule in group["rules"] if "alert" in rule
    }

    errors = [line for line in written() if line.level == "error"]
    assert {"page", "ticket"} == {line.severity for line in errors}
    assert [line for line in errors if line.severity != severity[line.entry]] == []
