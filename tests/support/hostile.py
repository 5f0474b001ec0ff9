"""Throws hostile values at every parameter of every route: path, query, headers, cookies and each field of each body.

Generated from the declarations of the routes and the source of the pages, so a new route is attacked too. For every value the
answer is no error of ours, and a refusal has a code of the catalogue.
"""

import base64
import dataclasses
import itertools
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar, get_args
from unittest.mock import patch
from urllib.parse import urlencode
from uuid import UUID

from flask import Request as FlaskRequest
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import TestResponse

from shared.service import session
from shared.service.http import Page
from shared.service.limits import Limits
from tests.support.serving import Settings
from tests.support.story import Story
from tests.support.tree import ROOT

_LONG = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=3_500))
# What int(), the database or a codec chokes on: thrown at every parameter. Of the others each parameter gets some, in turn.
# In addresses, as a client quotes them:
ADDRESSES = ("%00", "%FF", "%ED%A0%80", "9" * 3_500, "9223372036854775808", _LONG)
MORE_ADDRESSES = (
    "a%00b", "%C0%80", "%E9", "%C3%A9", "%0A", "%E2%80%A8", "-1", "-9223372036854775809", "1e999", "NaN", "Infinity", "%D9%A3", "", "%20",
    "%27%3B--", "%25s", "..%2F..", "[]", "a,b", "null", "00000000-0000-0000-0000-000000000000", "0001-01-01T00:00:00%2B23:59",
    "9999-12-31T23:59:59-23:59",
)  # fmt: skip
CURSORS = tuple(
    base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    for text in (
        "[99999999999999999999]", r'["\u0000"]', r'["\ud800"]', "[1e999]", "[NaN]", "null", "{}", "[" * 200, r'["2026-01-01", "\u0000"]',
        r'["9999-12-31T23:59:59-23:59", "a"]', r'["2026-01-01T00:00:00Z", "\ud800"]', "[" + "9" * 290 + "]", '["", ""]', "[[]]",
        '["00000000-0000-0000-0000-000000000000"]', '["x", "00000000-0000-0000-0000-000000000000"]',
    )
)  # fmt: skip
HEADERS = ("\0", "\xe9", "9" * 5_000, '"9223372036854775808"', _LONG, "")
MORE_HEADERS = (
    "a\0b", "\xed\xa0\x80", "\xff", "9223372036854775808", "-1", "1e999", "*", "W/", '"', " ", ";", ",", "=", 'a=b; a="\\000"',
    "bytes=9-1", "bytes=" + "9" * 5_000, "\x1f\x7f", "en;q=" + "9" * 400, "application/json; charset=\xff", "[::1", "http://[",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "-" * 300, "a.b.c", "٣".encode().decode("latin-1"),
    "00-" + "f" * 32 + "-" + "f" * 16 + "-ff",
)  # fmt: skip
TOKENS = (
    "",
    "\xe9",
    "a.b.c",
    "..",
    "eyJhbGciOiJub25lIn0.e30.",
    "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
    "bnVsbA.bnVsbA.bnVsbA",
    _LONG,
)
NAMES = (
    "Idempotency-Key", "If-Match", "Clearwater-District", "Last-Event-ID", "Correlation-Id", "traceparent", "Authorization", "Accept",
    "Accept-Language", "Origin", "Content-Type", "Cookie", "Range", "If-None-Match", "If-Modified-Since", "If-Range", "Host", "Referer",
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Content-Encoding",
)  # fmt: skip
# In bodies, as they stand in JSON:
VALUES = (
    r'"\u0000"', r'"\ud800"', "9223372036854775808", "-9223372036854775809", "9" * 5_000, "1e999", "NaN", r'{"\u0000": 1}',
    '"9999-12-31T23:59:59-23:59"', f'"{_LONG}"',
)  # fmt: skip
MORE_VALUES = (
    r'"a\u0000b"', r'"\udfff\ud800"', '"\u2028"', '"é"', '"' + "9" * 5_000 + '"', '"' + "x" * 10_001 + '"', '""', '" "', "-1e999",
    "Infinity", "-0.0", "1.5", "true", "null", "[]", "{}", r'{"\ud800": 1}', '{"a": 1, "a": 2}', "[" * 3_000 + "]" * 3_000,
    '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59Z"', '"9999-12-31"', '"0001-01-01"', '"1e999"', r'"<script>\u202e"',
    '"00000000-0000-0000-0000-000000000000"',
)  # fmt: skip
BODIES = (
    b"", b" ", b"null", b"[]", b"1", b'"x"', b"\xff", b"\xef\xbb\xbf{}", b"{", b"{}{}", b"[" * 100_000, b'{"a":' * 50_000, b"\0", b"NaN",
    '{"é": 1}'.encode("utf-16"), '{"é": 1}'.encode("latin-1"), b"1" * 6_000, b'{"a": 1, "a": 1}', b"{" + b'"k":1,' * 900 + b'"k":1}',
    json.dumps({f"k{number}": 1 for number in range(500)}).encode(), json.dumps({"a~/b": 1}).encode(),
)  # fmt: skip
DATES = ("0001-01-01", "9999-12-31")
_EXTREMES: dict[type, tuple[object, ...]] = {
    int: (0, -1, 2**31, 2**63 - 1),
    str: ("", "\U0010ffff"),
    UUID: (str(UUID(int=0)), str(UUID(int=2**128 - 1))),
    date: DATES,
    datetime: ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
}
_USUAL: dict[type, object] = {date: "2026-11-28", datetime: "2026-11-28T01:00:00Z"}
_AFTER_OTHERS = ("day",)  # read only where it is there
_COOKIES = [session.cookie_name(Settings("").public_url, purpose) for purpose in get_args(session.Purpose)]
_NUMBERS = itertools.count()
_IN_TURN: dict[str, Iterator[Any]] = {}
_MARK = "5e2b0d1c-mark"
_NOBODY = "00000000-0000-0000-0000-000000000000"


