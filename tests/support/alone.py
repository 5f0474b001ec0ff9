"""One image's contents without a container: its own lock in an empty environment, and the folders that its Dockerfile copies."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from uv import find_uv_bin

from deploy.local.place import HOST
from tests.support.eventually import eventually
from tests.support.tree import copied


@dataclass(frozen=True)
class Image:
    """`python` sees the lock's packages and the copied folders, and nothing of the workspace."""

    place: Path

    @property
    def python(self) -> Path:
        return self.place / "environment" / "bin" / "python"

    def run(self, module: str, *arguments: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.python, "-m", module, *arguments],
            cwd=self.place, env=self._only(environment), capture_output=True, text=True, check=False,
        )  # fmt: skip

    @contextmanager
    def running(self, module: str, *arguments: str, environment: Mapping[str, str]) -> "Iterator[Started]":
        log = self.place / f"{'-'.join((module, *arguments))}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [self.python, "-m", module, *arguments],
                cwd=self.place, env=self._only(environment), stdout=output, stderr=output,
            )  # fmt: skip
            try:
                yield Started(process, log)
            finally:
                process.terminate()
                process.wait(30)

    def _only(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], **environment, "PYTHONPATH": str(self.place), "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Started:
    process: "subprocess.Popen[bytes]"
    log: Path

    def ready(self, port: int, path: str = "/ready") -> bool:
        """Waits until it answers 200. Fails with the end of its log when the process exits or never answers."""
        return eventually(lambda: self._answer(port, path), seconds=60)

    def _answer(self, port: int, path: str) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"ended with {self.process.returncode}: {self._last_lines()}")
        try:
            answer = httpx.get(f"http://{HOST}:{port}{path}", timeout=10, trust_env=False)
        except httpx.HTTPError as failure:
            raise AssertionError(f"{type(failure).__name__}; {self._last_lines()}") from failure
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}; {self._last_lines()}"
        return True

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])


def build(place: Path, lock: Path, folders: Iterable[str]) -> Image:
    """As deploy/images/*.Dockerfile do it."""
    made = Image(place)
    uv = [find_uv_bin(), "--quiet", "--no-config"]
    subprocess.run([*uv, "venv", "--python", sys.executable, place / "environment"], check=True)
    install = ["pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--python", made.python]
    subprocess.run([*uv, *install, "-r", lock], check=True)
    copied(place, lambda path: any(path.is_relative_to(folder) for folder in folders))
    return made
