"""Lets an agency in by one act: a user on the bus for what its grants in force allow, and a new secret for each of its clients.

Invariant: the registry's grants decide. An agency without a grant in force is let out: it has no user on the bus, and its clients' tokens
open nothing, since every request asks for the grants.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from deploy.local import admin, agencies
from deploy.local.agencies import Given
from deploy.local.place import CannotStart, Place

Grant = Mapping[str, Any]
_PAGE = 200


def admit(place: Place, agency: str) -> dict[str, str]:
    """Variables for the shell of the agency's engineer (docs/how-to/subscribe.md); empty: it has no grant in force and is let out. Secrets
    are shown here and never again. Raises CannotStart, also for an agency that no district knows.
    """
    from deploy.local import issuer  # noqa: PLC0415 - the issuer is a process of its own; only its list of clients is needed here

    with _registry(place) as registry:
        known = [found for found in _every(registry, "/agencies") if found["agency"] == agency]
        grants = [found for found in _every(registry, "/grants") if found["agency"] == agency]
    if not known:
        raise CannotStart(f"No district knows the agency {agency}: register it at the registry first.")
    now = datetime.now(UTC)
    types = in_force(grants, now=now)
    connection = admin.as_admin(place)
    if not types:
        agencies.withdraw(connection, agency)
        return {}
    names = sorted(agencies.topics_of(_approved(grants), now=now)[""])
    persons = {person.hint for person in issuer.PEOPLE}  # they sign in themselves and get no secret
    clients = sorted({client for found in known for client in found["clients"]} - persons)
    secrets = {client: issuer.add_client(place.local_dir, client) for client in clients}
    return {
        "CLEARWATER_URL": place.front_url,
        "CLEARWATER_TOKEN_URL": f"{place.url('issuer')}/token",
        "CLEARWATER_CLIENT": " ".join(secrets),
        "CLEARWATER_SECRET": " ".join(secrets.values()),
        "CLEARWATER_DISTRICT": " ".join(sorted(types)),
        "KAFKA_BOOTSTRAP": place.kafka_bootstrap,
        "KAFKA_SECURITY": "SASL_SSL" if place.bus_ca_file else "SASL_PLAINTEXT",
        "KAFKA_CA_FILE": place.bus_ca_file,
        "KAFKA_USER": agencies.user_of(agency),
        "KAFKA_PASSWORD": agencies.admit(connection, agency, names),
        "KAFKA_TOPICS": ",".join(names),
    }


def in_force(grants: Iterable[Grant], *, now: datetime) -> dict[str, frozenset[str]]:
    """By district, the types that one agency's approved grants give now."""
    return agencies.in_force(_approved(grants), now=now).get("", {})


def _approved(grants: Iterable[Grant]) -> list[Given]:
    """As of one agency without a name."""
    return [
        Given("", grant["district"], grant["audiences"], grant["event_types"], *map(datetime.fromisoformat, period))
        for grant in grants
        if grant["state"] == "approved"
        for period in [(grant["starts_at"], grant["ends_at"])]
    ]


def _registry(place: Place) -> httpx.Client:
    from deploy.local.issuer import mint  # noqa: PLC0415 - as above

    token = mint(place.local_dir, role="city", districts=["*"], name="make agency")
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{place.url('registry-api')}/api/v1", headers=headers, timeout=30, trust_env=False)


def _every(registry: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    """All items of a list, page by page."""
    query: dict[str, str | int] = {"limit": _PAGE}
    while True:
        try:
            page = registry.get(path, params=query).raise_for_status().json()
        except httpx.HTTPError as error:
            raise CannotStart(f"The registry does not answer ({error}): run `make up` first.") from error
        yield from page["items"]
        if page["next"] is None:
            return
        query["cursor"] = page["next"]
