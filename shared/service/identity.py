"""Who asks, what they may do and which districts they may see. Decided once here, enforced again by the database
(rows.py).

A bearer token, or the service's own cookie (login.py). Claims: sub, name, roles[], districts[] (`["*"]` = the whole
city). Stays true: a district that is not granted looks like one that does not exist (404).
"""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import quote, urlsplit

from flask import g, redirect, request

from shared.refusal import Refused, Unknown
from shared.service import claims, database, problems
from shared.service.running import running
from shared.telemetry import metrics

ROLES = ("clerk", "desk", "officer", "command", "city", "auditor")
EVERYBODY: tuple[str, ...] = ()  # no identity asked for
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CODE = re.compile(r"[0-9]{6}")  # GB/T 2260

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Subject:
    subject: str
    name: str
    roles: frozenset[str]
    granted: tuple[str, ...]

    @property
    def district(self) -> str:
        """The one district of a write: the only one granted, or the one named by the header Clearwater-District."""
        if named := request.headers.get("Clearwater-District"):
            if database.EVERY in self.granted or named in self.granted:
                return named
            raise Unknown
        if len(self.granted) == 1 and database.EVERY not in self.granted:
            return self.granted[0]
        raise Refused("district-required")


def current() -> Subject:
    """The subject of this request; Refused token-missing or token-invalid (401)."""
    if "subject" not in g:
        g.subject = _subject()
    return cast("Subject", g.subject)


def authorize(roles: Sequence[str]) -> Subject:
    """Refused role-missing (403) unless the subject has one of the roles; district-malformed (400)."""
    subject = current()
    if not _CODE.fullmatch(request.headers.get("Clearwater-District", "000000")):
        raise Refused("district-malformed")
    if not subject.roles.intersection(roles):
        raise Refused("role-missing", roles=sorted(roles))
    if wait := running().limits.wait_seconds(subject.subject):
        metrics.LIMITED.labels(route=str(request.url_rule)).inc()
        raise Refused("too-many-requests", retry_after_seconds=ceil(wait))
    return subject


def requires(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For pages. A person who is not signed in is sent to the login page and comes back. (API views: http.route.)"""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                authorize(roles or ROLES)
            except Refused as refusal:
                if (
                    refusal.code in {"token-missing", "token-invalid"}
                    and request.method == "GET"
                    and problems.wants_page()
                ):
                    back = request.full_path.rstrip("?")
                    return cast("R", redirect(f"/login?next={quote(back, safe='')}"))
                raise
            return view(*args, **kwargs)

        return guarded

    return decorate


def cookie_name(service: str) -> str:
    return f"clearwater_{service}"


def same_origin() -> None:
    """A write with a cookie must come from our own page: another site's form would bring the cookie along."""
    origin, ours = request.headers.get("Origin", ""), urlsplit(running().settings.public_url)
    if not origin or origin not in {f"{ours.scheme}://{ours.netloc}", f"{request.scheme}://{request.host}"}:
        raise Refused("origin-refused")


def _subject() -> Subject:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        token = request.cookies.get(cookie_name(running().name), "")
        if not token:
            raise Refused("token-missing")
        if request.method not in _SAFE:
            same_origin()
    return _of(running().provider.claims(token))


def _of(given: dict[str, Any]) -> Subject:
    found = claims.read(given)
    return Subject(found.sub, found.name or "", frozenset(found.roles), tuple(dict.fromkeys(found.districts)))
