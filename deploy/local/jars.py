"""Kafka's jars: fetched once by jgo, and used only when their digests are those of the committed lock.

Left to others: starting the broker from them (broker.py).
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
LOCK = DECLARED / "jgo.lock.toml"


def fetch() -> Path:
    """The directory of the verified jars. Raises CannotStart when they cannot be had, or are not the ones locked."""
    kept = cache() / f"kafka-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    if kept.exists():
        return kept
    # Own directory per process: two installations may start at once. What is complete takes its name in one step.
    unfinished = kept.with_name(f"{kept.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        _resolve(unfinished)
        _verify(unfinished / "environment", tomllib.loads(LOCK.read_text()))
        if not kept.exists():
            unfinished.rename(kept)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return kept


def lock() -> None:
    """Resolves anew and writes the lock, for `make lock`. Leaves out the hour, so that an unchanged result is an unchanged file."""
    fresh = cache() / f"kafka-lock.{os.getpid()}"
    try:
        _resolve(fresh)
        lines = (fresh / "environment" / LOCK.name).read_text().splitlines(keepends=True)
        LOCK.write_text("".join(line for line in lines if not line.startswith("generated = ")))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def class_path(kept: Path) -> str:
    # log4j2.properties is found beside the jars, as a resource.
    return os.pathsep.join(
        [str(DECLARED), str(kept / "environment" / "jars" / "*"), str(kept / "environment" / "modules" / "*")]
    )


def _resolve(to: Path) -> None:
    """Lets jgo resolve and download into `to`, which it makes. Needs neither Maven nor an installed Java."""
    to.mkdir(parents=True)
    shutil.copy(DECLARED / "jgo.toml", to)
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
        raise CannotStart(f"Kafka's jars cannot be fetched: {reason} Check the network and run it again.")


def locked(lock: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    """SHA-256 by file name."""
    return {f"{jar['artifactId']}-{jar['version']}.jar": jar["sha256"] for jar in lock["dependencies"]}


def _verify(environment: Path, lock: dict[str, list[dict[str, str]]]) -> None:
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in sorted(environment.glob("*/*.jar"))}
    expected = locked(lock)
    wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    if wrong:
        raise CannotStart(
            f"Kafka's jars are not those of {LOCK.name}: {', '.join(wrong)}. Run `make lock` if the change is wanted."
        )