T = TypeVar("T")
Request = dict[str, Any]
Attack = tuple[str, Request]


class Hostile:
    """`found`: answers with a server error, or without a code."""

    def __init__(self, story: Story) -> None:
        self.story, self.app = story, story.app
        self.found: list[str] = []
        self.thrown = 0
        kept = self.app.extensions["clearwater"]
        self.app.extensions["clearwater"] = dataclasses.replace(kept, limits=Limits(per_second=1e9, burst=1e9))
        self._client = self.app.test_client()
        self._codes = kept.problems.problems

    def at_every_operation(self) -> None:
        for name, (method, path, operation) in self.story.operations.items():
            request = self.story.request(method, path, operation)
            request.pop("files", None)
            for what, changed in _attacks(request, path, operation):
                self._throw(f"{name} {what}", **changed)

    def at_every_page(self) -> None:
        """All routes outside the API: pages, sign-in, static files, health. A parameter that a view reads gets every value; one that
        only others read gets some, in turn, since what it reads may depend on what it was given.
        """
        bearer = {"Authorization": f"Bearer {self.story.bearer('desk')}"}
        read_by_any, read = _query_names(self.app.name), set[str]()
        self.app.request_class = _noting(self.app.request_class, read)
        for rule in self.app.url_map.iter_rules():
            if rule.endpoint in self.story.operations or "GET" not in (rule.methods or ()):
                continue
            base = {
                "method": "GET",
                "headers": bearer,
                "path": re.sub(r"<[^>]*>", "{part}", rule.rule),
            }
            read.clear()
            self._throw(f"{rule.rule} as it is", **base | {"path": re.sub(r"<[^>]*>", _NOBODY, rule.rule)})
            others = read_by_any - read if read or rule.arguments else ()
            for what, changed in _page_attacks(base, read=sorted(read), others=sorted(others)):
                self._throw(f"{rule.rule} {what}", **changed)

    def at_every_extreme(self, *, project: str, **choices: Iterable[str]) -> None:
        """Values that are well formed and at an end of their kind: in every cursor, and as every date of an address, with a project that
        exists. `choices`: of a parameter of pages, beside a date.
        """
        for name, (method, path, operation) in self.story.operations.items():
            names = {parameter["name"]: parameter["schema"] for parameter in operation["parameters"]}
            request = self.story.request(method, path, operation)
            if "cursor" in names:
                self._at_cursor(name, request)
            for parameter, schema in names.items():
                if schema.get("format") in ("date", "date-time") or "date" in str(schema.get("anyOf", "")):
                    self._at_dates(f"{name} {parameter}", request, [parameter], {})
        bearer = {"Authorization": f"Bearer {self.story.bearer('city')}", "Accept": "text/html"}
        pages = [
            {"method": "GET", "headers": bearer, "path": path}
            for path in self._pages(project)
            if not path.startswith("/static")
        ]
        read = set[str]()
        self.app.request_class = _noting(self.app.request_class, read)
        for page in pages:
            for other in ({}, *({name: value} for name, values in choices.items() for value in values)):
                known = {"project": project, **other}
                read.clear()
                self._throw(f"{page['path']} {known}", **page | {"query_string": urlencode(known)})
                if other.keys() <= read:
                    names = sorted({*read, *_AFTER_OTHERS} - {"language", "theme", *known})
                    self._at_dates(str(page["path"]), page, names, known)

    def _pages(self, project: str) -> list[str]:
        """With the project where a place in the path is an id, and a date where it is a text."""
        paths = [
            re.sub(r"<uuid:[^>]*>", project, rule.rule)
            for rule in self.app.url_map.iter_rules()
            if rule.endpoint not in self.story.operations and "GET" in (rule.methods or ())
        ]
        return sorted({re.sub(r"<[^>]*>", day, path) for path in paths for day in DATES})

    def _at_cursor(self, name: str, request: Request) -> None:
        kinds: list[tuple[Any, ...]] = []
        own = Page.after

        def noting(page: Page, *types: type) -> tuple[Any, ...] | None:
            kinds.append(types)
            return own(page, *types)

        with patch.object(Page, "after", noting):
            self._throw(f"{name} cursor of nothing", **request | {"query_string": f"cursor={_cursor([])}"})
        if not kinds:
            self.found.append(f"{name}: reads no cursor; let the story make what it lists")
        for place in (place for types in kinds for place in _extreme_places(types)):
            self._throw(f"{name} cursor {place}", **request | {"query_string": f"cursor={_cursor(place)}"})

    def _at_dates(self, what: str, request: Request, names: Sequence[str], others: dict[str, str]) -> None:
        for name, day in itertools.product(names, DATES):
            query = urlencode({**others, name: day})
            self._throw(f"{what}?{query}", **request | {"query_string": query})

    def _throw(self, what: str, **request: Any) -> None:
        self.thrown += 1
        with self._client.open(**request) as answer:
            if wrong := self._wrong(answer):
                self.found.append(f"{what}: {wrong}")

    def _wrong(self, answer: TestResponse) -> str:
        if answer.status_code < 400 or (answer.mimetype == "text/html" and answer.status_code < 500):
            return ""
        document = answer.json if answer.mimetype == "application/problem+json" else None
        code = document and document["code"]
        refused = answer.status_code < 500 and code in self._codes
        return "" if refused else f"{answer.status_code} {code} {answer.mimetype}"


