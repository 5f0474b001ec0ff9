"""python -m tests.e2e.containers: builds the images, brings everything up in containers and uses it as a newcomer would.

`make compose-test`. It needs Docker with its compose plugin, and the ports from 18000; where it cannot run it says why and exits with 2.
The containers are a project of their own and go away at the end; KEEP=yes leaves them running.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import yaml
from playwright.sync_api import expect

from deploy.images import running
from deploy.images.running import docker, last_line
from deploy.local import machine
from deploy.local.place import ROOT, CannotStart, Place
from tests.support.pages import chromium

PROJECT = "clearwater-compose-test"
WAIT_SECONDS = 1_200
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


def main() -> int:
    os.environ["COMPOSE_PROJECT_NAME"] = PROJECT
    try:
        check()
        with containers():
            look()
    except CannotStart as reason:
        print(f"compose-test cannot run here: {reason}", file=sys.stderr)
        return 2
    print(
        "Containers: all healthy; signed in by a browser of this machine; a signing is on the wall and in the mailbox."
    )
    return 0


def check() -> None:
    """Raises CannotStart."""
    for command in (("version", "--format", "{{.Server.Version}}"), ("compose", "version", "--short")):
        answer = docker(*command)
        if answer.returncode:
            raise CannotStart(f"`docker {command[0]}` fails: {last_line(answer.stderr or answer.stdout)}")
    published = [name for name, entry in COMPOSE.items() if "ports" in entry]
    machine.check(Place(running.KEPT_IN, running.PORT_BASE), published)


@contextmanager
def containers() -> Iterator[None]:
    call(sys.executable, "-m", "deploy.images.secrets")
    try:
        wait = ("--wait", "--wait-timeout", str(WAIT_SECONDS))
        call("docker", "compose", "up", "--detach", "--build", *wait)
        yield
    except BaseException:
        subprocess.run(["docker", "compose", "logs", "--tail", "20"], cwd=ROOT, check=False)
        raise
    finally:
        if os.environ.get("KEEP") != "yes":
            call("docker", "compose", "down", "--volumes", "--timeout", "30")


def look() -> None:
    call("docker", "images", "--filter", "reference=clearwater/*")  # their sizes
    states = parsed(call("docker", "compose", "ps", "--all", "--format", "json", capture=True))
    wrong = {name: state for name, state in states.items() if state not in ("running healthy", "exited 0")}
    assert not wrong, wrong
    sign_in()
    call(sys.executable, "-m", "deploy.demo", "--containers", UNITS="8", SIGN="1")
    mailbox = Place(running.SHARED, running.PORT_BASE).url("messages")
    assert httpx.get(f"{mailbox}/messages.json", trust_env=False).raise_for_status().json(), "no message arrived"


def sign_in() -> None:
    """Signs in at the wall and at a desk: a browser must reach the issuer by its public address, and come back."""
    with chromium() as browser:
        for process, path, title in (("reporting-api", "/wall", "指挥部"), ("signing-api", "/desk", "签约窗口")):
            page = browser.new_context(locale="zh-CN", ignore_https_errors=True).new_page()
            own = COMPOSE[process]["environment"]["PUBLIC_URL"] + path
            page.goto(own)
            page.get_by_role("link", name=re.compile(title)).first.click()
            expect(page).to_have_url(re.compile("^" + re.escape(own)))
            expect(page.get_by_role("main")).to_be_visible()


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
