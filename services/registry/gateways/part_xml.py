"""One part of a workbook read as XML, element by element, in bounded memory whatever the part says.

Stays true: what no spreadsheet writes (a document type, elements a hundred deep, a tag of a megabyte, endless new names, a broken
stream) is refused before it costs anything; the declared size of a part is checked by archive.py.
"""

import zipfile
import zlib
from collections.abc import Iterator
from typing import Protocol
from xml.parsers import expat

from shared.refusal import Refused

_CHUNK = 64 * 1024
_DEEPEST = 100  # elements in each other; a sheet has fewer than ten
_LONGEST_TAG = 256 * 1024  # the parser keeps a tag until it ends
_MOST_NAMES = 10_000  # of elements and attributes; the parser keeps each for ever
_BROKEN = (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError)


class Reader(Protocol):
    """Element names come without their namespace, attributes as they are written. ValueError and KeyError say "unreadable"."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def end(self, name: str) -> None: ...
    def characters(self, data: str) -> None: ...


def parsed(archive: zipfile.ZipFile, path: str, reader: Reader) -> Iterator[None]:
    """Feeds the reader chunk by chunk and yields after each, so that whoever asks can take what is complete.

    Raises Refused workbook-unreadable.
    """
    parser, fed = _parser(reader), 0
    try:
        with archive.open(path) as part:
            while chunk := part.read(_CHUNK):
                parser.Parse(chunk, False)  # noqa: FBT003 - the parser takes it by position only
                fed += len(chunk)
                if fed - parser.CurrentByteIndex > _LONGEST_TAG or len(parser.intern) > _MOST_NAMES:
                    raise Refused("workbook-unreadable")
                yield
            parser.Parse(b"", True)  # noqa: FBT003
    except _BROKEN as broken:
        raise Refused("workbook-unreadable") from broken
    yield


def count(archive: zipfile.ZipFile, path: str, element: str) -> int:
    """How often an element ends, by a glance at the bytes: good for an estimate. Raises Refused workbook-unreadable."""
    ending, found, before = f"{element}>".encode(), 0, b""
    try:
        with archive.open(path) as part:
            while chunk := part.read(_CHUNK):
                found += (before + chunk).count(ending)
                before = chunk[1 - len(ending) :]
    except _BROKEN as broken:
        raise Refused("workbook-unreadable") from broken
    return found


def _parser(reader: Reader) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise Refused("workbook-unreadable")
        reader.start(_local(name), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        reader.end(_local(name))

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def _no_doctype(*_: object) -> None:
    raise Refused("workbook-unreadable")


def _local(name: str) -> str:
    return name.rpartition(":")[2]
