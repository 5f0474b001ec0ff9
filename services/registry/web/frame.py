"""What the register's pages share: the pages below it that the reader's role may open, and the project that a page is about."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, abort, render_template, request, url_for

from services.registry.queries import projects
from services.registry.queries.projects import ProjectState
from shared.service import identity
from shared.service.database import Transaction
from shared.web.shell import project_chosen, text

CLERKS: Final = ("clerk", "command")
FIELD: Final = ("officer", "desk", *CLERKS)
IMPORTERS: Final = (*CLERKS, "auditor")  # roles that may see imports
GRANTERS: Final = ("city", "command")
FIRST: Final = UUID(int=0)
SHOWN: Final = 50
DISTRICTS: Final = 500
_PROJECTS: Final = 10_000  # more than a city has: who may see one finds it
# Pages of the register: name in the texts, view, roles that it lets in.
_PAGES: Final = (
    ("projects", "project_list", identity.ROLES),
    ("imports", "import_list", IMPORTERS),
    ("units", "unit_list", identity.ROLES),
    ("people", "person_list", FIELD),
    ("agencies", "agency_list", (*GRANTERS, "auditor")),
    ("audit", "audit", ("auditor",)),
)
View = Callable[..., Any]


def add(pages: Blueprint, path: str, view: View, *roles: str) -> None:
    pages.add_url_rule(path, view.__name__, identity.requires(*roles)(view))


def page(template: str, current: str, **facts: Any) -> str:  # noqa: ANN401 - as the templates name them
    links = [
        {"href": url_for(f"pages.{view}"), "text": text(f"pages.{name}"), "here": name == current}
        for name, view, roles in _PAGES
        if has(*roles)
    ]
    return render_template(
        template,
        pages=links,
        state="live",
        is_clerk=has(*CLERKS),
        is_importer=has(*IMPORTERS),
        is_field=has(*FIELD),
        may_export=has(*CLERKS, "city", "auditor"),
        did=request.args.get("did", ""),
        **facts,
    )


def has(*roles: str) -> bool:
    return bool(identity.current().roles.intersection(roles))


def every(tx: Transaction) -> list[ProjectState]:
    return projects.page(tx, after=FIRST, limit=_PROJECTS)


def district_names(tx: Transaction) -> dict[str, str]:
    return {district.district: district.name for district in projects.districts(tx, after="", limit=DISTRICTS)}


def chosen(tx: Transaction) -> dict[str, Any]:
    """The project in the address, else the one chosen last, else the newest. One of another district is treated as unknown."""
    found = every(tx)
    wanted = project_chosen()
    project = next((project for project in found if project.project_id == wanted), None)
    if project is None and "project" in request.args:
        abort(404)
    return {"projects": found, "project": project or (found[-1] if found else None)}


def after() -> UUID:
    """A mistyped address shows the first page, not an error."""
    return id_of("after") or FIRST


def id_of(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None
