"""A service's routes without its database, to read their declarations."""

import importlib
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Flask

from shared.service.clock import RealClock
from shared.service.context import Context
from shared.service.examples import Vocabulary
from shared.service.limits import Limits
from shared.service.openapi import openapi
from shared.service.problems import Catalogue
from shared.service.provider import Provider
from shared.web.shell import shell
from tests.support.serving import Settings
from tests.support.tree import ROOT


def app(service: str) -> Flask:
    """Every blueprint that the service's application knows, of all its roles."""
    place = ROOT / "services" / service
    made = Flask(service, static_folder=None)
    nothing = cast("Any", None)
    made.extensions["clearwater"] = Context(
        service, nothing, RealClock(), Settings(""), Provider(""), catalogue(place), Limits(), Vocabulary(place / "examples.toml")
    )  # fmt: skip
    for blueprint in (openapi, shell(lambda: None), *_blueprints(service)):
        made.register_blueprint(blueprint)
    return made


def catalogue(place: Path) -> Catalogue:
    return Catalogue(*(file for file in (place / "problems.toml",) if file.is_file()))


def _blueprints(service: str) -> list[Blueprint]:
    """Each once: a service may name them alone and in a tuple."""
    named: dict[str, Blueprint] = {}
    for value in vars(importlib.import_module(f"services.{service}.application")).values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Blueprint):
                named[part.name] = part
    return list(named.values())
