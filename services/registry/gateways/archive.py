"""The zip file of a workbook, checked before anything is unpacked.

Invariant: a zip that would exhaust the machine, or that is not a spreadsheet's, is refused by its table of contents. An entry that
understates its size is read only up to the declared size.
"""

import zipfile
from typing import IO, cast
from urllib.parse import unquote

from shared.refusal import Refused

_MOST_ENTRIES = 10_000  # with pictures in it, a workbook has thousands
_MOST_UNPACKED_BYTES = 600 * 1024 * 1024  # 100,000 rows of 28 columns unpack to some 180 MB
_LARGEST_PIECE = 1024 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # all that the standard allows (ISO/IEC 29500-2, annex B)


class _InPieces:
    """Limits each read of the file: zipfile reads the whole table of contents, and a forged one can be the whole file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(_LARGEST_PIECE + 1 if size < 0 else min(size, _LARGEST_PIECE + 1))
        if len(content) > _LARGEST_PIECE:
            raise Refused("workbook-too-large")
        return content


def opened(file: IO[bytes]) -> zipfile.ZipFile:
    """Raises Refused: workbook-unreadable, workbook-encrypted, workbook-too-large."""
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", _InPieces(file)))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as unreadable:
        raise Refused(_kind(file)) from unreadable
    entries = archive.infolist()
    for entry in entries:
        if entry.flag_bits & 1:
            raise Refused("workbook-encrypted", part=shown(entry.filename))
        if entry.compress_type not in _METHODS:
            raise Refused("workbook-unreadable", part=shown(entry.filename))
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or unpacked > _MOST_UNPACKED_BYTES:
        largest = max(entries, key=lambda entry: entry.file_size)
        raise Refused("workbook-too-large", part=shown(largest.filename), unpacked_bytes=unpacked)
    return archive


def parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The zip entry of each part by its name, ignoring case, backslashes and escapes. Raises Refused workbook-unreadable."""
    found: dict[str, str] = {}
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        if name(entry.filename) in found:  # a duplicate name: which entry is read would be arbitrary
            raise Refused("workbook-unreadable", part=shown(entry.filename))
        found[name(entry.filename)] = entry.filename
    return found


def name(written: str) -> str:
    """/xl/workbook.xml, as parts are compared (ISO/IEC 29500-2, 6.2.2)."""
    return "/" + unquote(written).replace("\\", "/").lstrip("/").lower()


def shown(part: str) -> str:
    """The part's name for a refusal, made safe: a hostile file may use any name."""
    return "".join(
        character if character.isascii() and character.isprintable() else "?" for character in part[:80]
    ).lstrip("/")


def _kind(file: IO[bytes]) -> str:
    """A workbook with a password is an OLE file, not a zip; so is an .xls from before 2007."""
    file.seek(0)
    return "workbook-encrypted" if file.read(8) == bytes.fromhex("d0cf11e0a1b11ae1") else "workbook-unreadable"
