"""Whether a schema may take the place of a released one under the same type version.

Invariant: a reader built for the released schema reads everything that the new one allows, and a reader built for
the new one everything that was ever written under the released one (topics keep every event). So inside a version
only optional fields are added.
Held by tests/unit/events/test_compatibility.py.
"""

from collections.abc import Iterator

from shared.events import schemas
from shared.events.schemas import Document

# They refuse nothing.
_WORDS = frozenset({"$schema", "$id", "$comment", "title", "description", "examples", "deprecated"})
_COMPARED = frozenset({"type", "properties", "required", "enum", "const", "items", "additionalProperties", "anyOf"})


def breaks(released: Document, changed: Document) -> list[str]:
    """Every incompatible change, as a sentence with the field's path; empty when `changed` may be released."""
    return list(_compare("", schemas.resolved(released, released), schemas.resolved(changed, changed)))


def _compare(path: str, old: Document, new: Document) -> Iterator[str]:
    place = path or "the event"
    if old.get("type") != new.get("type"):
        yield f"{place}: type {old.get('type')} became {new.get('type')}"
        return
    yield from _fields(path, old, new)
    yield from _values(place, old, new)
    yield from _inside(path, old, new)


def _fields(path: str, old: Document, new: Document) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    must_before, must_after = set(old.get("required", ())), set(new.get("required", ()))
    for name, field in before.items():
        if name not in after:
            yield f"{path}.{name}: removed or renamed"
        else:
            yield from _compare(f"{path}.{name}", field, after[name])
    for name in sorted(must_after - must_before):
        yield f"{path}.{name}: made required" if name in before else f"{path}.{name}: added as required"
    for name in sorted((must_before - must_after) & after.keys()):
        yield f"{path}.{name}: no longer required, readers rely on it"


def _values(place: str, old: Document, new: Document) -> Iterator[str]:
    before, after = _choices(old), _choices(new)
    if before != after:
        # Fewer values refuse what was written before; more values reach readers that do not know them.
        yield f"{place}: choices {before} became {after}"
    for rule in sorted((old.keys() | new.keys()) - _WORDS - _COMPARED):  # also one that this check has never seen
        if old.get(rule) != new.get(rule):
            yield f"{place}: {rule} {old.get(rule)} became {new.get(rule)}"


def _choices(node: Document) -> list[str] | None:
    if "const" in node:
        return [node["const"]]
    return sorted(node["enum"]) if "enum" in node else None


def _inside(path: str, old: Document, new: Document) -> Iterator[str]:
    for step, suffix in (("items", "[]"), ("additionalProperties", "{}")):
        before, after = old.get(step), new.get(step)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _compare(path + suffix, before, after)
        elif before != after:
            yield f"{path}{suffix}: {before} became {after}"
    before, after = old.get("anyOf", []), new.get("anyOf", [])
    if len(before) != len(after):
        yield f"{path}: alternatives {len(before)} became {len(after)}"
    for one, other in zip(before, after, strict=False):
        yield from _compare(path, one, other)
