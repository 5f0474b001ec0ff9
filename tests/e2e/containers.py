"""python -m tests.e2e.containers: builds the images, brings everything up in containers and uses it as a newcomer would.

`make compose-test`. It needs Docker with its compose plugin, and the ports from 18000; where it cannot run it says why and exits with 2.
The containers are a project of their own and go away at the end; KEEP_CONTAINERS=yes leaves them running.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from playwright.sync_api import expect

from deploy.backups import inside
from deploy.backups.kept import Kept
from deploy.declaration import ARCHIVE, ARCHIVE_FILE
from deploy.demo.people import Person
from deploy.images import running
from deploy.images.running import docker, last_line
from deploy.local import machine
from deploy.local.place import ROOT, CannotStart, Place
from tests.support.eventually import eventually
from tests.support.pages import chromium

PROJECT = "clearwater-compose-test"
KEEP_CONTAINERS = os.environ.get("KEEP_CONTAINERS") == "yes"  # `make backup` has a KEEP of its own
PLATFORM_IMAGE = "clearwater/platform:local"
WAIT_SECONDS = 1_200
_PAGE_MS = 60_000  # the machine has just started twenty containers
# Inside a container: kills all but its first process, which the engine protects, and itself.
_KILLER = """
import os, pathlib, signal
for process in pathlib.Path("/proc").iterdir():
    if process.name.isdigit() and int(process.name) not in (1, os.getpid()):
        os.kill(int(process.name), signal.SIGKILL)
"""
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
ALWAYS = {
    name: entry for name, entry in COMPOSE.items() if "profiles" not in entry
}  # the others start where somebody wants them


def main() -> int:
    os.environ["COMPOSE_PROJECT_NAME"] = PROJECT
    try:
        check()
        with own_things_aside(), folder_of_backups() as backups, containers():
            call("docker", *as_root(backups, "chown", str(running.POSTGRES_USER), "/kept/backups"))
            call("make", "backup", f"TO={backups}", "CONTAINERS=yes")
            look()
            survive()
            come_back(backups)
    except CannotStart as reason:
        print(f"compose-test cannot run here: {reason}", file=sys.stderr)
        return 2
    print(
        "Containers: all healthy; signed in by a browser of this machine; a signing is on the wall and in the mailbox; "
        "killed, restarted, taken down and brought up again, they show the same; and from a backup on an empty machine."
    )
    return 0


def check() -> None:
    """Raises CannotStart."""
    for command in (("version", "--format", "{{.Server.Version}}"), ("compose", "version", "--short")):
        answer = docker(*command)
        if answer.returncode:
            raise CannotStart(f"`docker {command[0]}` fails: {last_line(answer.stderr or answer.stdout)}")
    published = [name for name, entry in ALWAYS.items() if "ports" in entry]
    machine.check(Place(running.KEPT_IN, running.PORT_BASE), published)


@contextmanager
def own_things_aside() -> Iterator[None]:
    """Where this clone's own containers archive to, and the day that was played in them, come back when the test has ended."""
    own = (running.KEPT_IN / ARCHIVE_FILE, running.SHARED)
    for path in own:
        put_aside(path)
    try:
        yield
    finally:
        if not KEEP_CONTAINERS:
            for path in own:
                bring_back(path)
            call(sys.executable, "-m", "deploy.images.secrets")


def put_aside(path: Path) -> None:
    if aside(path).exists():
        remove(path)  # of a test that was killed
    elif path.exists():
        path.rename(aside(path))


def bring_back(path: Path) -> None:
    remove(path)
    if aside(path).exists():
        aside(path).rename(path)


def aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.aside")


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def folder_of_backups() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        backups = Path(folder) / "backups"
        backups.mkdir(mode=0o700)
        try:
            yield backups
        finally:
            docker(*as_root(backups, "rm", "-rf", "/kept/backups"))


def as_root(backups: Path, program: str, *arguments: str) -> tuple[str, ...]:
    """In a container: the folder belongs to the user of PostgreSQL's own, and whoever runs the test need not be root."""
    mounted = ("--volume", f"{backups.parent}:/kept", "--user", "0:0")
    return ("run", "--rm", *mounted, "--entrypoint", program, PLATFORM_IMAGE, *arguments)


@contextmanager
def containers() -> Iterator[None]:
    call(sys.executable, "-m", "deploy.images.secrets")
    try:
        up("--build")
        yield
    except BaseException:
        subprocess.run(["docker", "compose", "logs", "--tail", "20"], cwd=ROOT, check=False)
        raise
    finally:
        if not KEEP_CONTAINERS:
            call("docker", "compose", "down", "--volumes", "--timeout", "30")


def up(*options: str) -> None:
    call("docker", "compose", "up", "--detach", "--wait", "--wait-timeout", str(WAIT_SECONDS), *options)
    wrong = unwell()
    assert not wrong, wrong


