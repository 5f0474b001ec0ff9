"""/agency/<act>: what an engineer does with an endpoint: the checks beforehand, what follows, what can no longer change.

The act itself is the request of the registry's or of reporting's API (decision 31). Its trace stands on /agency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from flask import Blueprint, render_template

from services.reporting.web import agency_frame
from services.reporting.web.agency_frame import Subscribed
from shared.refusal import Unknown
from shared.service import identity
from shared.web import figures
from shared.web.shell import text


@dataclass(frozen=True)
class Act:
    """`path`: below the endpoint in the API of `service`. `follows`, `unchanged`: how many texts there are of each."""

    service: str
    path: str
    follows: int
    unchanged: int = 0
    method: str = "POST"


ACTS: Final[Mapping[str, Act]] = {
    "change": Act("registry", "", 3, method="PATCH"),
    "pause": Act("registry", "", 3, method="PATCH"),
    "resume": Act("registry", "", 2, method="PATCH"),
    "switch-on": Act("reporting", "/switch-on", 3),
    "replay": Act("reporting", "/replays", 3, 1),
    "rotate": Act("registry", "/secrets", 3, 1),
    "remove": Act("registry", "/removal", 2, 2),
}


_STOPPING: Final = frozenset({"pause", "remove"})  # they need no grant


class Check(NamedTuple):
    """`state`: ok, note or wrong. `name`: in the texts."""

    state: str
    name: str
    found: str


def add_to(agency: Blueprint) -> None:
    agency.add_url_rule("/agency/<act>", "act", identity.requires(identity.AGENCY)(act_page))


def act_page(act: str) -> str:
    """Raises Unknown for an act that does not exist."""
    if act not in ACTS:
        raise Unknown
    with agency_frame.subscribed() as mine:
        return drawn(act, mine, checks(act, mine))


def drawn(act: str, mine: Subscribed, found: Sequence[Check], **facts: Any) -> str:  # noqa: ANN401 - as the template names them
    return render_template(
        "agency-act.html",
        name=act,
        act=ACTS[act],
        mine=mine,
        checks=found,
        types=sorted(mine.types),
        state="live",
        **facts,
    )


def checks(act: str, mine: Subscribed) -> list[Check]:
    endpoint = mine.endpoint
    granted = text("agency.types_now", n=len(mine.types)) if mine.types else text("agency_state.ended")
    status = text(f"agency_status.{endpoint.status if endpoint.active else 'off'}")
    found = [
        Check("ok" if mine.types else "note" if act in _STOPPING else "wrong", "grants", granted),
        Check("note" if _idle(act, mine) else "ok", "status", f"{status} {endpoint.code or ''}".strip()),
        Check("note" if act == "remove" and endpoint.waiting else "ok", "waiting", figures.count(endpoint.waiting)),
    ]
    if act == "rotate":
        found.append(Check("note" if endpoint.signing > 1 else "ok", "signing", figures.count(endpoint.signing)))
    return found


def _idle(act: str, mine: Subscribed) -> bool:
    """Whether the act has no effect as the endpoint is now."""
    endpoint = mine.endpoint
    flows = endpoint.active and endpoint.status == "open"
    return {
        "pause": not endpoint.active,
        "resume": endpoint.active,
        "switch-on": not endpoint.active or (flows and not endpoint.waiting),
        "replay": not flows,
    }.get(act, False)
