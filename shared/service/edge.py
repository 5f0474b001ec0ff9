"""What a request may contain. Values on which the database or int() would fail are refused before any view sees them.

Text is valid Unicode without the zero character; a number fits a bigint; an instant exists in every time zone; a
name occurs once in its object; a body arrives whole and is no larger than the route allows. Left to others: what a
route declares (http.py), what a token says (identity.py).
"""

import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, MINYEAR, datetime
from functools import cached_property
from itertools import islice
from typing import IO, Any, Final
from urllib.parse import parse_qsl

from flask import Request, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.sansio.http import parse_cookie

from shared.refusal import Refused
from shared.service.faults import Fault, Place
from shared.service.problems import Invalid

LONGEST_NAME: Final = 200  # of a text in a path: it is stored beside others in an index, whose rows have a bound
_LARGEST: Final = 2**63 - 1
_NUMBER = re.compile(r"[0-9]{1,19}")
_DIGITS: Final = 20  # with the sign; int() itself refuses thousands
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_SHOWN_FAULTS: Final = 100


class Incoming(Request):
    """Flask's request, whose body is read by `Body` and whose cookies and query may be of any bytes."""

    @cached_property
    def stream(self) -> IO[bytes]:
        source = self.environ["wsgi.input"]
        if self.content_length is None and not self.environ.get("wsgi.input_terminated"):
            source = io.BytesIO()  # the request does not say where its body ends
        return io.BufferedReader(Body(source, declared=self.content_length, most=self.max_content_length))

    @cached_property
    def _parts(self) -> list[IO[bytes]]:
        return []

    def _get_file_stream(self, *args: Any, **named: Any) -> IO[bytes]:  # noqa: ANN401 - as werkzeug calls it
        self._parts.append(super()._get_file_stream(*args, **named))
        return self._parts[-1]

    def close(self) -> None:
        """Also closes the parts of an upload that broke off: the parser leaves them open."""
        super().close()
        for part in self._parts:
            part.close()

    @cached_property
    def args(self) -> Any:  # noqa: ANN401 - werkzeug's own types
        """Readable in any case, since the refusal of a malformed query (check_request) reads the language from it."""
        query = self.query_string.decode(errors="replace")
        return self.parameter_storage_class(parse_qsl(query, keep_blank_values=True, errors="replace"))

    @cached_property
    def cookies(self) -> Any:  # noqa: ANN401 - werkzeug's own types
        written = ";".join(self.headers.getlist("Cookie")).encode("latin-1").decode(errors="replace")
        return parse_cookie(written, cls=self.dict_storage_class)


class Body(io.RawIOBase):
    """Raises RequestEntityTooLarge beyond `most` bytes, ClientDisconnected where it ends early or is no chunked body."""

    def __init__(self, source: IO[bytes], *, declared: int | None, most: int | None) -> None:
        if most is not None and declared is not None and declared > most:
            raise RequestEntityTooLarge
        self._source, self._declared, self._most, self._read = source, declared, most, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        wanted = len(buffer) if self._declared is None else min(len(buffer), self._declared - self._read)
        data = self._next(wanted) if wanted else b""
        self._read += len(data)
        if self._most is not None and self._read > self._most:
            raise RequestEntityTooLarge
        buffer[: len(data)] = data
        return len(data)

    def _next(self, wanted: int) -> bytes:
        try:
            data = self._source.read(wanted)
        except Exception as failure:  # each server raises its own errors for a body that breaks off
            raise ClientDisconnected from failure
        if not data and self._declared is not None:
            raise ClientDisconnected
        return data


def check_request() -> None:
    """Refused request-malformed (400) for path, headers and cookies, Invalid (422) for the query, at each parameter."""
    path = request.environ.get("PATH_INFO", "").encode("latin-1").decode(errors="surrogateescape")
    headers = (value for _, value in request.headers)
    cookies = (text for pair in request.cookies.items(multi=True) for text in pair)
    if any(map(_UNWRITABLE.search, (path, *headers, *cookies))):
        raise Refused("request-malformed")
    query = request.query_string.decode(errors="surrogateescape")
    refuse(
        found
        for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        for found in faults({name: value})
    )


def whole_number(text: str) -> int | None:
    """The integer, if `text` is digits and fits a bigint; None otherwise."""
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= _LARGEST else None


def read_json(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """ValueError when it is no JSON in UTF-8. An object keeps its pairs, so that `faults` sees a name that comes twice."""
    try:
        return json.loads(data.decode(), object_pairs_hook=_Object, parse_int=_parse_int, parse_float=_parse_float)
    except RecursionError as failure:
        raise ValueError("nested too deeply") from failure


def refuse(found: Iterable[Fault]) -> None:
    """Raises Invalid with the first faults, if there are any."""
    if shown := list(islice(found, _SHOWN_FAULTS)):
        raise Invalid(shown)


def faults(value: object, place: Place = ()) -> Iterator[Fault]:
    """The faults of a value from JSON or pydantic, and of everything inside it."""
    match value:
        case bool() | None:
            return
        case str():
            yield from (Fault(place, code) for code in _of_text(value))
        case int() if not -_LARGEST <= value <= _LARGEST:
            yield Fault(place, "number-out-of-range")
        case float() if not math.isfinite(value):
            yield Fault(place, "number-out-of-range")
        case datetime() if not MINYEAR < value.year < MAXYEAR:
            yield Fault(place, "instant-out-of-range")
        case dict():
            yield from _of_object(value, place)
        case list() | tuple() | set() | frozenset():
            for number, item in enumerate(value):
                yield from faults(item, (*place, number))


class _Object(dict[str, Any]):
    """A JSON object, and its pairs as they were written."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _of_object(value: dict[str, Any], place: Place) -> Iterator[Fault]:
    known: set[str] = set()
    for name, item in value.pairs if isinstance(value, _Object) else value.items():
        item_place = (*place, _UNWRITABLE.sub("�", name))
        if name in known:
            yield Fault(item_place, "duplicate-key")
        known.add(name)
        yield from (Fault(item_place, code) for code in _of_text(name))
        yield from faults(item, item_place)


def _of_text(text: str) -> Iterator[str]:
    if found := _UNWRITABLE.search(text):
        yield "zero-character" if found[0] == "\0" else "not-unicode"


def _parse_int(text: str) -> float:
    return int(text) if len(text) <= _DIGITS else math.inf


def _parse_float(text: str) -> float:
    """JSON Schema counts 1.0 among the integers, and some clients write every number so. Up to 2⁵³ it stands for one integer."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= 2**53 else number
