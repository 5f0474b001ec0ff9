"""Does each entry of the runbook name the test that rehearsed it, and does that test exist?"""

import re

from deploy.local.place import ROOT

_ENTRY = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_REHEARSED = re.compile(r"^\*\*Rehearsed by\*\* \[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)\.$", re.MULTILINE)


def faults(runbook: str) -> list[str]:
    """The entries that name no test, several, or one that does not exist."""
    found = {entry: _REHEARSED.findall(text) for entry, text in _ENTRY.findall(runbook)}
    assert found
    return [entry for entry, named in found.items() if len(named) != 1 or not exists(*named[0])]


def exists(test: str, file: str) -> bool:
    place = ROOT / file
    return place.is_file() and re.search(rf"^def {test}\(", place.read_text(encoding="utf-8"), re.MULTILINE) is not None


def test_each_entry_names_the_test_that_rehearsed_it():
    assert faults((ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")) == []


def test_an_entry_without_a_rehearsal_or_with_one_that_does_not_exist_is_named():
    file = "tests/contract/test_runbook.py"
    runbook = f"""\
## Rehearsed

**Rehearsed by** [test_each_entry_names_the_test_that_rehearsed_it](../{file}).

## Silent

**Over when** it is over.

## Gone

**Rehearsed by** [test_that_was_renamed](../{file}).

## Moved

**Rehearsed by** [test_each_entry_names_the_test_that_rehearsed_it](../tests/contract/test_moved.py).
"""

    assert faults(runbook) == ["Silent", "Gone", "Moved"]
