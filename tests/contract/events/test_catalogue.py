"""Does the catalogue say everything that the declarations say, in pages whose links lead somewhere, and in the form of xRegistry?"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate as validate_openapi
from pydantic import Field

from deploy.local.place import ROOT
from services.reporting.__main__ import catalogue as write_catalogue
from services.reporting.web import guide
from shared.events import asyncapi, catalogue, described, manual, release, schemas, xregistry
from shared.events.contract import Deprecation, Event, declare
from shared.web import languages

AT = datetime(2026, 11, 28, tzinfo=UTC)
PUBLIC_URL = "https://clearwater.example"


class Page(HTMLParser):
    """The links of a page, the ids that they may name, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.words = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [value for name in ("href", "src") if (value := found.get(name))]
        self.ids |= {found["id"] or ""} if "id" in found else set()

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("catalogue")
    assert write_catalogue([str(made), "--address", PUBLIC_URL]) == 0
    return made


def test_every_event_has_a_page_in_each_language_with_its_meaning_and_every_field(folder: Path) -> None:
    for language in languages.NAMES:
        listed = Page(folder / language / "index.html")
        for event in described.every():
            assert f"{event.type}.html" in listed.links
            page = Page(folder / language / f"{event.type}.html")
            wanted = [
                event.type,
                event.meaning,
                event.kind.kind,
                event.kind.owner,
                *(field.name for field in event.fields),
            ]
            wanted += [field.meaning for field in event.fields]
            assert [word for word in wanted if word not in page.words] == []
            for example in event.examples:
                assert str(example["headers"]["ce_id"]) in page.words


def test_no_field_of_a_declaration_is_missing_in_its_description() -> None:
    for event in catalogue.events():
        names = {field.name for field in described.of(event).fields}
        assert event.declared.tombstone or names >= set(event.model_fields)


def test_every_link_leads_to_a_file_of_the_folder(folder: Path) -> None:
    pages = list(folder.rglob("*.html"))
    assert len(pages) == 1 + len(languages.NAMES) * (1 + len(catalogue.events()))

    broken = [
        f"{path.relative_to(folder)}: {link}"
        for path in pages
        for page in [Page(path)]
        for link in page.links
        if not (link[1:] in page.ids if link.startswith("#") else (path.parent / link).resolve().is_file())
    ]
    assert broken == []


def test_the_files_for_programs_are_what_the_declarations_say(folder: Path) -> None:
    assert (folder / "EVENTS.md").read_text(encoding="utf-8") == manual.text()
    assert (folder / "subscribe.md").read_text(encoding="utf-8") == guide.text()
    assert "subscribe.md" in manual.text()
    for language in languages.NAMES:
        assert "../subscribe.md" in Page(folder / language / "index.html").links
    for name in guide.examples():
        assert (folder / name).read_text(encoding="utf-8") == (ROOT / name).read_text(encoding="utf-8")
    assert json.loads((folder / "asyncapi.json").read_text(encoding="utf-8")) == asyncapi.document()
    for event in catalogue.events():
        written = json.loads((folder / f"schemas/{event.declared.type}.json").read_text(encoding="utf-8"))
        assert written == schemas.document(event)
        Draft202012Validator.check_schema(written)


def test_the_openapi_of_the_feed_is_valid_and_holds_what_an_agency_may_ask_and_no_more(folder: Path) -> None:
    document = json.loads((folder / "feed.openapi.json").read_text(encoding="utf-8"))

    validate_openapi(document)
    door = "/api/reporting/v1/districts/{district}"
    endpoint = f"{door}/endpoints/{{endpoint_id}}"
    assert {(verb, path) for path, verbs in document["paths"].items() for verb in verbs} == {
        *(("get", f"{door}/{name}") for name in ("feed", "snapshot", "statement", "statements", "statement-keys")),
        *(("get", f"{endpoint}{name}") for name in ("", "/deliveries", "/deliveries/{event_id}")),
        *(("post", f"{endpoint}/{name}") for name in ("switch-on", "replays", "tests")),
    }
    operations = [verb for verbs in document["paths"].values() for verb in verbs.values()]
    public = [operation["operationId"] for operation in operations if "x-roles" not in operation]
    assert public == ["statements.read_keys"]
    assert {role for operation in operations for role in operation.get("x-roles", ())} == {"agency"}
    feed = document["paths"][f"{door}/feed"]["get"]
    assert set(feed["responses"]["200"]["headers"]) >= {"Clearwater-Cursor", "Clearwater-Filter", "Clearwater-Skipped"}
    assert set(feed["responses"]["200"]["content"]) == {"application/cloudevents-batch+json", "text/event-stream"}
    assert "Last-Event-ID" in {parameter["name"] for parameter in feed["parameters"]}
    for operation in operations:
        done = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        assert all(content["schema"] for content in done["content"].values()), operation["operationId"]
        assert [
            status for status in ("429", "503") if "headers" not in operation["responses"].get(status, {"headers": 0})
        ] == []
    named = set(re.findall(r"#/components/schemas/([\w.\[\]-]+)", json.dumps(document)))
    assert named == set(document["components"]["schemas"])


