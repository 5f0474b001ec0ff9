"""Does `make compose-test` say clearly why it cannot run, and are the secrets of the containers kept?"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.declaration import API, ARCHIVE_FILE, SECOND, SERVICES
from deploy.images import running, secret_files, secrets, upgrading
from deploy.local import keys
from deploy.local.place import ROOT, CannotStart
from tests.e2e import containers as compose_test
from tests.e2e.containers import parsed

DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
NO_PLUGIN = "docker: unknown command: docker compose"


@pytest.mark.parametrize(
    ("docker", "reason"),
    [
        (None, "There is no docker on this machine"),
        (f'echo "{DAEMON}" >&2; exit 1', f"`docker version` fails: {DAEMON}"),
        (f'[ "$1" = version ] || {{ echo "{NO_PLUGIN}" >&2; exit 1; }}', f"`docker compose` fails: {NO_PLUGIN}"),
    ],
)
def test_compose_test_says_in_one_line_why_it_cannot_run(tmp_path: Path, docker: str | None, reason: str):
    if docker is not None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{docker}\n")
        (tmp_path / "docker").chmod(0o755)

    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.containers"],
        cwd=ROOT, env=os.environ | {"PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr.startswith(f"compose-test cannot run here: {reason}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("listing", ["[{0},{1}]", "{0}\n{1}"])
def test_the_output_of_every_compose_version_is_read(listing: str):
    running = '{"Service": "signing-api", "State": "running", "Health": "starting", "ExitCode": 0}'
    ended = '{"Service": "topics", "State": "exited", "Health": "", "ExitCode": 3}'

    states = parsed(listing.replace("{0}", running).replace("{1}", ended))

    assert states == {"signing-api": "running starting", "topics": "exited 3"}


def test_sealing_keys_are_never_overwritten(tmp_path: Path):
    file, kept, folder = tmp_path / ".env", tmp_path / "kept", tmp_path / "secrets"
    file.write_text("VAULT_KEY='of before'\n")

    with pytest.raises(CannotStart, match="move it away first"):
        secrets.write(file, kept, folder)
    assert file.read_text() == "VAULT_KEY='of before'\n"
    assert not folder.exists()

    file.unlink()
    secrets.write(file, kept, folder)
    first = contents(file, folder)
    secrets.write(file, kept, folder)
    assert contents(file, folder) == first
    assert file.stat().st_mode & 0o077 == 0


def test_missing_secrets_are_added_and_existing_ones_kept(tmp_path: Path):
    first = keys.load(tmp_path)
    kept = tmp_path / "secrets.json"
    kept.write_text(kept.read_text().replace("session_secret", "a_name_of_before"))

    second = keys.load(tmp_path)

    assert set(second) == {*first, "a_name_of_before"}
    assert {name for name in first if first[name] != second[name]} == {"session_secret"}
    assert all("'" not in value for value in first.values())


def test_a_secret_is_a_file_that_only_its_container_and_the_owner_reach(tmp_path: Path):
    file, folder = tmp_path / ".env", tmp_path / "secrets"
    secrets.write(file, tmp_path / "kept", folder)
    known = keys.load(tmp_path / "kept")

    assert folder.stat().st_mode & 0o777 == 0o700
    # The user of an image is not the one who runs Docker: what a container is given it must be able to read.
    assert {item.stat().st_mode & 0o777 for item in folder.iterdir()} == {0o444}
    assert (folder / "session_secret").read_text() == known["session_secret"]
    assert known["signing_app_password"] in (folder / "signing_database_url").read_text()
    assert not [value for name, value in known.items() if "password" in name and value in file.read_text()]


def test_each_container_can_read_its_mounts_also_in_a_clone_with_a_strict_umask(tmp_path: Path):
    mounted = [
        tmp_path / volume.split(":")[0]
        for entry in yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"].values()
        for volume in entry.get("volumes", ())
        if volume.startswith("./")
    ]
    page, key = tmp_path / "deploy/front_door/pages/problem.html", tmp_path / ".local-containers/shared/issuer/key"
    for file in (*(path for path in mounted if path.suffix or path.name == "Caddyfile"), page, key):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for path in tmp_path.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    for folder in (path for path in mounted if not path.exists()):
        folder.mkdir(mode=0o700, parents=True)

    secrets.let_read(tmp_path)

    assert {path.name: path.stat().st_mode & 0o005 for path in mounted if path.is_dir()} == {
        path.name: 5 for path in mounted if path.is_dir()
    }
    assert [path for path in (*mounted, page) if not path.stat().st_mode & 0o004] == []
    assert [path.stat().st_mode & 0o077 for path in (key, key.parent)] == [0, 0]


def test_a_running_container_keeps_the_secret_that_it_began_with(tmp_path: Path):
    folder = tmp_path / "secrets"
    secrets.write(tmp_path / ".env", tmp_path / "kept", folder)
    with (folder / "kafka_signing_relay_password").open() as mounted:
        secrets.rotate(tmp_path / "kept", ["signing-relay"])
        secrets.write(tmp_path / ".env", tmp_path / "kept", folder)
        former = mounted.read()

    assert (folder / "kafka_signing_relay_password").read_text() not in ("", former)
    assert "KAFKA_SIGNING_RELAY_SIDE='b'" in (tmp_path / ".env").read_text()


def test_a_rotation_gives_the_role_its_other_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run as a person runs it: twice in one run would give the same user another password while it is in use."""
    for name, path in {"KEPT_IN": "kept", "SHARED": "kept/shared", "SECRETS": "kept/secrets", "ROOT": "."}.items():
        monkeypatch.setattr(secrets, name, tmp_path / path)
    monkeypatch.setattr(sys, "argv", ["secrets"])
    secrets.main()
    monkeypatch.setattr(sys, "argv", ["secrets", "--rotate", "signing-relay"])
    secrets.main()

    assert keys.load(tmp_path / "kept")["kafka_signing_relay_side"] == "b"


