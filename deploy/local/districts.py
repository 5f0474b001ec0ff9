"""A new district in the running system: its topics, then its entry in the registry, which publishes it as an event."""

from uuid import uuid4

import httpx

from deploy.local import admin, topics
from deploy.local.place import CannotStart, Place


def add(place: Place, district: str, *, name: str = "") -> list[str]:
    """What was done, line by line. A second run only makes the missing topics. Raises CannotStart.

    In containers the step `topics` makes them: this machine has no rights of the broker's admin there.
    """
    made = topics.create(admin.as_admin(place), district) if place.path("kafka").exists() else []
    return [f"{len(made)} topics made", register(place, district, name=name)]


def register(place: Place, district: str, *, name: str = "") -> str:
    """Says whether it was open already. Raises CannotStart with the registry's own words for any other refusal."""
    from deploy.local.issuer import mint  # noqa: PLC0415 - as in __main__.py

    token = mint(place.local_dir, role="city", districts=["*"], name="make district")
    try:
        answer = httpx.post(
            place.url("registry-api") + "/api/v1/districts",
            json={"district": district, "name": name or f"District {district}"},
            headers={
                "Authorization": f"Bearer {token}",
                "Clearwater-District": district,
                "Idempotency-Key": uuid4().hex,
            },
            timeout=30,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise CannotStart(f"The registry does not answer ({error}): run `make up` first.") from error
    if answer.status_code == httpx.codes.CONFLICT and answer.json()["code"] == "district-open":
        return f"district {district} was registered before"
    if answer.is_error:
        raise CannotStart(f"The registry refuses district {district}: {answer.status_code} {answer.text.strip()}")
    return f"district {district} registered"
