"""The browser for tests: the one that CHROMIUM names, else an installed one, else the binary inside an npm package.

The last needs neither root nor a download of its own: @sparticuz/chromium carries Chromium and the libraries that a bare machine
lacks, packed with brotli, which the Node.js of our wheel unpacks. The arguments come from its own code.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import assets
from deploy.local.place import ROOT, CannotStart, cache

PACKAGED = "packaged"  # CHROMIUM=packaged: the one from npm although another is installed
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium"
# Unpacks into TMPDIR and prints what to start it with. al2023: the libraries it brings for machines without a desktop.
_UNPACK = """
import { join } from 'node:path';
const { default: chromium, inflate } = await import(join(process.argv[1], 'build', 'index.js'));
await chromium.executablePath();
await inflate(join(process.argv[1], 'bin', 'al2023.tar.br'));
console.log(JSON.stringify(chromium.args));
"""
# ~ is the HOME that it is started with: the folder may be moved, or belong to a worktree that is gone.
# Without one font for a last resort it shows no text at all, not even in a page's own font; the package's settings look in /tmp.
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>~/fonts/fonts</dir><cachedir>~/fonts/cache</cachedir></fontconfig>
"""
# Its arguments also switch off what our pages rely on: a test must see the same-origin policy that a person's browser keeps. And in a
# single process the whole browser ends with the first page that is closed.
_UNWANTED = frozenset({"--disable-web-security", "--allow-running-insecure-content", "--single-process"})
# Drawing by OpenGL in software takes three times the processor of Chromium's own drawing, and our pages need no more than that.
_OPENGL = frozenset(
    {"--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"}
)
# /dev/shm is small in a container, and not there at all in a bare root.
_WANTED = ("--disable-dev-shm-usage", "--disable-gpu")


@dataclass(frozen=True)
class Browser:
    """For playwright: `chromium.launch(executable_path=…, args=…, env=…)`."""

    executable: str
    args: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def find() -> Browser:
    """Raises CannotStart when there is none and none can be unpacked."""
    named = os.environ.get("CHROMIUM")
    if named == PACKAGED:
        return packaged()
    if named:
        if not shutil.which(named):
            raise CannotStart(f"CHROMIUM={named} is no program: name a Chromium, or unset it to use the one from npm.")
        return _installed(named)
    for name in _NAMES:
        if found := shutil.which(name):
            return _installed(found)
    return packaged()


def _installed(executable: str) -> Browser:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root with its sandbox
    return Browser(executable, [*sandbox, *_WANTED], dict(os.environ))


def packaged() -> Browser:
    """The one from npm, whatever is installed. Raises CannotStart."""
    if not _PACKAGE.exists():
        raise CannotStart("There is no Chromium: run `make assets`, which brings one, or name yours with CHROMIUM.")
    version = json.loads((_PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    kept = cache() / f"chromium-{version}"
    if not kept.exists():
        _unpack(kept)
    arguments = [
        argument
        for argument in json.loads((kept / "arguments.json").read_text(encoding="utf-8"))
        if argument not in _UNWANTED | _OPENGL
    ]
    environment = os.environ | {
        "LD_LIBRARY_PATH": str(kept / "al2023" / "lib"),
        "FONTCONFIG_PATH": str(kept / "fonts"),
        "HOME": str(kept),
    }
    return Browser(str(kept / "chromium"), [*arguments, *_WANTED], environment)


def _unpack(kept: Path) -> None:
    unfinished = kept.with_name(f"{kept.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    try:
        done = subprocess.run(
            [assets.node(), "--input-type=module", "-e", _UNPACK, _PACKAGE],
            env=os.environ | {"TMPDIR": str(unfinished)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise CannotStart(f"Chromium cannot be unpacked into {kept}: {reason}")
        (unfinished / "arguments.json").write_text(done.stdout, encoding="utf-8")
        (unfinished / "fonts" / "fonts.conf").write_text(_FONTS, encoding="utf-8")
        if not kept.exists():
            unfinished.rename(kept)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
