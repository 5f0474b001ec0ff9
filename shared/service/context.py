"""What a view needs from the process that runs it, put together once by factory.create."""

from dataclasses import dataclass
from typing import Any, Protocol, cast

from flask import current_app
from sqlalchemy import Engine

from shared.service.clock import Clock
from shared.service.examples import Vocabulary
from shared.service.limits import Limits
from shared.service.problems import Catalogue
from shared.service.provider import Provider


class Settings(Protocol):
    """The fields of a service's config.Settings that the kit reads."""

    @property
    def issuer_url(self) -> str: ...
    @property
    def issuer_internal_url(self) -> str: ...
    @property
    def oidc_client_id(self) -> str: ...
    @property
    def oidc_client_secret(self) -> str: ...
    @property
    def front_door_secret(self) -> str: ...
    @property
    def otel_exporter_otlp_endpoint(self) -> str: ...
    @property
    def services(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def session_secret(self) -> str: ...


@dataclass(frozen=True)
class Context:
    """`resources` is what else a service's own views need, such as its vault; the service knows its type."""

    name: str
    engine: Engine
    clock: Clock
    settings: Settings
    provider: Provider
    problems: Catalogue
    limits: Limits
    vocabulary: Vocabulary
    resources: Any = None


def context() -> Context:
    return cast("Context", current_app.extensions["clearwater"])
