"""The subject of a request, what it may do and which districts it may see. Decided once here, enforced again by the database
(row_security.py).

A bearer token, or the session's cookie (session.py). Claims: sub, name, roles[], districts[] (`["*"]` = the whole
city), staff_number of an officer. Invariant: a district that is not granted looks like one that does not exist (404).
"""

import functools
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import quote, urlsplit

from flask import g, redirect, request

from shared.refusal import Refused, Unknown
from shared.service import claims, database, problems, session
from shared.service.context import context
from shared.telemetry import metrics

ROLES = ("clerk", "desk", "officer", "command", "city", "auditor")
AGENCY = "agency"  # of another system: a program, or its engineer. It has no district; what it may do, its grants say
EVERYBODY: tuple[str, ...] = ()  # no identity needed
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FAR_SECONDS = 2**40  # an instant that a float holds; later ones are as good
_CODE = re.compile(r"[0-9]{6}")  # GB/T 2260

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Subject:
    subject: str
    name: str
    roles: frozenset[str]
    granted: tuple[str, ...]
    staff_number: str = ""  # of an officer, as the registry knows it
    ends_at: float = float("inf")  # of the token or cookie that was shown

    @property
    def seconds_left(self) -> float:
        """How long a live stream may last."""
        return self.ends_at - time.time()

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
    if wait := context().limits.wait_seconds(subject.subject):
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


def same_origin() -> None:
    """A write with a cookie must come from our own page: another site's form would bring the cookie along."""
    ours = urlsplit(context().settings.public_url)
    if request.headers.get("Origin", "") != f"{ours.scheme}://{ours.netloc}":
        raise Refused("origin-refused")


def _subject() -> Subject:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return of(context().provider.claims(token))
    settings = context().settings
    sealed = request.cookies.get(session.cookie_name(settings.public_url), "")
    if not sealed:
        raise Refused("token-missing")
    if request.method not in _SAFE:
        same_origin()
    return of(session.opened(sealed, secret=settings.session_secret, purpose="session"))


def of(given: dict[str, Any]) -> Subject:
    """From the claims of a token or a session; Refused `token-invalid` where they do not say who it is."""
    found = claims.read(given)
    ends_at = float(min(given["exp"], _FAR_SECONDS))
    return Subject(
        found.sub,
        found.name or "",
        frozenset(found.roles),
        tuple(dict.fromkeys(found.districts)),
        staff_number=found.staff_number or "",
        ends_at=ends_at,
    )
