"""Does every call of `docker compose`, in our documents and programs, name containers and commands that there are?

It needs no Docker: the calls are read where they are written, and those of a backup and a restore go to a program that notes them.
"""

import ast
import json
import os
import re
import shlex
import stat
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from deploy.backups import containers
from deploy.declaration import PORTS, SERVICES
from deploy.images import running
from deploy.local import keys
from deploy.local.place import ROOT
from tests.e2e import containers as compose_test
from tests.support.tree import tracked

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
PROFILES = {profile for entry in COMPOSE.values() for profile in entry.get("profiles", ())}
# Options that stand before a value.
_VALUED = {"--format", "--profile", "--tail", "--timeout", "--user", "--volume", "--wait-timeout", "-p"}
_NAMES_ALL = {"build", "create", "down", "kill", "logs", "ps", "restart", "start", "stop", "up"}
_NAMES_ONE = {"exec", "run"}
_SENTENCE = re.compile(r"docker compose ([^`\n\"]+)")
_NOT_WRITTEN_OUT = re.compile(r"[<{…]")  # <process>, {service}-migrate
_STARTERS = {"_compose": ["compose"], "_carried_out": [], "docker": [], "docker_bytes": [], "call": []}
_NOTES = """\
#!{python}
import json, sys, pathlib
folder, arguments = pathlib.Path({folder!r}), sys.argv[1:]
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(arguments) + "\\n")
if "take" in arguments:
    (folder / "keys").write_bytes(sys.stdin.buffer.read())
    print("20261129T010000Z finished")
if "keys" in arguments:
    sys.stdout.buffer.write((folder / "keys").read_bytes())
if "ps" in arguments and (folder / "running").exists():
    print("0123456789ab")
if "districts" in arguments:
    print("440303")
"""


def wrong(arguments: Sequence[str]) -> list[str]:
    """What a call of `docker compose` names that is not there. `arguments`: those after `compose`."""
    words, profiles = _without_options(arguments)
    missing = [f"profile {profile}" for profile in profiles if profile not in PROFILES]
    if not words:
        return missing
    verb, *named = words
    if verb in _NAMES_ALL:
        return missing + [name for name in named if name not in COMPOSE and not _NOT_WRITTEN_OUT.search(name)]
    if verb not in _NAMES_ONE or _NOT_WRITTEN_OUT.search(named[0]):
        return missing
    if named[0] not in COMPOSE:
        return [*missing, named[0]]
    start = list(arguments).index(named[0], list(arguments).index(verb)) + 1
    return missing + _wrong_command(named[0], verb, list(arguments[start:]))


def _without_options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    words, profiles, before = [], [], ""
    for argument in arguments:
        if before == "--profile":
            profiles.append(argument)
        elif before not in _VALUED and not argument.startswith("-"):
            words.append(argument)
        before = argument
    return words, profiles


def _wrong_command(name: str, verb: str, command: list[str]) -> list[str]:
    """In an image of ours: a module of the platform, or one of a service's own commands. `exec` goes past the image's first word."""
    image = COMPOSE[name]["image"]
    service = image.removeprefix("clearwater/").removesuffix(":local")
    if verb == "exec" and command[:1] == ["service"]:
        command = command[1:]
        if "KAFKA_USER" not in COMPOSE[name]["environment"]:
            return [f"a user on the broker for {name}"]
    elif verb == "exec" or not image.startswith("clearwater/"):
        return []
    if not command or _NOT_WRITTEN_OUT.search(command[0]):
        return []
    if service == "platform":
        return [] if find_spec(command[0]) else [command[0]]
    return [] if command[0] in _commands(service) else [f"{service} {command[0]}"]


def _commands(service: str) -> set[str]:
    first = (ROOT / "services" / service / "__main__.py").read_text(encoding="utf-8").splitlines()[0]
    return set(first.strip('"').split()[-1].split("|"))


def sentences(text: str) -> Iterator[list[str]]:
    """The arguments of every `docker compose …` in a text."""
    for found in _SENTENCE.findall(text):
        command = re.split(r"\s+#|&&|;|\s\|\s|:\s", found.strip().rstrip(".,:;)'"))[0]
        yield shlex.split(command.replace("'", "").replace('"', ""))


