"""The zip around a workbook, looked at before anything in it is unpacked.

Stays true: what would eat the machine, run a program or is no workbook is refused from its table of contents alone.
"""

import zipfile
import zlib
from typing import IO, cast

from shared.refusal import Refused

_MOST_ENTRIES = 500
_MOST_UNPACKED_BYTES = 600 * 1024 * 1024  # 100,000 rows of 27 columns unpack to some 180 MB
_MOST_RATIO = 120  # sheets shrink 8 to 30 times; a bomb 1,000 times and more
_SMALL = 1024 * 1024  # tiny parts may shrink a lot and harm nobody
_LARGEST_PIECE = 1024 * 1024
_MACROS = (b"macroenabled", b"vbaproject")  # of a part's type, whatever the part is called
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # all that a spreadsheet writes


class _InPieces:
    """The file, never more than a piece of it at once: zipfile reads a table of contents whole, and a forged one is all of the file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(_LARGEST_PIECE + 1 if size < 0 else min(size, _LARGEST_PIECE + 1))
        if len(content) > _LARGEST_PIECE:
            raise Refused("workbook-too-large")
        return content


def opened(file: IO[bytes]) -> zipfile.ZipFile:
    """Raises Refused: workbook-unreadable, workbook-encrypted, workbook-macros, workbook-too-large."""
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", _InPieces(file)))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as unreadable:
        raise Refused(_kind(file)) from unreadable
    entries = archive.infolist()
    names = {entry.filename.lower() for entry in entries}
    if any("vbaproject" in name or "/macrosheets/" in name for name in names):
        raise Refused("workbook-macros")
    if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
        raise Refused("workbook-unreadable")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("workbook-encrypted")
    if any(entry.compress_type not in _METHODS for entry in entries):
        raise Refused("workbook-unreadable")
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or unpacked > _MOST_UNPACKED_BYTES or any(map(_bloated, entries)):
        raise Refused("workbook-too-large", unpacked_bytes=unpacked)
    types = _content_types(archive)
    if any(each in types for each in _MACROS):
        raise Refused("workbook-macros")
    return archive


def _content_types(archive: zipfile.ZipFile) -> bytes:
    """In small letters; a zero byte is half a letter of UTF-16."""
    path = next(name for name in archive.namelist() if name.lower() == "[content_types].xml")
    try:
        with archive.open(path) as part:
            return part.read(_LARGEST_PIECE).replace(b"\0", b"").lower()
    except (zipfile.BadZipFile, zlib.error, EOFError) as broken:
        raise Refused("workbook-unreadable") from broken


def _bloated(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size > _SMALL and entry.file_size > _MOST_RATIO * max(entry.compress_size, 1)


def _kind(file: IO[bytes]) -> str:
    """A workbook under a password is no zip but an OLE file, and so is an .xls of before 2007."""
    file.seek(0)
    return "workbook-encrypted" if file.read(8) == bytes.fromhex("d0cf11e0a1b11ae1") else "workbook-unreadable"
