"""Sets of jars, Kafka's and others: fetched once by jgo, and used only when their digests are those of the committed lock.

A set is a folder with jgo.toml, which names it, and its lock. Left to others: starting a program from it (broker.py, debezium/worker.py).
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from deploy.local.place import CannotStart, cache

DECLARED = Path(__file__).with_name("kafka-jars")
DEBEZIUM = Path(__file__).with_name("debezium-jars")  # only where events leave by it
_LOCK = "jgo.lock.toml"


def fetch(declared: Path = DECLARED) -> Path:
    """The directory of the verified jars. Raises CannotStart when they cannot be had, or are not the ones locked."""
    lock_file = declared / _LOCK
    kept = cache() / f"{_name(declared)}-{hashlib.sha256(lock_file.read_bytes()).hexdigest()[:12]}"
    if kept.exists():
        return kept
    # Own directory per process: two installations may start at once. What is complete takes its name in one step.
    unfinished = kept.with_name(f"{kept.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        _resolve(declared, unfinished)
        _verify(declared, unfinished / "environment", tomllib.loads(lock_file.read_text()))
        if not kept.exists():
            unfinished.rename(kept)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return kept


def lock(declared: Path = DECLARED) -> None:
    """Resolves anew and writes the lock, for `make lock`. Leaves out the hour, so that an unchanged result is an unchanged file."""
    fresh = cache() / f"{_name(declared)}-lock.{os.getpid()}"
    try:
        _resolve(declared, fresh)
        lines = (fresh / "environment" / _LOCK).read_text().splitlines(keepends=True)
        (declared / _LOCK).write_text("".join(line for line in lines if not line.startswith("generated = ")))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def class_path(kept: Path, declared: Path = DECLARED) -> str:
    # log4j2.properties is found beside the jars, as a resource.
    return os.pathsep.join(
        [str(declared), str(kept / "environment" / "jars" / "*"), str(kept / "environment" / "modules" / "*")]
    )


def _resolve(declared: Path, to: Path) -> None:
    """Lets jgo resolve and download into `to`, which it makes. Needs neither Maven nor an installed Java."""
    to.mkdir(parents=True)
    shutil.copy(declared / "jgo.toml", to)
    downloads = to / "downloads"
    options = [
        "--resolver",
        "python",
        "--system-java",
        "--class-path-only",
        "--links",
        "copy",
        "--repo-cache",
        str(downloads),
    ]
    options += ["--timeout", "60", "--color", "plain", "--ignore-config"]
    done = subprocess.run(
        [sys.executable, "-m", "jgo", *options, "sync"], cwd=to, capture_output=True, text=True, check=False
    )
    shutil.rmtree(downloads, ignore_errors=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or done.stdout.strip().splitlines() or ["no reason given"])[-1]
        raise CannotStart(
            f"The jars of {_name(declared)} cannot be fetched: {reason} Check the network and run it again."
        )


def locked(lock: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    """SHA-256 by file name."""
    return {f"{jar['artifactId']}-{jar['version']}.jar": jar["sha256"] for jar in lock["dependencies"]}


def _verify(declared: Path, environment: Path, lock: dict[str, list[dict[str, str]]]) -> None:
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in sorted(environment.glob("*/*.jar"))}
    expected = locked(lock)
    wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    if wrong:
        raise CannotStart(
            f"The jars of {_name(declared)} are not those of {_LOCK}: {', '.join(wrong)}. Run `make lock` if the change is wanted."
        )


def _name(declared: Path) -> str:
    return str(tomllib.loads((declared / "jgo.toml").read_text(encoding="utf-8"))["environment"]["name"])
