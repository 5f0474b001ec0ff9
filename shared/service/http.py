"""The one way to declare a route of the API: what it takes, who may, what it answers, what it refuses.

    @http.route(signatures, "POST", "/agreements/<uuid:agreement_id>/signatures", roles=("desk",),
                answers=AgreementState, problems=("agreement-not-locked",))
    def add_signature(agreement_id: UUID, body: AddSignature) -> http.Answer:

A parameter `body` is read from the JSON body, `query` from the query string; both are `http.Body`s. openapi.py prints
the declarations. Invariant: unknown fields are refused by name, equal models give equal bytes, and a POST or PATCH that
changes something is carried out through idempotency.once. A view writes in one transaction: after a deadlock it is
called again, and nothing of the first call may have stayed.
"""

import base64
import functools
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast, get_type_hints

from flask import Blueprint, Response, g, request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError

from shared import as_written
from shared.refusal import Refused, Unknown
from shared.service import database, edge, identity
from shared.service.declared import Declared
from shared.service.faults import Fault
from shared.service.problems import Invalid
from shared.telemetry import log, metrics

Answer = Response
View = Callable[..., Answer]
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_ONCE = ("POST", "PATCH")  # sent again they would act again; a GET or a PUT would not
_CALLS, _LONGEST_KEY = 3, 200
_SHOWN_FAULTS = 100
_log = log.get(__name__)


class Body(BaseModel):
    """The body or query of a request. Unknown fields are refused and nothing is coerced: "5" is not 5."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, str_max_length=10_000, allow_inf_nan=False
    )

    def canonical(self, *, as_given: bool = False) -> bytes:
        """The same for requests that mean the same, however their JSON is written: the bytes that idempotency.once compares.

        Defaults are not in it, so a field that a later release adds leaves it as it is. Hence a POST may not tell a field
        that was left out from one that was given its default. A PATCH may: `as_given`, only what was left out is not in it.
        """
        fields = self.model_dump(exclude_unset=True) if as_given else self.model_dump(exclude_defaults=True)
        return json.dumps(fields, default=_canonical, sort_keys=True).encode()


class Page(Body):
    """The query of a list; subclass it for filters. `cursor` is what the page before gave as `next`."""

    limit: int = Field(default=50, ge=1, le=200, description="How many items at most.")
    cursor: str | None = Field(
        default=None, pattern="^[A-Za-z0-9_=-]{0,400}$", description="The `next` of the page before."
    )

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """The values given to `paged` as the last item's place, each of the given type; None on the first page."""
        if self.cursor is None:
            return None
        try:
            values = edge.read_json(base64.urlsafe_b64decode(self.cursor.encode() + b"=="))
            place: tuple[Any, ...] = tuple(
                TypeAdapter(kind).validate_python(value) for kind, value in zip(types, values, strict=True)
            )
            edge.refuse(edge.faults(place))
        except (ValueError, TypeError, Invalid) as failure:
            raise Refused("cursor-invalid") from failure
        return place


class Paged(BaseModel, Generic[T]):
    """One page of a list. `next` is null on the last one."""

    items: list[T]
    next: str | None = Field(default=None, examples=[None])


def route(  # noqa: PLR0913 - each is a line of the route's declaration
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    roles: Sequence[str],
    answers: Any = None,  # noqa: ANN401 - a model, or Paged[model]
    status: int = 0,
    problems: Sequence[str] = (),
    files: Sequence[str] = (),
    media: str = "application/json",
    changes: bool = True,
) -> Callable[[View], View]:
    """`roles`: any of them, or identity.EVERYBODY. `changes=False`: a POST that only computes, such as a dry run.

    `status` defaults to 201 for a POST that changes, else 200. `files`: the parts of a multipart upload, which the
    view takes from `request.files` itself. `media`: of an answer that is a file and no model.
    """

    def decorate(view: View) -> View:
        hints = get_type_hints(view)
        changing = changes and method in _ONCE
        declared = Declared(
            method=method,
            path=path,
            roles=tuple(roles),
            body=hints.get("body"),
            query=hints.get("query"),
            files=tuple(files),
            media=media,
            answers=answers,
            status=status or (201 if changing and method == "POST" else 200),
            problems=tuple(problems),
            changes=changing,
        )

        @functools.wraps(view)
        def carried_out(**path_values: Any) -> Answer:  # noqa: ANN401 - as the path's converters give them
            if declared.roles:
                identity.authorize(declared.roles)
            _bounded(path_values)
            if declared.changes and not 0 < len(request.headers.get("Idempotency-Key", "").strip()) <= _LONGEST_KEY:
                raise Refused("idempotency-key-missing")
            if declared.query:
                path_values["query"] = query(declared.query)
            if declared.body:
                path_values["body"] = body(declared.body)
            answer = _called(view, path_values)
            if declared.changes and "idempotent" not in g:
                raise RuntimeError(f"{request.url_rule} changes something without idempotency.once")
            return answer

        carried_out.declared = declared  # type: ignore[attr-defined]
        blueprint.add_url_rule(path, view_func=carried_out, methods=[method])
        return carried_out

    return decorate