def test_asyncapi_says_where_the_bus_is_and_by_what_one_comes_in() -> None:
    document = asyncapi.document()

    assert document["servers"]
    for server in document["servers"].values():
        assert set(re.findall(r"{(\w+)}", server["host"])) == set(server["variables"])
        for reference in server["security"]:
            name = reference["$ref"].removeprefix("#/components/securitySchemes/")
            assert document["components"]["securitySchemes"][name]["type"] == "scramSha512"


def test_xregistry_holds_every_event_as_message_and_schema_and_every_reference_leads_somewhere() -> None:
    document = xregistry.document(at=AT, public_url=PUBLIC_URL)

    assert (document["specversion"], document["registryid"]) == ("1.0-rc4", "clearwater")
    for plural, resources in (("messagegroups", "messages"), ("schemagroups", "schemas")):
        held = [name for group in document[plural].values() for name in group[resources]]
        assert sorted(held) == sorted(event.declared.type for event in catalogue.events())
    assert {place for endpoint in document["endpoints"].values() for place in endpoint["messagegroups"]} == {
        f"/messagegroups/{owner}" for owner in document["messagegroups"]
    }
    for group in document["messagegroups"].values():
        for message in group["messages"].values():
            for version in message["versions"].values():
                schema = at(document, version["dataschemaxid"])
                described_schema = schema["versions"][schema["meta"]["defaultversionid"]]["schema"]
                assert version["envelopemetadata"]["dataschema"]["value"] == described_schema["$id"]
                assert version["envelopemetadata"]["type"]["value"] == message["messageid"]


def test_xregistry_keeps_the_rules_of_the_document_view() -> None:
    """Core specification: the id of an entity is its key, its xid is its place, `self` leads to it in this document."""
    document = xregistry.document(at=AT, public_url=PUBLIC_URL)

    found = list(entities(document, ""))
    assert len(found) > 4 * len(catalogue.events())
    for place, entity in found:
        assert entity["xid"] == place, place
        assert at(document, entity["self"].removeprefix("#")) == entity
    for place, entity in found:
        if "/versions/" in place or place.count("/") == 2:
            assert entity["epoch"] == 1 and entity["createdat"] == entity["modifiedat"] == AT.isoformat()
        if "meta" in entity:  # a resource has nothing of its default version in this view
            assert set(entity) <= {"schemaid", "messageid", "self", "xid", "metaurl", "meta", "versions"}
            assert at(document, entity["metaurl"].removeprefix("#")) == entity["meta"]
            default = at(document, entity["meta"]["defaultversionurl"].removeprefix("#"))
            assert (default["versionid"], default["isdefault"]) == (entity["meta"]["defaultversionid"], True)
            assert entity["versions"][default["ancestorid"]] == default


SINGULAR = {"endpoints": "endpointid", "messagegroups": "messagegroupid", "schemagroups": "schemagroupid",
            "messages": "messageid", "schemas": "schemaid", "versions": "versionid"}  # fmt: skip


def entities(node: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for plural, name_of_id in SINGULAR.items():
        children = node.get(plural, {})
        if isinstance(children, dict):
            for name, child in children.items():
                assert child[name_of_id] == name
                assert re.fullmatch(r"[A-Za-z0-9_][\w.~:@-]{0,127}", name)
                yield f"{place}/{plural}/{name}", child
                yield from entities(child, f"{place}/{plural}/{name}")


def at(document: dict[str, Any], pointer: str) -> Any:
    node: Any = document
    for step in filter(None, pointer.split("/")):
        node = node[step]
    return node


@pytest.fixture
def ending() -> Iterator[type[Event]]:
    instead, event_type = "clearwater.registry.unit.registered.v1", "clearwater.registry.unit.noted.v1"
    ends = Deprecation(since="0.2.0", instead=instead, until=date(2027, 6, 30))

    @declare(event_type, topic="registry-unit", deprecated=ends)
    class UnitNoted(Event):
        """A unit was noted."""

        unit_id: UUID = Field(description="the unit")
        note: str = Field(default="", description="a note", deprecated=True)

    yield UnitNoted
    del catalogue.catalogue[event_type]


def test_a_deprecation_is_in_the_schema_and_names_what_is_read_instead(ending: type[Event]) -> None:
    document = schemas.document(ending)

    assert document["deprecated"] is True
    assert document["properties"]["note"]["deprecated"] is True
    assert "deprecated" not in schemas.document(catalogue.find("clearwater.registry.unit.registered.v1"))


def test_a_release_notes_the_first_release_of_what_is_new_and_leaves_the_others(tmp_path: Path) -> None:
    kept, new = "clearwater.registry.unit.registered.v1", "clearwater.registry.grant.approved.v1"
    releases = tmp_path / "releases.json"
    releases.write_text(json.dumps({kept: "0.1.0"}), encoding="utf-8")

    release.enter("0.7.0", releases)

    assert (release.first(kept, releases), release.first(new, releases)) == ("0.1.0", "0.7.0")
    assert release.first("clearwater.registry.unit.unknown.v1", releases) == ""


def test_every_released_type_says_since_when() -> None:
    released = {path.name.removesuffix(".json") for path in release.RELEASED.glob("*.json")}

    assert {event_type for event_type in released if not release.first(event_type)} == set()
