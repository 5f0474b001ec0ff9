"""Follows a link of another site to every GET route, as a person who is signed in and as a screen: their cookies must stay as they are.

Any site can link to ours, and a browser brings cookies that are SameSite=Lax along. A renewed session of the same person is no change.
"""

import re
import time
from collections.abc import Iterator

from flask import Flask
from werkzeug.http import parse_cookie
from werkzeug.test import TestResponse

from shared.refusal import Refused
from shared.service import session
from shared.service.session import Purpose

_WHO = {"sub": "desk", "name": "简云舟", "roles": ["desk"], "districts": ["440303"]}
_FROM_ELSEWHERE = {
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
    "Referer": "https://elsewhere.example/",
    "Accept": "text/html",
}
_NOBODY = "00000000-0000-0000-0000-000000000000"
_QUERIES = ("", "?from=us", "?next=/desk", "?other=1")
_KEPT: tuple[Purpose, ...] = ("session", "renewal", "display")


def changes(app: Flask) -> list[str]:
    """What such a link changes: each is a fault."""
    return [
        f"{path}{query}: {fault}"
        for path in sorted(_paths(app))
        for query in _QUERIES
        for fault in _faults(app, _followed(app, path + query))
    ]


def _paths(app: Flask) -> set[str]:
    return {
        re.sub(r"<[^>]*>", _NOBODY, rule.rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())
    }


def _followed(app: Flask, address: str) -> TestResponse:
    settings, client = app.extensions["clearwater"].settings, app.test_client()
    until = {"ends_at": int(time.time()) + 3600}
    for purpose, values in (("session", _WHO), ("renewal", _WHO | until)):
        name = session.cookie_name(settings.public_url, purpose)
        path = "/login" if purpose == "renewal" else "/"
        sealed = session.seal(values, secret=settings.session_secret, purpose=purpose, seconds=600)
        client.set_cookie(name, sealed, path=path)
    with client.get(address, headers=_FROM_ELSEWHERE, buffered=False) as answer:
        return answer


def _faults(app: Flask, answer: TestResponse) -> Iterator[str]:
    settings = app.extensions["clearwater"].settings
    ours = {session.cookie_name(settings.public_url, purpose): purpose for purpose in _KEPT}
    for written in answer.headers.getlist("Set-Cookie"):
        name, value = next(iter(parse_cookie(written.partition(";")[0]).items()))
        if name in ours and not _is_same_person(value, secret=settings.session_secret, purpose=ours[name]):
            yield f"sets {name}"
    for header in ("Location", "Refresh"):
        if "end_session" in answer.headers.get(header, "") or "post_logout" in answer.headers.get(header, ""):
            yield f"leads to {answer.headers[header]}"
    if "Clear-Site-Data" in answer.headers:
        yield "clears what the browser keeps"


def _is_same_person(sealed: str, *, secret: str, purpose: Purpose) -> bool:
    try:
        return session.opened(sealed, secret=secret, purpose=purpose)["sub"] == _WHO["sub"]
    except Refused:
        return False