def _called(view: View, values: dict[str, Any]) -> Answer:
    """The victim of a deadlock is called again. Its transaction, and the claim of its key, are rolled back. It lets the other
    transaction take what it has let go: at once it would take that first, and both would wait for each other again.
    The last failure becomes `try-again` (503).
    """
    for _ in range(_CALLS - 1):
        try:
            return view(**values)
        except DBAPIError as failure:
            if not database.transient(failure):
                raise
            metrics.RETRIED.labels(route=str(request.url_rule)).inc()
            _log.warning("carried out again", route=str(request.url_rule), sqlstate=database.sqlstate(failure))
            time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - not a secret
    return view(**values)


def _bounded(path_values: dict[str, Any]) -> None:
    """Refuses a longer name: none of ours is so long, and an index could not hold it."""
    if any(isinstance(value, str) and len(value) > edge.LONGEST_NAME for value in path_values.values()):
        raise Unknown


def body(model: type[M]) -> M:
    """The JSON body as `model`; Refused media-type-unsupported (415) or body-invalid (422) naming each place."""
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused("media-type-unsupported")
    try:
        given = edge.read_json(request.get_data())
        edge.refuse(edge.faults(given))
        g.body = model.model_validate_json(json.dumps(given), strict=True)  # from JSON, strictly: "5" is not 5, 5.0 is
    except ValidationError as failure:
        raise Invalid(_faults(failure)) from None
    except ValueError:
        raise Invalid([Fault((), "json-invalid")]) from None
    edge.refuse(_faults_as_read(given, g.body.model_dump()))
    return cast("M", g.body)


def given_body() -> Body | None:
    """The body that `body` has read in this request, if it was called."""
    return cast("Body | None", g.get("body"))


def query(model: type[M]) -> M:
    """The query string as `model`. Only a field that is a list takes repeated parameters."""
    lists = {name for name, field in model.model_fields.items() if "list" in str(field.annotation)}
    given = {name: values if name in lists else values[-1] for name, values in request.args.lists()}
    edge.refuse(
        Fault((name,), "duplicate-key") for name, values in request.args.lists() if values[1:] and name not in lists
    )
    try:
        found = model.model_validate(given)
    except ValidationError as failure:
        raise Invalid(_faults(failure)) from None
    edge.refuse(_faults_as_read(given, found.model_dump()))
    return found


def _faults_as_read(given: object, read: dict[str, Any]) -> Iterator[Fault]:
    yield from edge.faults(read)
    yield from (Fault(place, code) for place, code in as_written.places(given, read))


def ok(model: BaseModel, *, version: int | None = None) -> Answer:
    return _answer(model, 200, version)


def created(model: BaseModel, *, version: int | None = None, location: str | None = None) -> Answer:
    answer = _answer(model, 201, version)
    if location:
        answer.headers["Location"] = location
    return answer


def paged(items: Sequence[T], *, query: Page, place: Callable[[T], Sequence[object]], of: type[Paged[T]]) -> Answer:
    """One page. Read `query.limit + 1` items: the extra one tells that there are more. `place` is what the list is
    sorted by.
    """
    more, shown = len(items) > query.limit, list(items[: query.limit])
    return ok(of(items=shown, next=cursor(place(shown[-1])) if more else None))


def cursor(place: Sequence[object]) -> str:
    """What `Page.after` reads."""
    written = json.dumps([*place], default=str, separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def expected_version() -> int:
    """The version that an edit started from, from If-Match. The store checks it and refuses with version-superseded
    (412).
    """
    if (version := given_version()) is None:
        raise Refused("version-required")
    return version


def given_version() -> int | None:
    """The same, for an edit that may leave it out. The front door names the coding of what it has compressed: "7-gzip"."""
    if not (given := request.headers.get("If-Match", "").strip()):
        return None
    number = given.removeprefix("W/").strip('"').removesuffix("-gzip").removesuffix("-zstd")
    if (version := edge.whole_number(number)) is None:
        raise Refused("version-superseded")
    return version


def _answer(model: BaseModel, status: int, version: int | None) -> Answer:
    answer = Response(model.model_dump_json(), status, content_type="application/json")
    if version is not None:
        answer.headers["ETag"] = f'"{version}"'
    return answer


def _canonical(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return str(value.normalize())
    return str(value)


def _faults(failure: ValidationError) -> list[Fault]:
    found = failure.errors(include_url=False, include_context=False, include_input=False)
    return [Fault(fault["loc"], fault["type"].replace("_", "-"), fault["msg"]) for fault in found[:_SHOWN_FAULTS]]
