"""Do events leave with the transaction, and come in by one decoder (decision 29)? The means are few, and each has its places."""

import re

import pytest

from deploy.local.place import ROOT
from tests.support.tree import python_files

# A flush locks keys before the end: an import holds its district alone; a redrive counts what it touched before it rolls back.
PLACES = {
    r"\bjournal\.WRITE\b": {"shared/service/database.py"},
    r"\bbegin_nested\(": {"shared/service/database.py"},
    r"\btx\.connection\.(?:rollback|commit)\(": set(),
    r"\btx\.flush\(": {
        "shared/service/database.py",
        "shared/messaging/redrive.py",
        "services/registry/commands/commit_import.py",
    },
    r"insert into (?:events|unsent|event_keys)\b": {"shared/service/journal.py"},
    r"\bcodec\.decode\(": {"shared/messaging/reactions.py"},
    r"\bmodel_validate_json\(": {
        "shared/events/codec.py",
        "shared/service/http.py",  # a request's body
        "services/notify/store/contacts.py",  # what was sealed inside an event
    },
}
OURS = [file for file in python_files() if file.parts[0] in {"services", "shared"} and "migrations" not in file.parts]


@pytest.mark.parametrize("means", PLACES)
def test_events_are_written_and_read_in_one_way(means):
    found = {str(file) for file in OURS if re.search(means, (ROOT / file).read_text(encoding="utf-8"))}

    assert found == PLACES[means]
