"""Are the published files what the declarations say, and are old records still readable?"""

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from shared.events import asyncapi, catalogue, codec, envelope, examples, generate, release, schemas, topics

EXAMPLES = [path for path in sorted(examples.FOLDER.glob("*.json")) if path.name != examples.MANIFEST]


def test_nothing_is_stale_and_nothing_released_is_broken() -> None:
    assert generate.stale() == []
    assert release.broken() == []
    assert generate.main(["--check"]) == 0


@pytest.mark.parametrize("path", ["EVENTS.md", "asyncapi.json", "schemas/clearwater.signing.case.opened.v1.json"])
def test_a_stale_missing_or_left_over_file_is_named(path: str, tmp_path: Path) -> None:
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []

    (tmp_path / path).write_text("old", encoding="utf-8")
    (tmp_path / "schemas/left.over.json").write_text("{}", encoding="utf-8")
    assert generate.stale(tmp_path) == sorted([path, "schemas/left.over.json"])

    (tmp_path / path).unlink()
    assert path in generate.stale(tmp_path)
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []


def test_every_event_has_an_example() -> None:
    assert [event.declared.type for event in catalogue.events() if not examples.of(event.declared.type)] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_decodes_and_fits_its_schema(path: Path) -> None:
    example = examples.load(path)
    headers = [(name, value.encode()) for name, value in example["headers"].items()]
    payload = None if example["payload"] is None else json.dumps(example["payload"]).encode()

    read = envelope.decode(example["topic"], example["key"].encode(), headers)
    event = codec.decode(read.type, payload, key=read.key)

    assert event.key == read.key
    assert envelope.encode(read) == headers
    document = schemas.document(type(event))
    assert list(Draft202012Validator(document, format_checker=FormatChecker()).iter_errors(example["payload"])) == []


def test_the_schema_admits_what_a_newer_emitter_adds_and_refuses_what_is_missing() -> None:
    example = examples.load(examples.of("clearwater.registry.unit.registered.v1")[0])["payload"]
    event = catalogue.find("clearwater.registry.unit.registered.v1")
    validator = Draft202012Validator(schemas.document(event))
    newer = {**example, "added": 1, "right_holders": [{**holder, "added": 1} for holder in example["right_holders"]]}

    assert validator.is_valid(newer)
    assert not validator.is_valid({name: value for name, value in example.items() if name != "door"})


def test_examples_are_only_ever_added(tmp_path: Path) -> None:
    assert examples.changed() == []

    shutil.copytree(examples.FOLDER, tmp_path, dirs_exist_ok=True)
    changed, removed = EXAMPLES[0].name, EXAMPLES[1].name
    (tmp_path / changed).write_text("{}", encoding="utf-8")
    (tmp_path / removed).unlink()
    (tmp_path / "x.v1.9.json").write_text("{}", encoding="utf-8")
    assert examples.changed(tmp_path) == sorted([changed, removed, "x.v1.9.json"])


def test_asyncapi_names_every_topic_and_event_and_every_reference_leads_somewhere() -> None:
    document = asyncapi.document()

    assert document["asyncapi"] == "3.0.0"
    assert document["channels"].keys() == topics.KINDS.keys()
    offered = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(offered) == sorted(event.__name__ for event in catalogue.events())
    for channel in document["channels"].values():
        assert channel["address"].format(district="440303").startswith("clearwater.440303.")
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
    for reference in _references(document):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_the_manual_names_every_topic_event_header_and_field() -> None:
    words = (generate.FOLDER / "EVENTS.md").read_text(encoding="utf-8")

    wanted = [f"`{kind}`" for kind in topics.KINDS] + [f"`{name}`" for name in asyncapi.headers()]
    for event in catalogue.events():
        wanted += [f"### {event.__name__}\n", f"`{event.declared.type}`"]
        wanted += [] if event.declared.tombstone else [f"| `{name}` |" for name in event.model_fields]
    assert [word for word in wanted if word not in words] == []


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        found = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return found + [reference for value in node.values() for reference in _references(value)]
    if isinstance(node, list):
        return [reference for value in node for reference in _references(value)]
    return []
