"""Refusals as RFC 9457 documents: what did not happen, why, what to do next, in the reader's language.

Every code stands in a catalogue: problems.toml here and one per service. A code that is declared by a route but not
in it, or an incomplete entry, stops the start. Invariant: an unexpected failure tells the reader its correlation id
and nothing else.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from flask import Flask, Response, render_template, request
from markupsafe import escape
from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json, to_jsonable_python
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from shared.refusal import Refused
from shared.service import database, declared
from shared.service.faults import Fault
from shared.telemetry import log, tracing
from shared.web.shell import language as chosen_language

MEDIA_TYPE = "application/problem+json"
_OWN = Path(__file__).with_name("problems.toml")
_BY_STATUS = {
    400: "request-malformed",
    403: "role-missing",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "media-type-unsupported",
    429: "too-many-requests",
}
_log = log.get(__name__)


Kind = Literal["string", "integer", "uuid", "date-time", "date", "string[]", "integer{}", "object{}", "fault[]"]
_KINDS: Mapping[Kind, TypeAdapter[Any]] = {
    "string": TypeAdapter(str),
    "integer": TypeAdapter(int),
    "uuid": TypeAdapter(UUID),
    "date-time": TypeAdapter(AwareDatetime),
    "date": TypeAdapter(date),
    "string[]": TypeAdapter(list[str]),
    "integer{}": TypeAdapter(dict[str, int]),
    "object{}": TypeAdapter(dict[str, dict[str, Any]]),
    "fault[]": TypeAdapter(list[dict[Literal["field", "code"], str]]),
}


class Problem(BaseModel):
    """One entry of a catalogue. `next` says what to do now; where a translation is missing the Chinese one stands.

    `facts`: what the refusal tells beside its sentence, by name. `routes` is false for what only a reaction, a worker
    or a page says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    status: int
    zh: str
    zh_hant: str
    en: str
    next: str
    next_zh_hant: str = ""
    next_en: str = ""
    facts: dict[str, Kind] = {}
    routes: bool = True

    def in_language(self, language: str) -> tuple[str, str]:
        title = {"en": self.en, "zh-Hant": self.zh_hant}.get(language, self.zh)
        return title, {"en": self.next_en, "zh-Hant": self.next_zh_hant}.get(language, "") or self.next


class Invalid(Refused):
    """A request that does not fit its declaration; `errors` name each place."""

    def __init__(self, errors: Sequence[Fault]) -> None:
        super().__init__("body-invalid")
        self.errors = errors


@cache
def _read(file: Path) -> Mapping[str, Problem]:
    entries = tomllib.loads(file.read_text(encoding="utf-8"))
    return {code: Problem.model_validate(entry) for code, entry in entries.items()}


class Catalogue:
    def __init__(self, *files: Path) -> None:
        self.problems: dict[str, Problem] = {}
        for file in (_OWN, *files):
            self.problems |= _read(file)

    def check(self, codes: Sequence[str]) -> None:
        if missing := sorted(set(codes) - set(self.problems)):
            raise LookupError(f"problem codes declared by routes but in no problems.toml: {', '.join(missing)}")

    def answer(self, refusal: Refused) -> Response:
        if (problem := self.problems.get(refusal.code)) is None:
            _log.error("refused with a code that no catalogue has", code=refusal.code)
            return self.answer(Refused("internal-error"))
        _hold_to_declaration(refusal, problem)
        title, advice = problem.in_language(language())
        document: dict[str, Any] = {
            "type": f"urn:clearwater:problem:{refusal.code}",
            "title": title,
            "status": problem.status,
            "code": refusal.code,
            "next": advice,
            "correlation_id": tracing.correlation_id(),
            "trace_id": tracing.trace_id(),
        }
        if facts := {name: value for name, value in refusal.facts.items() if value is not None}:
            document["facts"] = to_jsonable_python(facts)
        if isinstance(refusal, Invalid):
            document["errors"] = [fault.in_language(language()) for fault in refusal.errors]
        if wants_page():
            return Response(_page(document), problem.status, content_type="text/html; charset=utf-8")
        text = json.dumps(document, ensure_ascii=False)
        return Response(text, problem.status, content_type=MEDIA_TYPE)


def _hold_to_declaration(refusal: Refused, problem: Problem) -> None:
    """Logs an error when the route or the catalogue does not declare the refusal. The reader is answered anyway."""
    route = declared.current()
    if route and refusal.code not in route.codes:
        _log.error(
            "refused with a code that its route does not declare", code=refusal.code, route=str(request.url_rule)
        )
    if stray := sorted(refusal.facts.keys() - problem.facts.keys()):
        _log.error("refused with facts that its catalogue does not name", code=refusal.code, facts=stray)
    for name in sorted(refusal.facts.keys() & problem.facts.keys()):
        if not _is(problem.facts[name], refusal.facts[name]):
            _log.error("refused with a fact of another kind", code=refusal.code, facts=name)


def _is(kind: Kind, value: object) -> bool:
    try:
        _KINDS[kind].validate_json(to_json(value), strict=True)
    except ValidationError:
        return value is None
    return True


def language() -> str:
    """On a page the one that was chosen there. To a program: Chinese unless it prefers zh-Hant (also zh-HK, zh-TW) or en."""
    if wants_page():
        return chosen_language()
    for wanted, _ in request.accept_languages:
        lower = wanted.lower()
        if lower.startswith(("zh-hant", "zh-hk", "zh-tw", "zh-mo")):
            return "zh-Hant"
        if lower.startswith(("zh", "en")):
            return "en" if lower.startswith("en") else "zh"
    return "zh"


def wants_page() -> bool:
    """True for a person's browser on a page, false for a program and for everything under /api."""
    accepted = request.accept_mimetypes
    return not request.path.startswith("/api/") and accepted["text/html"] > accepted["application/json"]


def handle(app: Flask, catalogue: Catalogue) -> None:
    @app.errorhandler(Refused)
    def refused(refusal: Refused) -> Response:
        answer = catalogue.answer(refusal)
        if "retry_after_seconds" in refusal.facts:
            answer.headers["Retry-After"] = str(refusal.facts["retry_after_seconds"])
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @app.errorhandler(HTTPException)
    def http_exception(exception: HTTPException) -> Response:
        if exception.response is not None:
            return exception.response  # type: ignore[return-value]  # a redirect made by werkzeug
        if exception.code is not None and exception.code < HTTPStatus.BAD_REQUEST:
            return exception.get_response()  # type: ignore[return-value]  # 308 to the rule's own spelling
        answer = catalogue.answer(Refused(_BY_STATUS.get(exception.code or 500, "request-malformed")))
        if isinstance(exception, MethodNotAllowed):
            answer.allow.update(exception.valid_methods or ())
        return answer

    @app.errorhandler(Exception)
    def failed(failure: Exception) -> Response:
        if isinstance(failure, OperationalError) or database.outage(failure):
            _log.warning("database unavailable", transient=database.transient(failure), exc_info=failure)
            return refused(Refused("try-again", retry_after_seconds=1))
        _log.error("request failed", exc_info=failure)
        return catalogue.answer(Refused("internal-error"))


def _page(document: Mapping[str, Any]) -> str:
    """The refusal as a page with the common header. If the header cannot be drawn, the reader still gets the refusal."""
    try:
        return render_template("problem.html", document=document)
    except Exception:  # noqa: BLE001 - whatever failed, the reader must get the refusal
        _log.exception("the page of a refusal cannot be drawn", code=document["code"])
    title, advice, number = (escape(document[name]) for name in ("title", "next", "correlation_id"))
    return f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{advice}</p><p><small>{number}</small></p>"
