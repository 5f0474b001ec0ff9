"""Do the broker's rights follow the declarations, and do the services ask for no others?"""

from importlib import import_module
from pathlib import Path

import pytest

from deploy.declaration import BUS_ADMIN, BUS_STATIC, SERVICES, bus_roles, password_key, side_key
from deploy.images import secrets as containers
from deploy.local import access, broker, keys, processes, rotation
from deploy.local.place import CannotStart, Place
from shared.events import topics

GRANTS = list(access.of_district("440303"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_consumes_what_it_is_declared_to_read_in_its_own_group(service):
    consuming = import_module(f"services.{service}.wiring").SERVICE

    assert consuming.topics == topics.pattern(*topics.read_by(service))
    assert consuming.consumer == service
    assert access.Grant(f"{service}-consumer", "READ", "GROUP", service) in set(access.everywhere())


@pytest.mark.parametrize("kind", topics.KINDS.values(), ids=lambda kind: kind.kind)
def test_a_topic_is_written_by_its_owner_and_read_by_its_readers(kind):
    name = topics.name("440303", kind.kind)
    may = {(grant.role, grant.operation) for grant in GRANTS if grant.name == name}

    assert {role for role, operation in may if operation == "WRITE"} == {f"{kind.owner}-relay"}
    reading = {role.rpartition("-")[0] for role, operation in may if operation == "READ"}
    assert reading == {kind.owner, *kind.readers}
    assert {operation for _, operation in may} == {"READ", "WRITE"}


def test_only_one_service_besides_the_owner_reads_personal_data():
    restricted = [kind for kind in topics.KINDS.values() if kind.audience == "restricted"]

    assert {(kind.owner, *kind.readers) for kind in restricted} == {("registry", "notify")}


def test_rights_on_topics_are_literal_except_to_see_that_one_exists():
    assert not [grant for grant in GRANTS if grant.prefixed or grant.resource != "TOPIC"]
    prefixed = [grant for grant in access.everywhere() if grant.prefixed]
    assert {(grant.resource, grant.operation) for grant in prefixed} == {("TOPIC", "DESCRIBE"), ("GROUP", "READ")}


def test_only_the_admin_and_the_broker_are_admin():
    assert set(access.super_users()) == {*access.users(BUS_ADMIN), *BUS_STATIC}
    known = [user for users in broker.STATIC_USERS.values() for user in users]
    assert sorted(known) == sorted(BUS_STATIC)
    assert not {grant.role for grant in (*GRANTS, *access.everywhere())} & {BUS_ADMIN, *BUS_STATIC}


def test_no_process_has_the_password_of_another_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = Place(tmp_path, 18_000)
    passwords = {password_key(role): role for role in bus_roles()} | {password_key(user): user for user in BUS_STATIC}
    owners = {value: passwords[name] for name, value in keys.load(tmp_path).items() if name in passwords}
    monkeypatch.setattr(broker, "command", lambda _: ("kafka",))

    for process in processes.declared(place):
        known = {owners[value] for value in process.environment.values() if value in owners}
        assert known == ({process.name} if process.name in bus_roles() else set())


def test_in_containers_a_role_gets_its_other_user_and_nothing_else_changes(tmp_path: Path):
    before = _of_containers(tmp_path)

    containers.rotate(tmp_path, ["signing-relay"])

    after = _of_containers(tmp_path)
    side, password = side_key("signing-relay").upper(), password_key("signing-relay")
    assert {name for name in before if before[name] != after[name]} == {side, password}
    assert (before[side], after[side]) == ("'a'", "'b'")


def _of_containers(local_dir: Path) -> dict[str, str]:
    """The variables of .env and the files of the secrets."""
    return dict(line.split("=", 1) for line in containers.lines(local_dir)) | containers.files(local_dir)


def test_a_rotation_names_an_unknown_role(tmp_path: Path):
    with pytest.raises(CannotStart, match=r"^signing-worker is no role of the broker: choose from admin, "):
        rotation.successor(keys.load(tmp_path), "signing-worker")
