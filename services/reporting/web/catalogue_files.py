"""The catalogue as files that need no installation: a folder for each language, and beside them what programs read.

    FOLDER/index.html                          the list, in Chinese
    FOLDER/<language>/index.html, <type>.html  as /events shows them
    FOLDER/asyncapi.json, subscribe.md, schemas/ …, examples/ …, assets/

Every link is relative, so that the folder can lie anywhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flask import Flask, render_template

from services.reporting.web import catalogue
from services.reporting.web.catalogue import Links
from shared.web import languages

_SHELL: Final = ("tokens.css", "shell.css", "icon.svg")
_OWN: Final = ("events.css", "events.js")
_FRAME: Final = "events-file.html"


def write(app: Flask, folder: Path, *, public_url: str) -> list[Path]:
    """The files that were written. `public_url`: of the installation that the documents name."""
    made = {**_documents(app, public_url), **_assets(app), **dict(_pages(app))}
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(folder / name for name in made)


def _documents(app: Flask, public_url: str) -> dict[str, str]:
    with app.test_request_context("/events"):
        return {name: make()[0] for name, make in catalogue.files(app, public_url=public_url).items()}


def _assets(app: Flask) -> dict[str, str]:
    shell, own = (Path(str(app.blueprints[name].static_folder)) for name in ("shell", "pages"))
    sources = [shell / name for name in _SHELL] + [own / name for name in _OWN]
    return {f"assets/{source.name}": source.read_text(encoding="utf-8") for source in sources}


def _pages(app: Flask) -> Iterator[tuple[str, str]]:
    links = Links("index.html", "{}.html".format, "../{}".format, "../assets/{}".format)
    for language in languages.NAMES:
        with app.test_request_context(f"/events?language={language}"):
            yield f"{language}/index.html", catalogue.draw_index(_FRAME, links)
            for event in catalogue.every():
                yield f"{language}/{event.type}.html", catalogue.draw_event(_FRAME, links, event, None)
    with app.test_request_context(f"/events?language={languages.FIRST}"):
        yield "index.html", render_template("events-languages.html", first=languages.FIRST)
