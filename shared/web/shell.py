"""The blueprint that every service mounts: static files, the template `shell.html`, language and theme, Jinja's names.

Left to others: who is signed in (the service kit passes a function) and Content-Security-Policy (its application factory).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from shared.web import figures, languages, sections
from shared.web.languages import Catalogue, Language

_HERE: Final = Path(__file__).parent
_YEAR_SECONDS: Final = 31_536_000
_COOKIES: Final = {"language": "clearwater_language", "theme": "clearwater_theme", "project": "clearwater_project"}
_THEMES: Final = ("light", "dark")


@dataclass(frozen=True)
class Person:
    """Who is signed in, as the header prints it."""

    name: str
    roles: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()  # `*`: the whole city
    seconds_left: float = float("inf")  # of the session: static/session.js renews it before it ends

    @property
    def of_staff(self) -> bool:
        """Not an agency's engineer, who has no projects to choose from and no register to search."""
        return not set(self.roles).isdisjoint(sections.STAFF)


@dataclass(frozen=True)
class AsOf:
    """What the top right of a page says: the instant and the feed number of its figures, and how late they are."""

    at: datetime | None
    number: int | None
    lag_seconds: float | None


@dataclass
class Shell:
    """What the pages of one application share. Kept as `app.extensions["shell"]`."""

    person: Callable[[], Person | None]
    texts: Catalogue = field(default_factory=lambda: Catalogue(_HERE / "texts.toml"))


def shell(person: Callable[[], Person | None] = lambda: None) -> Blueprint:
    """`person` answers who is signed in in the present request; a service without login leaves it out."""
    blueprint = Blueprint(
        "shell", __name__, static_folder="static", static_url_path="/static/shell", template_folder="templates"
    )
    blueprint.record_once(lambda setup: _open(setup, person))
    blueprint.app_context_processor(_context)
    blueprint.after_app_request(_remember)
    return blueprint


def add_texts(blueprint: Blueprint, file: Path) -> None:
    """A service's own catalogue joins the shell's when its blueprint is registered, in either order."""

    def join(setup: BlueprintSetupState) -> None:
        _of(cast("Flask", setup.app)).texts.add(file)

    blueprint.record_once(join)


def language() -> Language:
    """The language in the address, else the remembered one, else what the browser prefers."""
    chosen = languages.known(request.args.get("language")) or languages.known(request.cookies.get(_COOKIES["language"]))
    return chosen or languages.preferred(request.accept_languages)


def text(name: str, **facts: object) -> str:
    """One text in the reader's language."""
    return _of(current_app).texts.text(language(), name, **facts)


def texts_in(chosen: Language, *names: str) -> dict[str, dict[str, str]]:
    """Whole sections in one language, whatever the reader's: for paper that is always in it."""
    return {name: dict(_of(current_app).texts.section(chosen, name)) for name in names}


def project_chosen() -> UUID | None:
    """The project in the address, else the last one that this browser chose. Nobody has checked that the reader may see it."""
    return _uuid(request.args.get("project")) or _uuid(request.cookies.get(_COOKIES["project"]))


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None


def _open(setup: BlueprintSetupState, person: Callable[[], Person | None]) -> None:
    _of(cast("Flask", setup.app)).person = person


def _of(app: Flask) -> Shell:
    """Made once: a Shell reads the catalogue, and a page asks for hundreds of texts."""
    if "shell" not in app.extensions:
        app.extensions["shell"] = Shell(person=lambda: None)
    found: Shell = app.extensions["shell"]
    return found


def _theme(default: str) -> str:
    chosen = request.args.get("theme") or request.cookies.get(_COOKIES["theme"])
    return chosen if chosen in _THEMES else default


def _context() -> dict[str, Any]:
    shell = _of(current_app)
    person = shell.person()
    return {
        "t": text,
        "words": lambda *sections: {key: shell.texts.section(language(), key) for key in sections},
        "language": language(),
        "languages": languages.NAMES,
        "theme": _theme,
        "person": person,
        "figures": figures,
        "sections": lambda: sections.open_to(person.roles) if person else [],
        "section_here": lambda: sections.of(request.path),
        "project_chosen": project_chosen,
        "has_fonts": (_HERE / "static" / "fonts" / "fonts.css").is_file(),
        "again": _again,
        "here": request.full_path.rstrip("?"),
    }


def _again(**changed: str) -> str:
    """The address of the page with one choice changed."""
    kept = {**request.args.to_dict(), **changed}
    return f"{request.path}?{urlencode(kept)}"


def _remember(response: Response) -> Response:
    """Stores a choice from the address in a cookie: it holds on every page of the service, without a script."""
    theme, project = request.args.get("theme"), _uuid(request.args.get("project"))
    chosen = {
        "language": languages.known(request.args.get("language")),
        "theme": theme if theme in _THEMES else None,
        "project": str(project) if project and response.status_code < HTTPStatus.BAD_REQUEST else None,
    }
    for name, value in chosen.items():
        if value:
            response.set_cookie(_COOKIES[name], value, max_age=_YEAR_SECONDS, samesite="Lax", httponly=True)
    return response
