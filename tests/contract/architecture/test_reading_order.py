"""Can the reading orders of docs/architecture.md be followed? Every file is used by one that was read before it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.place import ROOT

_ITEM = re.compile(r"^\d+\. \[[\w.]+\]\(\.\./([\w/.]+)\)", re.MULTILINE)
_SCRIPT = re.compile(r"from \"\./([\w.-]+)\"")
# Where data leaves a process, no import leads on: a table, the bus, the wiring of a role, the address of a stream, the page of a script.
BY_DATA = {
    "shared/messaging/relay.py",
    "shared/messaging/consumer.py",
    "services/reporting/projections/reactions.py",
    "services/reporting/projections/at_commit.py",
    "services/reporting/api/live.py",
    "services/reporting/web/static/line.js",
}
# These are read in the order of the data, from what is used to what uses it.
BY_ITS_USER = {
    "services/reporting/api/stream.py",
    "services/reporting/web/static/live.js",
    "services/reporting/web/static/wall.js",
}


def orders(document: str) -> list[list[str]]:
    section = document.split("## Reading order", 1)[1]
    return [found for part in re.split(r"\n\n(?=\D)", section) if (found := _ITEM.findall(part))]


def uses(path: str) -> Iterator[str]:
    """The files of ours that a file imports."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".js"):
        yield from (str(Path(path).with_name(name)) for name in _SCRIPT.findall(text))
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield f"{node.module.replace('.', '/')}.py"
            yield from (f"{node.module.replace('.', '/')}/{name.name}.py" for name in node.names)


ORDERS = orders((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))


def test_there_is_an_order_for_one_post_and_for_one_event() -> None:
    assert [(order[0], order[-1]) for order in ORDERS] == [
        ("services/signing/api/signatures.py", "shared/service/journal.py"),
        ("shared/service/journal.py", "services/reporting/web/static/wall.js"),
    ]
    assert max(map(len, ORDERS)) <= 17


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: Path(order[-1]).stem)
def test_every_file_is_used_by_one_that_was_read_before(order: list[str]) -> None:
    unused = []
    for number, path in enumerate(order[1:], start=1):
        if path in BY_DATA:
            continue
        linked = any(path in uses(before) for before in order[:number])
        if path in BY_ITS_USER:
            linked = any(before in uses(path) for before in order[:number])
        if not linked:
            unused.append(path)

    assert unused == []
