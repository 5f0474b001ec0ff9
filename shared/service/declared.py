"""What a route says of itself: http.route collects it, openapi.py prints it, problems.py holds each answer to it.

Invariant: `codes` is all that a route may refuse with. What the kit refuses by itself follows from the rest of the
declaration, so a route names only its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from flask import current_app, request
from pydantic import BaseModel

_VERSIONS = frozenset({"version", "revision"})


@dataclass(frozen=True)
class Declared:
    method: str
    path: str
    roles: tuple[str, ...]
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    files: tuple[str, ...]
    media: str
    answers: Any
    status: int
    problems: tuple[str, ...]
    changes: bool

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.problems, *self._of_the_kit())))

    @property
    def writes(self) -> bool:
        """Whether it writes in one district, which the subject names or has."""
        return bool(self.roles) and self.method != "GET"

    @property
    def versioned(self) -> bool:
        """The answer's ETag is the version of what it shows."""
        return bool(_VERSIONS.intersection(getattr(self.answers, "model_fields", ())))

    @property
    def edits(self) -> bool | None:
        """Whether If-Match is demanded; None where it is not read at all."""
        if "version-required" in self.problems:
            return True
        return False if "version-superseded" in self.problems else None

    def _of_the_kit(self) -> Iterator[str]:
        if self.roles:
            yield from ("token-missing", "token-invalid", "clock-skewed", "role-missing")
            yield from ("too-many-requests", "identity-unavailable", "district-malformed")
        if self.writes:
            yield from ("origin-refused", "district-required")
        if self.writes or "<" in self.path:
            yield "not-found"
        if self.body or self.files:
            yield "body-too-large"
        if self.body:
            yield "media-type-unsupported"
        if self.query and "cursor" in self.query.model_fields:
            yield "cursor-invalid"
        if self.changes:
            yield from ("idempotency-key-missing", "idempotency-key-reused")
        yield from ("request-malformed", "body-invalid", "try-again", "internal-error")


def current() -> Declared | None:
    """The declaration of the current route; None for a page, and where no route was found."""
    return of(request.endpoint or "")


def of(endpoint: str) -> Declared | None:
    """The declaration of a route by its name, such as agreements.lock: a page shows what its reader's role may do."""
    return cast("Declared | None", getattr(current_app.view_functions.get(endpoint), "declared", None))
