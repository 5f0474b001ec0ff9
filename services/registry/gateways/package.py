"""The package that a workbook is: its parts, what each is (content types) and how they hang together (relations).

By ISO/IEC 29500-2. A part is found by its relation and never by its name; both namespaces of the standard, transitional and strict, name
the same relation. Invariant: a declared part that does not exist is ignored; only an existing part counts as a macro.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, NamedTuple
from urllib.parse import unquote

from services.registry.gateways import archive
from services.registry.gateways.part_xml import Elements, Parts
from shared.refusal import Refused

_TYPES = "/[content_types].xml"
_RELATIONS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/",
    "http://schemas.microsoft.com/office/2006/relationships/",
)
_WORKBOOKS = ("spreadsheetml.sheet.main+xml", "spreadsheetml.template.main+xml")
_MACROS = ("vbaproject", "macrosheet", "intlmacrosheet")  # the last word of a relation or a content type
_FRAME_BYTES = 8 * 1024 * 1024  # for a part that only lists other parts


class Relation(NamedTuple):
    """`kind`: the last word of its type, in small letters: worksheet, styles. `target`: the name of the part."""

    kind: str
    target: str


@dataclass(frozen=True)
class Package:
    """`main`: the name of the workbook's own part."""

    parts: Parts
    main: str
    relations: dict[str, Relation]  # of the main part, by id

    def related(self, kind: str) -> str | None:
        """The part of a kind of which a workbook has one."""
        return next((relation.target for relation in self.relations.values() if relation.kind == kind), None)


@contextmanager
def opened(file: IO[bytes]) -> Iterator[Package]:
    """Raises Refused: workbook-unreadable, workbook-encrypted, workbook-macros, workbook-too-large."""
    with archive.opened(file) as contents:
        yield _package(contents)


def _package(contents: zipfile.ZipFile) -> Package:
    parts = Parts(contents, archive.parts(contents))
    if _TYPES not in parts:
        raise Refused("workbook-unreadable", part="[Content_Types].xml")
    types = _Types(parts)
    main = next(
        (relation.target for relation in _relations(parts, "/").values() if relation.kind == "officedocument"), None
    )
    if main is None:
        raise Refused("workbook-unreadable", part="_rels/.rels")
    if "macroenabled" in (kind := types.of(main)) and "binary" not in kind:
        raise Refused("workbook-macros", part=parts.shown(main))
    if not kind.endswith(_WORKBOOKS):  # a text, a binary workbook, or of no kind at all
        raise Refused("workbook-unreadable", part=parts.shown(main))
    relations = _relations(parts, main)
    if (macros := _macros(parts, types, relations)) is not None:
        raise Refused("workbook-macros", part=parts.shown(macros))
    return Package(parts, main, relations)


def _macros(parts: Parts, types: "_Types", relations: dict[str, Relation]) -> str | None:
    """The first part that is a program. A type declared only by file ending proves nothing: often no part has that ending."""
    related = {relation.target for relation in relations.values() if relation.kind.removeprefix("xl") in _MACROS}
    named = {name for name in parts if name.endswith("/vbaproject.bin") or "/macrosheets/" in name}
    overridden = {name for name, kind in types.overrides.items() if name in parts and _word(kind) in _MACROS}
    return min(related | named | overridden, default=None)


def _word(content_type: str) -> str:
    """application/vnd.ms-office.vbaProject is a vbaproject."""
    return content_type.rpartition(".")[2].removesuffix("+xml")


class _Types:
    """The content type of each part: its own declaration, else that of its file ending (6.2.3)."""

    def __init__(self, parts: Parts) -> None:
        found = Elements("Override", "Default")
        found.read(parts, _TYPES, most_bytes=_FRAME_BYTES)
        self.overrides = {
            archive.name(element.get("PartName", "")): element.get("ContentType", "").lower()
            for element in found["Override"]
        }
        self._defaults = {
            element.get("Extension", "").lower(): element.get("ContentType", "").lower() for element in found["Default"]
        }

    def of(self, name: str) -> str:
        return self.overrides.get(name) or self._defaults.get(name.rpartition(".")[2], "")


def _relations(parts: Parts, source: str) -> dict[str, Relation]:
    """Relations by id, to existing parts only. `source`: the part that owns them; / for the package."""
    folder, _, file = source.rpartition("/")
    path = f"{folder}/_rels/{file}.rels"
    if path not in parts:
        return {}
    found = Elements("Relationship")
    found.read(parts, path, most_bytes=_FRAME_BYTES)
    relations = {}
    for element in found["Relationship"]:
        target = archive.name(posixpath.normpath(posixpath.join(f"{folder}/", unquote(element.get("Target", "")))))
        if element.get("TargetMode", "Internal") == "Internal" and target in parts:
            relations[element.get("Id", "")] = Relation(_kind(element.get("Type", "")), target)
    return relations


def _kind(relation: str) -> str:
    """Empty for a relation of another vocabulary."""
    return next((relation.removeprefix(prefix).lower() for prefix in _RELATIONS if relation.startswith(prefix)), "")
