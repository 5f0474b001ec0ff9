"""Lets an agency in by one act: a user on the bus for what its grants in force allow, and a new secret for each of its clients.

Invariant: the registry's grants decide. An agency without a grant in force is withdrawn: its user on the bus is locked, and its clients'
tokens open nothing, since every request asks for the grants.
"""

import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from deploy.local import admin, agencies, granting
from deploy.local.agencies import Given
from deploy.local.place import CannotStart, Place

Grant = Mapping[str, Any]
_PAGE = 200
# By which curl, Python, Go and Node know an authority that the machine does not.
_AUTHORITY_OF_HTTPS = ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")


class Admitting(Protocol):
    """What lets an agency in or out in one kind of installation. Each raises CannotStart."""

    @property
    def bus(self) -> str:
        """The broker's address for programs of others."""

    @property
    def bus_ca_file(self) -> str: ...

    def secrets_of(self, clients: Sequence[str]) -> dict[str, str]:
        """A new secret for each, in place of the old one."""

    def admit(self, agency: str, awaited: Sequence[str]) -> str:
        """The new password of its user on the bus, which may read what the grants on the bus give. `awaited`: as the registry says."""

    def withdraw(self, agency: str) -> None: ...


@dataclass(frozen=True)
class OnThisMachine:
    """The local platform."""

    place: Place

    @property
    def bus(self) -> str:
        return self.place.kafka_bootstrap

    @property
    def bus_ca_file(self) -> str:
        return self.place.bus_ca_file

    def secrets_of(self, clients: Sequence[str]) -> dict[str, str]:
        from deploy.local import issuer  # noqa: PLC0415 - the issuer is a process of its own; only its list of clients is needed here

        return issuer.add_clients(self.place.local_dir, clients)

    def admit(self, agency: str, awaited: Sequence[str]) -> str:
        return granting.admit(admin.as_admin(self.place), agency, awaited)[0]

    def withdraw(self, agency: str) -> None:
        agencies.withdraw(admin.as_admin(self.place), agency)


def admit(place: Place, agency: str, by: Admitting | None = None) -> dict[str, str]:
    """Variables for the shell of the agency's engineer (docs/how-to/subscribe.md); empty: it has no grant in force and is let out. Secrets
    are shown here and never again. Raises CannotStart, also for an agency that no district knows.
    """
    how = by or OnThisMachine(place)
    with _registry(place) as registry:
        known = [found for found in _every(registry, "/agencies") if found["agency"] == agency]
        grants = [found for found in _every(registry, "/grants") if found["agency"] == agency]
    if not known:
        raise CannotStart(f"No district knows the agency {agency}: register it at the registry first.")
    now = datetime.now(UTC)
    types = in_force(grants, now=now)
    if not types:
        how.withdraw(agency)
        return {}
    names = sorted(agencies.topics_of(_approved(grants), now=now)[""])
    # First: it may have to wait in vain, and the clients' old secrets must then hold on.
    password = how.admit(agency, names)
    secrets = how.secrets_of(sorted({client for found in known for client in found["clients"]}))
    root = str(place.front_authority) if place.tls and place.front_authority.exists() else ""
    return {
        "CLEARWATER_URL": place.front_url,
        **dict.fromkeys(_AUTHORITY_OF_HTTPS if root else (), root),
        "CLEARWATER_TOKEN_URL": f"{place.url('issuer')}/token",
        "CLEARWATER_CLIENT": " ".join(secrets),
        "CLEARWATER_SECRET": " ".join(secrets.values()),
        "CLEARWATER_DISTRICT": " ".join(sorted(types)),
        "KAFKA_BOOTSTRAP": how.bus,
        "KAFKA_SECURITY": "SASL_SSL" if how.bus_ca_file else "SASL_PLAINTEXT",
        "KAFKA_CA_FILE": how.bus_ca_file,
        "KAFKA_USER": agencies.user_of(agency),
        "KAFKA_PASSWORD": password,
        "KAFKA_TOPICS": ",".join(names),
    }


def show(agency: str, variables: Mapping[str, str]) -> None:
    """On standard output what a shell reads; that there is nothing, on standard error."""
    sys.stdout.write(as_shell(variables))
    if not variables:
        print(f"{agency} has no grant in force: its user on the bus is withdrawn.", file=sys.stderr)


def as_shell(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


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
