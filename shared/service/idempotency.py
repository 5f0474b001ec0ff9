"""The same request twice has one effect and one answer.

Invariant: claim, effect and answer commit together or not at all. The same request in another transaction waits on the
claim's unique index and then gets the stored bytes; after a rollback it does the work itself. Only successes are stored, for the
project's life: a refusal is raised, and takes the claim with it.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from flask import Response, g, request, url_for
from sqlalchemy import text

from shared.refusal import Refused
from shared.service import http, identity, row_security
from shared.service.database import Transaction
from shared.telemetry import metrics

_KEPT = ("Content-Type", "ETag", "Location")
# Under read committed the insert waits until the same request in another transaction commits or rolls back. The select
# after it sees what that transaction committed.
_CLAIM = text("""
    insert into idempotent_answers (district, subject, route, key, digest)
    values (:district, :subject, :route, :key, :digest)
    on conflict (district, subject, route, key) do nothing
""")
_STORED = text("""
    select digest, status, headers, body from idempotent_answers
    where district = :district and subject = :subject and route = :route and key = :key
""")
_STORE = text("""
    update idempotent_answers set status = :status, headers = cast(:headers as jsonb), body = :body
    where district = :district and subject = :subject and route = :route and key = :key
""")


def schema(service: str) -> list[str]:
    return [
        """create table idempotent_answers (
            district text not null, subject text not null, route text not null, key text not null,
            digest bytea not null, status int, headers jsonb, body bytea, answered_at timestamptz not null default
            now(), primary key (district, subject, route, key))""",
        *row_security.protect("idempotent_answers", service=service),
    ]


def once(tx: Transaction, carry_out: Callable[[], Response]) -> Response:
    """Call it first in the transaction: every transaction locks its claim before anything else.

    Refused idempotency-key-reused (422). http.route has refused a request without a key, before anything was read.
    """
    g.idempotent = True
    claim = {
        "district": tx.district,
        "subject": identity.current().subject,
        # By the route's own rule: an id in capital letters names the same thing.
        "route": f"{request.method} {url_for(str(request.endpoint), **request.view_args or {})}",
        "key": request.headers["Idempotency-Key"].strip(),
    }
    digests = _digests()
    if not tx.write(_CLAIM, {**claim, "digest": digests[0]}):
        return _replayed(tx, claim, digests)
    answer = carry_out()
    headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
    stored = {"status": answer.status_code, "headers": json.dumps(headers), "body": answer.get_data()}
    tx.write(_STORE, {**claim, **stored})
    return answer


def _replayed(tx: Transaction, claim: dict[str, str], digests: Sequence[bytes]) -> Response:
    stored = tx.connection.execute(_STORED, claim).one()
    if bytes(stored.digest) not in digests:
        raise Refused("idempotency-key-reused")
    metrics.REPLAYED.labels(route=str(request.url_rule)).inc()
    answer = Response(bytes(stored.body), stored.status, headers=stored.headers)
    answer.headers["Replayed"] = "true"
    return answer


def _digests() -> Sequence[bytes]:
    """The digests of this request: the first is stored, the others are those that an earlier release stored."""
    query = request.query_string + b"\0"
    if request.mimetype == "multipart/form-data":
        return (hashlib.sha256(query + _parts()).digest(),)
    by_bytes = hashlib.sha256(query + request.get_data()).digest()  # as 0.1.0 stored it
    body = http.given_body()
    if request.method == "PATCH":  # an edit of another version is another edit
        edited = f"{http.given_version()}\0".encode() + query + (body.canonical(as_given=True) if body else b"")
        return (hashlib.sha256(b"edit\0" + edited).digest(),)
    if body is None:
        return (by_bytes,)
    return hashlib.sha256(b"canonical\0" + query + body.canonical()).digest(), by_bytes


def _parts() -> bytes:
    """The parts of an upload, as bytes to compare: its boundary changes with every attempt, its parts do not."""
    found = [f"{name}={value}\0".encode() for name, value in sorted(request.form.items(multi=True))]
    for name, file in sorted(request.files.items(multi=True), key=lambda part: part[0]):
        file.stream.seek(0)  # an earlier attempt has read it
        found.append(f"{name}\0".encode() + hashlib.file_digest(cast("Any", file.stream), "sha256").digest())
        file.stream.seek(0)
    return b"".join(found)
