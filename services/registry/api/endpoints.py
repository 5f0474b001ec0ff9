"""/api/v1/districts/{district}/endpoints, …/{endpoint_id}, its /secrets and /removal; …/grants: for the agency's own engineer.

A client of an agency has no district of its own, so the path names it. What a client may do is asked of the agency that it acts for
there; a district without it and one that does not exist answer the same.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from flask import Blueprint

from services.registry.api.bodies import (
    ApprovalBody,
    ChangeEndpointBody,
    EndpointBody,
    RegisterEndpointBody,
    RotateBody,
)
from services.registry.commands.keep_endpoints import (
    ChangeEndpoint,
    RegisterEndpoint,
    RemoveEndpoint,
    RotateSecret,
    Wanted,
    change_endpoint,
    register_endpoint,
    remove_endpoint,
    rotate_secret,
)
from services.registry.domain.endpoint import Endpoint
from services.registry.queries import agencies
from services.registry.queries import endpoints as reads
from services.registry.queries.agencies import OwnGrant
from services.registry.queries.endpoints import EndpointState, Secrets
from services.registry.store import endpoints as held
from shared.events import topics
from shared.refusal import Refused
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.database import Transaction
from shared.service.http import Page, Paged
from shared.service.idempotency import once

endpoints = Blueprint("endpoints", __name__, url_prefix="/api/v1/districts/<district>/endpoints")
own_grants = Blueprint("own_grants", __name__, url_prefix="/api/v1/districts/<district>")
_AGENCY = ("agency",)


@http.route(
    endpoints,
    "POST",
    "",
    roles=_AGENCY,
    answers=EndpointState,
    problems=("not-found", "grant-missing", "endpoint-type-not-granted", "endpoints-too-many"),
)
def add_endpoint(district: str, body: RegisterEndpointBody) -> http.Answer:
    """Events are sent there after it has answered the handshake. Its secret is at …/secrets."""
    at = context().clock.now()
    command = RegisterEndpoint(_wanted(body), body.start, client_id=identity.current().subject, at=at)
    with _within(district) as tx:
        return once(tx, lambda: _created(tx, register_endpoint(tx, context().resources, command)))


@http.route(endpoints, "GET", "", roles=_AGENCY, answers=Paged[EndpointState], problems=("not-found", "grant-missing"))
def list_endpoints(district: str, query: Page) -> http.Answer:
    """Also those that were removed."""
    (after,) = query.after(UUID) or (UUID(int=0),)
    with _within(district) as tx:
        agency = held.agency_of(tx, identity.current().subject)
        found = reads.page(tx, tx.district, agency, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.endpoint_id,), of=Paged[EndpointState])


@http.route(endpoints, "GET", "/<uuid:endpoint_id>", roles=_AGENCY, answers=EndpointState, problems=("grant-missing",))
def show_endpoint(district: str, endpoint_id: UUID) -> http.Answer:
    with _within(district) as tx:
        found = reads.one(tx, tx.district, held.agency_of(tx, identity.current().subject), endpoint_id)
    return http.ok(found, version=found.revision)


@http.route(
    endpoints,
    "PATCH",
    "/<uuid:endpoint_id>",
    roles=_AGENCY,
    answers=EndpointState,
    problems=("grant-missing", "endpoint-type-not-granted", "version-required", "version-superseded"),
)
def patch_endpoint(district: str, endpoint_id: UUID, body: ChangeEndpointBody) -> http.Answer:
    """Replaces what is known of the endpoint. Needs If-Match. Pausing it and taking types away need no grant."""
    command = ChangeEndpoint(
        endpoint_id,
        _wanted(body),
        active=body.active,
        expected=http.expected_version(),
        client_id=identity.current().subject,
        at=context().clock.now(),
    )
    with _within(district) as tx:

        def carry_out() -> http.Answer:
            changed = change_endpoint(tx, command)
            return http.ok(reads.one(tx, tx.district, changed.agency, endpoint_id), version=changed.revision)

        return once(tx, carry_out)


@http.route(
    endpoints, "GET", "/<uuid:endpoint_id>/secrets", roles=_AGENCY, answers=Secrets, problems=("grant-missing",)
)
def show_secrets(district: str, endpoint_id: UUID) -> http.Answer:
    """The secrets that sign now. They are in no other answer, so none of them is stored with an answer."""
    with _within(district) as tx:
        agency = held.agency_of(tx, identity.current().subject)
        found = reads.secrets(tx, context().resources, agency=agency, endpoint_id=endpoint_id, at=context().clock.now())
    return http.ok(found)


@http.route(
    endpoints,
    "POST",
    "/<uuid:endpoint_id>/secrets",
    roles=_AGENCY,
    answers=EndpointState,
    problems=("grant-missing",),
)
def rotate(district: str, endpoint_id: UUID, body: RotateBody) -> http.Answer:
    """A new secret. For the overlap each delivery carries two signatures."""
    overlap, at = timedelta(hours=body.overlap_hours), context().clock.now()
    command = RotateSecret(endpoint_id, overlap, client_id=identity.current().subject, at=at)
    with _within(district) as tx:
        return once(tx, lambda: _created(tx, rotate_secret(tx, context().resources, command)))


@http.route(
    endpoints,
    "POST",
    "/<uuid:endpoint_id>/removal",
    roles=_AGENCY,
    answers=EndpointState,
    problems=("grant-missing",),
)
def remove(district: str, endpoint_id: UUID, body: ApprovalBody) -> http.Answer:  # noqa: ARG001 - declared, so that unknown fields are refused
    """Nothing more is sent to it, and it cannot be switched on again."""
    command = RemoveEndpoint(endpoint_id, client_id=identity.current().subject, at=context().clock.now())
    with _within(district) as tx:
        return once(tx, lambda: _created(tx, remove_endpoint(tx, command)))


@http.route(
    own_grants, "GET", "/grants", roles=_AGENCY, answers=Paged[OwnGrant], problems=("not-found", "grant-missing")
)
def list_own_grants(district: str, query: Page) -> http.Answer:
    """What this agency was given in this district and why; also what was only proposed, and what was revoked."""
    (after,) = query.after(UUID) or (UUID(int=0),)
    with _within(district) as tx:
        agency = held.agency_of(tx, identity.current().subject)
        found = agencies.own_grants(tx, tx.district, agency, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.grant_id,), of=Paged[OwnGrant])


@contextmanager
def _within(district: str) -> Iterator[Transaction]:
    """Refused grant-missing for a client that acts for nobody there: before a claim, so that a foreigner stores nothing."""
    if not re.fullmatch(topics.DISTRICT, district):
        raise Refused("grant-missing")
    with database.begin(context().engine, district=district) as tx:
        held.agency_of(tx, identity.current().subject)
        yield tx


def _wanted(body: EndpointBody) -> Wanted:
    return Wanted(body.url, body.event_types, body.ordering)


def _created(tx: Transaction, endpoint: Endpoint) -> http.Answer:
    found = reads.one(tx, tx.district, endpoint.agency, endpoint.endpoint_id)
    return http.created(found, version=found.revision)
