"""/events: every event with all that a reader needs, and the same for programs. Open to everybody, but for who has a grant.

GET /events, /events/<type>           pages; what they say is derived from shared/events (described.py)
GET /events/schemas/<type>.json       JSON Schema of the value
GET /events/asyncapi.json, /events/xregistry.json, /events/feed.openapi.json, /events/EVENTS.md
GET /events/subscribe.md, /events/examples/…   the way in for another agency's engineer (guide.py)

The same pages without an installation: catalogue_files.py.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, Response, current_app, render_template, url_for

from services.reporting.queries import event_readers, snapshot
from services.reporting.queries.event_readers import EventReader
from services.reporting.web import agency_openapi, guide
from shared.events import asyncapi, described, manual, xregistry
from shared.events.described import Described
from shared.refusal import Refused, Unknown
from shared.service import identity
from shared.service.context import context
from shared.web.shell import add_texts

pages = Blueprint("catalogue", __name__, template_folder="templates")
add_texts(pages, Path(__file__).with_name("events.toml"))

_JSON: Final = "application/json"
_MARKDOWN: Final = "text/markdown"
_SEE_GRANTS: Final = ("city", "command", "auditor")  # as the registry's /grants


@dataclass(frozen=True)
class Links:
    """Where the parts of the catalogue are. `file`: one that a program reads; `asset`: what a page is drawn with."""

    index: str
    event: Callable[[str], str]
    file: Callable[[str], str]
    asset: Callable[[str], str]


def files(app: Flask, *, public_url: str) -> dict[str, Callable[[], tuple[str, str]]]:
    """By path below /events, what makes a file's text and its media type."""
    made: dict[str, Callable[[], tuple[str, str]]] = {
        "asyncapi.json": lambda: (as_json(asyncapi.document()), _JSON),
        "xregistry.json": lambda: (as_json(xregistry.document(at=_made(), public_url=public_url)), _JSON),
        "feed.openapi.json": lambda: (as_json(agency_openapi.document(app)), _JSON),
        "EVENTS.md": lambda: (manual.text(), _MARKDOWN),
        "subscribe.md": lambda: (guide.text(), _MARKDOWN),
    }
    for name in guide.examples():
        made[name] = lambda name=name: (guide.example(name), "text/plain")  # type: ignore[misc]
    for event in every():
        made[f"schemas/{event.type}.json"] = lambda event=event: (as_json(event.schema), "application/schema+json")  # type: ignore[misc]
    return made


@pages.get("/events")
def index() -> str:
    return draw_index("shell.html", _served())


@pages.get("/events/<path:name>")
def show(name: str) -> Response | str:
    """The page of an event, by its type, or a file for programs. Raises Unknown."""
    if make := files(current_app, public_url=context().settings.public_url).get(name):
        written, media = make()
        return Response(written, content_type=f"{media}; charset=utf-8")
    found = next((event for event in every() if event.type == name), None)
    if found is None:
        raise Unknown
    return draw_event("shell.html", _served(), found, _readers(found))


def draw_index(frame: str, links: Links) -> str:
    found = every()
    return render_template(
        "events.html",
        frame=frame,
        links=links,
        events=found,
        owners=list(dict.fromkeys(event.kind.owner for event in found)),
        audiences=list(dict.fromkeys(event.kind.audience for event in found)),
        state="live",
    )


def draw_event(frame: str, links: Links, event: Described, readers: list[EventReader] | None) -> str:
    """`readers`: None where the reader of the page may not see grants."""
    examples = [as_json(example) for example in event.examples]
    return render_template(
        "event.html", frame=frame, links=links, event=event, examples=examples, readers=readers, state="live"
    )


def as_json(document: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


@cache
def every() -> tuple[Described, ...]:
    """Declarations do not change while a process runs."""
    return tuple(described.every())


@cache
def _made() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _served() -> Links:
    return Links(
        "/events", "/events/{}".format, "/events/{}".format, lambda name: url_for("pages.static", filename=name)
    )


def _readers(event: Described) -> list[EventReader] | None:
    try:
        identity.authorize(_SEE_GRANTS)
    except Refused:
        return None
    with snapshot.granted() as tx:
        return event_readers.of_event(tx, event.type, event.kind.audience, now=context().clock.now())