def _extreme_places(types: Sequence[type]) -> Iterator[list[object]]:
    """Each value in its position, beside ordinary ones."""
    usual = [_EXTREMES[kind][0] if kind in (int, str, UUID) else _USUAL[kind] for kind in types]
    for position, kind in enumerate(types):
        for value in _EXTREMES[kind]:
            yield [*usual[:position], value, *usual[position + 1 :]]


def _cursor(place: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _attacks(request: Request, path: str, operation: dict[str, Any]) -> Iterator[Attack]:
    parameters = {parameter["name"]: parameter["in"] for parameter in operation["parameters"]}
    for part in (name for name, where in parameters.items() if where == "path"):
        yield from _at_path(request, _only(part, path), part)
    yield from _at_query(request, [*(name for name, where in parameters.items() if where == "query"), "stray"])
    for name in (name for name, where in parameters.items() if where == "header"):
        yield from _at_header(request, name, HEADERS)
    for name in _some("names", NAMES, 6):
        yield from _at_header(request, name, _some("headers", MORE_HEADERS))
    yield from _at_identity(request)
    if "json" in request:
        yield from _at_body(request)


def _only(part: str, path: str) -> str:
    """The path with this parameter alone."""
    return re.sub(r"{(\w+)}", lambda found: found[0] if found[1] == part else "x", path)


def _page_attacks(request: Request, *, read: list[str], others: list[str]) -> Iterator[Attack]:
    if "{" in request["path"]:
        yield from _at_path(request, request["path"], "part")
    yield from _at_query(request, [*read, "stray"])
    for name in others:
        for value in _some("other names", (*ADDRESSES, *MORE_ADDRESSES), 2):
            yield f"query {name}={value[:60]}", request | {"query_string": f"{name}={value}"}
    for name in _some("names", NAMES, 12):
        yield from _at_header(request, name, _some("page headers", (*HEADERS, *MORE_HEADERS)))
    yield from _at_identity(request)


def _at_path(request: Request, path: str, part: str) -> Iterator[Attack]:
    for value in (*ADDRESSES, *_some("path", MORE_ADDRESSES)):
        raw = path.replace(f"{{{part}}}", value)
        yield f"path {part}={value[:40]}", request | {"path": raw, "environ_overrides": {"PATH_INFO": _raw(raw)}}


def _at_query(request: Request, names: list[str]) -> Iterator[Attack]:
    for name in names:
        more = CURSORS if name == "cursor" else _some("query", MORE_ADDRESSES)
        for value in (*ADDRESSES, *more):
            yield f"query {name}={value[:60]}", request | {"query_string": f"{name}={value}"}
    yield "query of raw bytes", request | {"query_string": "", "environ_overrides": {"QUERY_STRING": "a=\xff\xe9&\0"}}


def _at_header(request: Request, name: str, values: Iterable[str]) -> Iterator[Attack]:
    key = name.upper().replace("-", "_")
    for value in values:
        overrides = {key if name == "Content-Type" else f"HTTP_{key}": value}
        yield f"header {name}: {value[:40]!r}", request | {"environ_overrides": overrides}


def _at_identity(request: Request) -> Iterator[Attack]:
    for value in _some("tokens", TOKENS):
        yield f"bearer {value[:40]!r}", request | {"environ_overrides": {"HTTP_AUTHORIZATION": f"Bearer {value}"}}
        for cookie in _some("cookies", _COOKIES):
            for written in (f"{cookie}={value}", f'{cookie}="\\000{value}"'):
                unsigned = {"HTTP_COOKIE": written, "HTTP_AUTHORIZATION": ""}
                yield f"cookie {written[:60]!r}", request | {"environ_overrides": unsigned}


def _at_body(request: Request) -> Iterator[Attack]:
    body = request["json"]
    plain = {name: value for name, value in request.items() if name != "json"} | {"content_type": "application/json"}
    for raw in _some("bodies", BODIES, 6):
        yield f"body {raw[:40]!r}", plain | {"data": raw}
    for place in (*_places(body), ("stray",)):
        marked = json.dumps(_with(body, place, _MARK))
        for value in (*VALUES, *_some("values", MORE_VALUES)):
            data = marked.replace(f'"{_MARK}"', value).encode()
            headers = plain["headers"] | {"Idempotency-Key": str(next(_NUMBERS))}
            yield f"body {place} {value[:40]}", plain | {"data": data, "headers": headers}


def _some(kind: str, values: Sequence[T], count: int = 1) -> list[T]:
    """The next of them, in turn."""
    turn = _IN_TURN.setdefault(kind, itertools.cycle(values))
    return [next(turn) for _ in range(count)]


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inside:
        yield (*place, name)
        yield from _places(item, (*place, name))


def _with(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    changed = dict(body) if isinstance(body, dict) else list(body)
    inside = body[place[0]] if isinstance(body, list) else body.get(place[0])
    changed[place[0]] = _with(inside, place[1:], value)
    return changed


def _raw(quoted: str) -> str:
    """As a server puts it into the environment."""
    return re.sub("%([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), quoted)


def _noting(request: type[FlaskRequest], read: set[str]) -> type[FlaskRequest]:
    """Requests that note in `read` the name of each parameter that a view asks for."""

    class Parameters(ImmutableMultiDict[str, str]):
        def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
            read.add(key)
            return super().get(key, *args, **kwargs)

        def __getitem__(self, key: str) -> str:
            read.add(key)
            return super().__getitem__(key)

        def __contains__(self, key: object) -> bool:
            read.add(str(key))
            return super().__contains__(key)

    return type("Noting", (request,), {"parameter_storage_class": Parameters})


def _query_names(service: str) -> set[str]:
    """The names of all query parameters that pages read, from their source."""
    sources = [*(ROOT / "services" / service / "web").glob("*.py"), *(ROOT / "shared").glob("*/*.py")]
    text = "".join(file.read_text(encoding="utf-8") for file in sources)
    named = re.findall(r'(?:args\.get\(|args\[|id_of\()\s*"(\w+)"', text) + re.findall(r'"(\w+)" in request.args', text)
    for several in re.findall(r"for name in \(([^)]*)\)", text) + re.findall(r"_FIELDS\S* = \(([^)]*)\)", text):
        named += re.findall(r'"(\w+)"', several)
    return {*named, "language", "theme"}
