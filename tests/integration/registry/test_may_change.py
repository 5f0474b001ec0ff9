"""When each column of the register may change, as the service's role: declared below, and held against the database's grants and guards.

A column without a line may not be granted for update. A line without a grant is out of date. A guard that a line names must exist.
"""

import pytest

from services.registry.domain.template import BUILDINGS, OF_UNIT
from tests.support import may_change
from tests.support.platform import Database

_FACT = ("with the next revision of the unit", "takes_a_revision")
_REVISION = ("by one, with what it says", "takes_a_revision")
_BUILDING = ("with an import that names the building, until the roll is frozen", "building_stays_frozen")
_NAME = ("with the next revision of the person, and to nothing when forgotten", "person_changes")
_SEALED = ("with other contacts or another spelling of the name, under the person's own key", "")
_FOUND = ("with the step that finds it", "import_moves")
_FILE = ("to nothing, when the import is abandoned", "import_moves")
_WORKER = ("by the worker, in a transaction of its own: the import does not depend on it", "")
_ASSIGNED = ("with an assignment or an import: the latest one wins", "")
_GRANT = ("once", "decided_once")

# (table, column): when it may change, and the trigger of the table that refuses it at another time.
MAY_CHANGE: dict[tuple[str, str], tuple[str, str]] = {
    ("projects", "project_id"): ("not at all: who locks a row needs a column that may change", "stays_as_opened"),
    **{("buildings", column.name): _BUILDING for column in BUILDINGS if column.name not in ("compound", "building")},
    **{("units", column.name): _FACT for column in OF_UNIT},
    **{("units", column): _FACT for column in ("building_id", "household_id", "floor", "top_floor")},
    ("units", "source"): ("with a revision; the words of an assignment with it", "source_takes_a_revision"),
    ("units", "revision"): _REVISION,
    **{("units", column): _ASSIGNED for column in ("group_id", "staff_id")},
    **{("people", column): _NAME for column in ("masked_name", "name_mark")},
    ("people", "document_mark"): ("to nothing, when the person is forgotten", "person_changes"),
    ("people", "forgotten_at"): ("once, with the key and on record", "forgotten_is_whole"),
    ("people", "revision"): ("by one, with another name or contact", "person_changes"),
    **{("vault", column): _SEALED for column in ("nonce", "ciphertext", "recorded_at")},
    ("tenancies", "ended_on"): ("once", "tenancy_ends_once"),
    ("imports", "state"): ("by the table of moves", "import_moves"),
    **{
        ("imports", column): _FOUND
        for column in ("rows_read", "units", "faults", "fault_counts", "changes", "contacts_changed", "checked_at")
    },
    ("imports", "refusal"): ("with the refusal; its facts to nothing when abandoned", "import_moves"),
    ("imports", "committed_at"): ("once, with the commit", "import_moves"),
    ("imports", "wrapped_key"): ("to nothing, when the import is committed or abandoned", "import_moves"),
    **{("imports", column): _FILE for column in ("file_name", "file_digest")},
    ("imports", "version"): ("by one", "import_moves"),
    **{("import_progress", column): _WORKER for column in ("step", "tries", "done", "total", "began_at", "noted_at")},
    ("import_faults", "code"): ("from a name that differs to how it differs", "fault_is_explained"),
    **{
        ("agencies", column): ("with the next revision of the agency", "takes_a_revision")
        for column in ("name", "office", "email", "telephone")
    },
    ("agencies", "revision"): _REVISION,
    **{("grants", column): _GRANT for column in ("approved_by", "approved_at", "revoked_by", "revoked_at", "reason")},
    **{
        ("endpoints", column): ("with the next revision of the endpoint", "takes_a_revision")
        for column in ("url", "event_types", "ordering", "active")
    },
    ("endpoints", "revision"): _REVISION,
    **{("endpoints", column): ("once", "removed_stays_removed") for column in ("removed_by", "removed_at")},
    ("endpoint_secrets", "ends_at"): ("once, when a newer one takes its place", "secret_ends_once"),
}
# Rows that go: the trigger that refuses it at another time, and when they may.
MAY_GO = {
    "holders": ("goes_with_a_revision", "replaced with the next revision of the unit"),
    "vault": ("forgotten_is_whole", "when the person is forgotten"),
    "imports": ("import_stays", "that of a correction, which has no file"),
    "import_parts": ("staged_stays", "when the key of the file is destroyed"),
    **dict.fromkeys(
        ("import_lines", "import_buildings"), ("staged_stays", "with the next reading, or with the file's key")
    ),
    **dict.fromkeys(("import_units", "import_faults"), ("staged_stays", "with the next check, or with the file's key")),
    "agency_clients": ("goes_with_a_revision", "replaced with the next revision of the agency"),
    "endpoint_secrets": ("one_secret_does_not_end", "older ones with a rotation, all with the removal"),
}


def test_each_column_that_the_service_may_change_has_a_verdict_and_no_other_is_granted(urls: Database) -> None:
    assert may_change.updatable(urls) == set(MAY_CHANGE)


def test_each_verdict_has_the_guard_that_it_names(urls: Database) -> None:
    changed = {(table, guard) for (table, _), (_, guard) in MAY_CHANGE.items() if guard}
    gone = {(table, guard) for table, (guard, _) in MAY_GO.items()}

    assert (changed | gone) - may_change.guards(urls) == set()


def test_rows_go_from_the_declared_tables_only_and_no_table_is_emptied(urls: Database) -> None:
    assert may_change.tables_with(urls, "delete") == set(MAY_GO)


@pytest.mark.parametrize("jump", may_change.JUMPS)
def test_the_service_cannot_leave_its_role(urls: Database, jump: str) -> None:
    may_change.assert_is_refused(urls, may_change.JUMPS[jump].format(service="registry", table="units"))
