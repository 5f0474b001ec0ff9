"""Does `make compose-test` say clearly why it cannot run, and are the secrets of the containers kept?"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.images import secrets
from deploy.local.place import ROOT, CannotStart
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
    file, kept = tmp_path / ".env", tmp_path / "kept"
    file.write_text("VAULT_KEY='of before'\n")

    with pytest.raises(CannotStart, match="move it away first"):
        secrets.write(file, kept)
    assert file.read_text() == "VAULT_KEY='of before'\n"

    file.unlink()
    secrets.write(file, kept)
    first = file.read_text()
    secrets.write(file, kept)
    assert file.read_text() == first
    assert file.stat().st_mode & 0o077 == 0


def test_missing_secrets_are_added_and_existing_ones_kept(tmp_path: Path):
    first = dict(line.split("=", 1) for line in secrets.lines(tmp_path))
    kept = tmp_path / "secrets.json"
    kept.write_text(kept.read_text().replace("session_secret", "a_name_of_before"))

    second = dict(line.split("=", 1) for line in secrets.lines(tmp_path))

    assert set(second) == {*first, "A_NAME_OF_BEFORE"}
    assert {name for name in first if first[name] != second[name]} == {"SESSION_SECRET"}
    assert all(value.startswith("'") and value.endswith("'") and "'" not in value[1:-1] for value in first.values())