def test_a_step_reads_its_secrets_from_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "KAFKA_PASSWORD").write_text("from a file")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("KAFKA_USER", "admin-a")

    settings = secret_files.read()

    assert (settings["KAFKA_USER"], settings["KAFKA_PASSWORD"]) == ("admin-a", "from a file")


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("postgresql://a:${A_PASSWORD}@b", "signing_url"),
        ("${A_PASSWORD}", "a_password"),
        ("x-${A_SIDE}", None),
        ("plain", None),
        ("$${directory:/run/secrets:A_PASSWORD}", None),
    ],
)
def test_secrets_are_not_passed_as_variables(value: str, source: str | None):
    entry = secret_files.mounted("signing-api", {"environment": {"URL": value}})

    assert entry.get("secrets", []) == ([{"source": source, "target": "URL"}] if source else [])
    assert ("URL" in entry["environment"]) == (source is None)


def test_a_service_reads_a_setting_from_a_file(tmp_path: Path):
    (tmp_path / "DATABASE_URL").write_text("postgresql://of/a/file\n")
    program = "from shared.service.environment import Environment; print(Environment().database_url)"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SECRETS_DIR": str(tmp_path)}

    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout == "postgresql://of/a/file\n"


def test_the_newcomers_first_command_fetches_what_images_show():
    """The fonts come from npm, which no image asks: they are in shared/ before the images are built."""
    rule = next(
        line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if line.startswith("secrets:")
    )

    assert "$(ASSETS)" in rule


def contents(file: Path, folder: Path) -> dict[str, str]:
    return {item.name: item.read_text() for item in (file, *folder.iterdir())}


def test_an_upgrade_of_containers_migrates_first_and_never_replaces_both_apis_at_once():
    taken = list(upgrading.steps())
    started = [step[-1] for step in taken if step[0] == "up"]

    assert [step[-1] for step in taken[: len(SERVICES) + 1]] == ["build", *(f"{name}-migrate" for name in SERVICES)]
    for service in SERVICES.values():
        api = service.process(API)
        assert started.index(api) == started.index(api + SECOND) + 1
        assert {service.process(role) for role in service.roles} <= set(started)
    assert {"issuer", "messages", "admin", "watch"} <= set(started)
    assert all("--wait" in step and "--no-deps" in step for step in taken if step[0] == "up")


def test_compose_test_puts_aside_what_this_clones_own_containers_have_and_brings_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A demo of eight units and its clock were left to the next `make demo CONTAINERS=yes`, and an archive to a folder that was gone."""
    day, archive = tmp_path / "shared" / "clock.json", tmp_path / ARCHIVE_FILE
    monkeypatch.setattr(running, "KEPT_IN", tmp_path)
    monkeypatch.setattr(running, "SHARED", day.parent)
    monkeypatch.setattr(compose_test, "call", lambda *_: None)  # it would write this clone's .env
    day.parent.mkdir()
    day.write_text("own")
    for content in ("of the test", "of a test that was killed"):
        with compose_test.own_things_aside():
            assert not day.exists()
            day.parent.mkdir()
            day.write_text(content)
            archive.write_text(content)
        assert day.read_text() == "own"
        assert not archive.exists()
        day.parent.rename(tmp_path / "shared.aside")
        day.parent.mkdir()
        day.write_text(content)


def test_receivers_of_the_installations_own_take_the_place_of_ours(tmp_path: Path):
    """Compose reads the name from .env; docker-compose.yml stays as it is written."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    mounted = [line for line in compose["services"]["alertmanager"]["volumes"] if "alertmanager.yml" in line]

    assert not [line for line in secrets.lines(tmp_path) if line.startswith("ALERTMANAGER_FILE")]
    (tmp_path / "alertmanager.yml").touch()
    assert f"ALERTMANAGER_FILE='{tmp_path}/alertmanager.yml'" in secrets.lines(tmp_path)
    assert mounted == ["${ALERTMANAGER_FILE:-./deploy/images/alertmanager.yml}:/etc/alertmanager/alertmanager.yml:ro"]
