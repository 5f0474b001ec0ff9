"""One part of a workbook read as XML, element by element, in bounded memory whatever the part says.

Invariant: XML that no spreadsheet writes (a document type, elements a hundred deep, a tag of a megabyte, endless new names, a broken
stream) is refused before it costs much, and the refusal names the part. Only the unpacked size counts.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from xml.parsers import expat

from services.registry.gateways import archive
from shared.refusal import Refused

_CHUNK = 64 * 1024
_DEEPEST = 100  # elements in each other; a sheet has fewer than ten
_LONGEST_TAG = 256 * 1024  # the parser keeps a tag until it ends
_MOST_NAMES = 10_000  # of elements, attributes and prefixes; the parser keeps each for ever
_MOST_ELEMENTS = 20_000
_MOST_BYTES = 600 * 1024 * 1024  # of a part with rows or texts
_LARGEST = 2**32 - 1  # unsignedInt, as the format's numbers are
_WHOLE = re.compile(r"[0-9]{1,10}")
_BROKEN = (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, NotImplementedError)
_MAIN = frozenset(
    {
        "",  # some programs leave it out
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
        "http://schemas.openxmlformats.org/package/2006/relationships",
        "http://schemas.openxmlformats.org/package/2006/content-types",
    }
)


class Reader(Protocol):
    """Elements of the standard's own vocabulary come by their bare names, others not at all. An attribute of another namespace
    comes as "namespace name". ValueError and KeyError say "unreadable".
    """

    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def end(self, name: str) -> None: ...
    def characters(self, data: str) -> None: ...


@dataclass(frozen=True)
class Parts:
    """The parts of a package by their names, /xl/workbook.xml; `places`: what the zip calls each."""

    archive: zipfile.ZipFile
    places: Mapping[str, str]

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def shown(self, name: str) -> str:
        """As the zip calls it; for a refusal."""
        return archive.shown(self.places.get(name, name))

    def chunks(self, name: str, *, most_bytes: int = _MOST_BYTES) -> Iterator[bytes]:
        """The unpacked part, piece by piece. Raises Refused: workbook-unreadable, workbook-too-large."""
        unpacked = 0
        try:
            with self.archive.open(self.places[name]) as part:
                while chunk := part.read(_CHUNK):
                    if (unpacked := unpacked + len(chunk)) > most_bytes:
                        raise Refused("workbook-too-large", part=self.shown(name), unpacked_bytes=unpacked)
                    yield chunk
        except _BROKEN as broken:
            raise Refused("workbook-unreadable", part=self.shown(name)) from broken


def parsed(parts: Parts, name: str, reader: Reader, *, most_bytes: int = _MOST_BYTES) -> Iterator[None]:
    """Feeds the reader chunk by chunk and yields after each, so that the caller can take complete rows.

    Raises Refused: workbook-unreadable, workbook-too-large.
    """
    unreadable = Refused("workbook-unreadable", part=parts.shown(name))
    parser, fed = _parser(reader, unreadable), 0
    for chunk in parts.chunks(name, most_bytes=most_bytes):
        _feed(parser, chunk, unreadable)
        fed += len(chunk)
        if fed - parser.CurrentByteIndex > _LONGEST_TAG or len(parser.intern) > _MOST_NAMES:
            raise unreadable
        yield
    _feed(parser, b"", unreadable)
    yield


def count(parts: Parts, name: str, element: str) -> int:
    """Counts end tags in the raw text: an estimate. Raises Refused: workbook-unreadable, workbook-too-large."""
    ending, found, before = f"{element}>".encode(), 0, b""
    for chunk in parts.chunks(name):
        found += (before + chunk).count(ending)
        before = chunk[1 - len(ending) :]
    return found


class Elements:
    """The attributes of every element of some names, in a part that has few."""

    def __init__(self, *names: str) -> None:
        self._found: dict[str, list[dict[str, str]]] = {name: [] for name in names}

    def __getitem__(self, name: str) -> list[dict[str, str]]:
        return self._found[name]

    def read(self, parts: Parts, path: str, *, most_bytes: int) -> None:
        """Raises Refused: workbook-unreadable, workbook-too-large."""
        for _ in parsed(parts, path, self, most_bytes=most_bytes):
            if any(len(elements) > _MOST_ELEMENTS for elements in self._found.values()):
                raise Refused("workbook-too-large", part=parts.shown(path))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in self._found:
            self._found[name].append(attributes)

    def end(self, name: str) -> None:
        """Nothing is inside."""

    def characters(self, data: str) -> None:
        """Nor any text."""


def whole(written: str, *, least: int = 0, most: int = _LARGEST) -> int:
    """The whole number of an attribute, in ASCII digits and within its bounds. Raises ValueError, for "unreadable".

    Every number of a part is read by it: int() alone takes -999999999, digits of other scripts and 1_000.
    """
    if not _WHOLE.fullmatch(written) or not least <= (number := int(written)) <= most:
        raise ValueError(written[:20])
    return number


def is_on(attributes: Mapping[str, str]) -> bool:
    """Of an element that says yes by standing there: <strike/>, unless it says no."""
    return attributes.get("val", "1") in ("1", "true", "on")


def _feed(parser: expat.XMLParserType, content: bytes, unreadable: Refused) -> None:
    try:
        parser.Parse(content, not content)
    except _BROKEN as broken:
        raise unreadable from broken


def _parser(reader: Reader, unreadable: Refused) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = 0
    prefixes: set[str] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise unreadable
        if (own := _own(name)) is not None:
            reader.start(own, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        if (own := _own(name)) is not None:
            reader.end(own)

    def declared(prefix: str | None, uri: str | None) -> None:
        prefixes.update((prefix or "", uri or ""))
        if len(prefixes) > _MOST_NAMES:
            raise unreadable

    def doctype(*_: object) -> None:
        raise unreadable

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = reader.characters
    parser.StartNamespaceDeclHandler = declared
    parser.StartDoctypeDeclHandler = doctype
    return parser


def _own(name: str) -> str | None:
    """The bare name of an element of the standard's vocabulary."""
    namespace, _, local = name.rpartition(" ")
    return local if namespace in _MAIN else None
