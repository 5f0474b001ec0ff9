"""Reads and annotates workbooks in a child process that may take little memory and time, and says how each ended."""

import io
import json
import re
import resource
import signal
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import openpyxl

from services.registry.domain.cells import Fault
from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS_SHEET
from services.registry.gateways import workbook, workbook_writer
from shared.refusal import Refused

MEMORY_BYTES = 1024 * 1024 * 1024
SECONDS = 10  # for each workbook; one takes a twentieth of a second
LARGEST_RESULT = 4 * 1024 * 1024  # unpacked
ROOT = Path(__file__).parents[2]
SHEETS = (HOLDERS_SHEET, BUILDINGS_SHEET)


def outcomes(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """By the workbook's name: `ok`, the code of the refusal, or the name of the error."""
    for place, content in enumerate(files.values()):
        (folder / f"{place:04d}.xlsx").write_bytes(content)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.bounded", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS * len(files) + 60,
    )
    assert ended.returncode == 0, ended.stderr[-2_000:]
    return dict(zip(files, json.loads(ended.stdout), strict=True))


def part(file: io.BytesIO, name: str) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read(name)


def attributes_of(source: str) -> set[str]:
    """The attributes that a reader's source takes from an element: attributes["r"], attributes.get("s"), _is_hidden(attributes, "ht")."""
    return set(re.findall(r"""attributes(?:\[|\.get\(|, )"(\w+)\"""", source))


def _outcome(content: bytes) -> str:
    signal.alarm(SECONDS)
    try:
        _read_and_annotated(content)
    except Refused as refusal:
        return refusal.code
    except Exception as error:  # noqa: BLE001 - the test reads its name
        return f"{type(error).__name__}: {error}"[:200]
    finally:
        signal.alarm(0)
    return "ok"


def _read_and_annotated(content: bytes) -> None:
    faults: dict[tuple[str, int], list[Fault]] = {}
    with workbook.reading(io.BytesIO(content)) as book:
        book.rows_expected()
        for name in SHEETS:
            sheet = book.sheet(name)
            for row in sheet.rows():
                faults[name, row.number] = [Fault(name, row.number, "", "hidden-row")]
            for fault in sheet.faults():
                faults.setdefault((name, fault.row), []).append(fault)
    made = io.BytesIO()
    with workbook.reading(io.BytesIO(content)) as book:
        sheets = [(name, book.sheet(name).rows()) for name in SHEETS]
        workbook_writer.annotate(made, sheets, faults, sentence=lambda code: code)
    with zipfile.ZipFile(made) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
        assert unpacked < LARGEST_RESULT, f"the annotated workbook has {unpacked} bytes"
    openpyxl.load_workbook(made).close()


def _too_slow(*_: object) -> None:
    message = f"not done in {SECONDS} s"
    raise TimeoutError(message)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, _too_slow)
    json.dump([_outcome(path.read_bytes()) for path in sorted(Path(sys.argv[1]).iterdir())], sys.stdout)