def unwell() -> dict[str, str]:
    states = parsed(call("docker", "compose", "ps", "--all", "--format", "json", capture=True))
    assert set(ALWAYS) <= set(states)
    return {name: state for name, state in states.items() if state not in ("running healthy", "exited 0")}


def look() -> None:
    call("docker", "images", "--filter", "reference=clearwater/*")  # their sizes
    sign_in()
    call(sys.executable, "-m", "deploy.demo", "--containers", UNITS="8", SPEED="20000")
    mailbox = Place(running.SHARED, running.PORT_BASE).url("messages")
    assert httpx.get(f"{mailbox}/messages.json", trust_env=False).raise_for_status().json(), "no message arrived"
    let_an_agency_in()


def let_an_agency_in() -> None:
    """The worked subscriber reads the feed with what the test agency is given."""
    call("make", "sandbox", "CONTAINERS=yes")
    lines = (running.KEPT_IN / "sandbox.env").read_text(encoding="utf-8").splitlines()
    given = dict(shlex.split(line)[1].split("=", 1) for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        state = {"CLEARWATER_STATE": f"{folder}/subscriber.json"}
        read = call(sys.executable, "examples/python/subscriber.py", "--once", capture=True, **given, **state)
    assert "unit " in read, read


def survive() -> None:
    """A process that is killed comes back by itself; what is taken down comes back with its data."""
    before = standing()
    kill("signing-api")
    call("docker", "compose", "restart", "postgres", "kafka")
    eventually(lambda: not unwell(), seconds=WAIT_SECONDS, every_seconds=2)
    assert standing() == before
    call("docker", "compose", "down", "--timeout", "30")
    up()
    assert standing() == before
    sign_in()


def come_back(backups: Path) -> None:
    """All volumes are lost but the folder of backups. What came after the base backup is in its archive, so the screens show the same."""
    written = ("docker", "compose", "exec", "-T", ARCHIVE, "cat", str(Kept(inside.BACKUPS).written("signing")))
    before, newest = standing(), newest_event()
    eventually(lambda: f'"id": {newest},' in call(*written, capture=True), seconds=60)
    call("docker", "compose", "down", "--volumes", "--timeout", "30")
    call("make", "restore", f"FROM={backups}", "CONTAINERS=yes", "OVER=yes")
    assert not unwell()
    running.place()  # the issuer has made a new key
    eventually(lambda: standing() == before, seconds=WAIT_SECONDS, every_seconds=2)
    sign_in()


def newest_event() -> int:
    """Of signing's journal."""
    query = ("psql", "-U", "postgres", "-d", "signing", "-Atc", "select max(id) from events")
    return int(call("docker", "compose", "exec", "-T", "postgres", *query, capture=True))


def kill(service: str) -> None:
    """The process and not the container: for the engine, a container that a person has killed is one to be left alone."""
    docker("compose", "exec", service, "python", "-c", _KILLER)
    container = call("docker", "compose", "ps", "--all", "--quiet", service, capture=True)
    count = ("docker", "inspect", "--format", "{{.RestartCount}}", container)
    eventually(lambda: int(call(*count, capture=True)) > 0)


def standing() -> Any:
    """What the wall and the messages show, without the instants."""
    with Person(Place(running.SHARED, running.PORT_BASE), "city", "*") as city:
        projects = [project["project_id"] for project in city.get("reporting", "/projects")["items"]]
        rates = {project: city.get("reporting", f"/projects/{project}/rates")["bases"] for project in sorted(projects)}
        return rates, city.get("notify", "/conservation")["districts"]


def sign_in() -> None:
    """Signs in at the wall and at a desk: a browser must reach the issuer by its public address, and come back."""
    with chromium() as browser:
        for process, path, title in (("reporting-api", "/wall", "指挥部"), ("signing-api", "/desk", "签约窗口")):
            page = browser.new_context(locale="zh-CN", ignore_https_errors=True).new_page()
            page.set_default_timeout(_PAGE_MS)
            front = COMPOSE[process]["environment"]["PUBLIC_URL"]
            page.goto(f"{front}/login?next={path}")
            page.get_by_role("link", name=re.compile(title)).first.click()
            expect(page).to_have_url(re.compile("^" + re.escape(front + path)), timeout=_PAGE_MS)
            expect(page.get_by_role("main")).to_be_visible(timeout=_PAGE_MS)


def parsed(listing: str) -> dict[str, str]:
    """Compose prints a list or one object per line; this depends on its version."""
    entries: list[Any] = (
        json.loads(listing) if listing.startswith("[") else [json.loads(line) for line in listing.splitlines()]
    )
    return {entry["Service"]: f"{entry['State']} {entry['Health'] or entry['ExitCode']}" for entry in entries}


def call(*command: str, capture: bool = False, **environment: str) -> str:
    """Runs a command and shows its output, or returns the output when the caller wants it. Raises AssertionError on failure."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE if capture else None,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}"
    return (done.stdout or "").strip()


if __name__ == "__main__":
    sys.exit(main())