def written(file: Path) -> Iterator[list[str]]:
    """The arguments of every call of docker compose in a program, as far as they stand in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "")
        values = node.args[0].elts if node.args and isinstance(node.args[0], ast.List) else node.args
        words = [*_STARTERS.get(name, ()), *(_word(value) for value in values)]
        words = words[1:] if words[:1] == ["docker"] else words
        if words[:1] == ["compose"]:
            yield words[1:]


def _word(value: ast.expr) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else "…"


PROGRAMS = [file for file in tracked() if file.suffix == ".py" and file.is_relative_to(ROOT / "deploy")]
PROGRAMS += [ROOT / "tests" / "e2e" / "containers.py"]
DOCUMENTS = [file for file in tracked() if file.suffix == ".md" or file.name == "Makefile"]
DOCUMENTS += PROGRAMS  # what they print to people


def test_documents_name_only_existing_containers_and_commands() -> None:
    calls = [(file, call) for file in DOCUMENTS for call in sentences(file.read_text(encoding="utf-8"))]

    assert len(calls) > 20
    assert [(str(file.relative_to(ROOT)), call) for file, call in calls if wrong(call)] == []


def test_programs_name_only_existing_containers_and_commands() -> None:
    calls = [(file, call) for file in PROGRAMS for call in written(file)]

    assert len(calls) > 15
    assert [(str(file.relative_to(ROOT)), call) for file, call in calls if wrong(call)] == []


def test_whoever_stops_a_service_stops_both_processes_of_its_api() -> None:
    """The second one would write on, while the database of its service is brought back."""
    calls = [call for file in DOCUMENTS for call in sentences(file.read_text(encoding="utf-8")) if call[:1] == ["stop"]]

    assert [call for call in calls for name in call if len(call) > 2 and f"{name}-2" in set(COMPOSE) - set(call)] == []


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        ("up -d --wait signing-apis", ["signing-apis"]),
        ("up -d --wait --wait-timeout 20 signing-api", []),
        ("--profile traffic up -d", ["profile traffic"]),
        ("run --rm -T topics deploy.images.topic", ["deploy.images.topic"]),
        ("run --rm signing-migrate forget-again", ["signing forget-again"]),
        ("exec signing-relay service new-epoch", []),
        ("exec signing-relay service begin-epoch", ["signing begin-epoch"]),
        ("exec signing-api service new-epoch", ["a user on the broker for signing-api"]),
        ("exec -T postgres psql -U postgres", []),
        ("restart <process>", []),
    ],
)
def test_a_call_of_a_missing_name_is_reported(call: str, missing: list[str]) -> None:
    assert wrong(call.split()) == missing


def test_compose_test_asks_for_the_ports_that_are_published() -> None:
    """It refuses to begin where one of them is taken; the file's own numbers are what the engine binds."""
    published = {name: entry["ports"] for name, entry in compose_test.ALWAYS.items() if "ports" in entry}

    assert published
    for name, ports in published.items():
        assert ports == [f"127.0.0.1:{running.PORT_BASE + PORTS[name]}:{running.PORT_BASE + PORTS[name]}"]


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a program named docker, which notes its calls and answers as ours read it, and of what is kept beside it."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(_NOTES.format(python=sys.executable, folder=str(tmp_path)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    for name, path in {"KEPT_IN": "kept", "SECRETS": "kept/secrets", "ROOT": "."}.items():
        monkeypatch.setattr(containers, name, tmp_path / path)
    monkeypatch.setattr(containers, "POSTGRES_USER", os.getuid())  # only root may give a folder away
    keys.load(tmp_path / "kept")
    return tmp_path


def calls(noted: Path) -> list[list[str]]:
    lines = map(json.loads, (noted / "calls").read_text(encoding="utf-8").splitlines())
    return [line[1:] for line in lines if line[0] == "compose"]


def test_a_backup_and_a_restore_of_containers_call_what_there_is_and_bring_the_keys_back(noted: Path) -> None:
    to, kept = noted / "backups", noted / "kept" / "secrets.json"
    secrets = kept.read_text()
    (noted / "running").touch()
    containers.backup(to, keep=7)
    (noted / "running").unlink()
    kept.unlink()

    report = containers.restore(to, at=None, over=False)

    assert kept.read_text() == secrets
    assert report[0] == "0 events are lost"
    assert [call for call in calls(noted) if wrong(call)] == []
    steps = [call[-1] for call in calls(noted) if call[0] == "run" and len(_without_options(call)[0]) == 2]
    assert steps == ["databases", "users", "topics", *(f"{service}-migrate" for service in SERVICES)]
    assert "COMPOSE_PROFILES" not in (noted / ".env").read_text()  # the archive begins with the next backup
