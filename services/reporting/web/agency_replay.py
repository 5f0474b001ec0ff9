"""/agency/replay: an engineer chooses events by time or by id, sees what would be sent again, and has it sent."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from flask import Blueprint, request

from services.reporting.store import replays
from services.reporting.store.replays import MOST_AT_ONCE, Replay, Replayable
from services.reporting.web import agency_acts, agency_frame
from services.reporting.web.agency_acts import Check
from shared.events.day import SHANGHAI
from shared.service import identity
from shared.web import figures
from shared.web.shell import text

_MOST_IDS: Final = 1000  # as the API's body takes
_APART: Final = re.compile(r"[\s,;]+")
_MINUTE: Final = "%Y-%m-%dT%H:%M"  # as a field of date and time has it, in Shanghai


class Wanted(NamedTuple):
    """What the address asks for. `faults`: names of what cannot be read, by field."""

    event_ids: Sequence[UUID]
    period: tuple[datetime, datetime] | None
    faults: dict[str, str]

    @property
    def complete(self) -> bool:
        return not self.faults and bool(self.event_ids or self.period)


def add_to(agency: Blueprint) -> None:
    agency.add_url_rule("/agency/replay", "replay", identity.requires(identity.AGENCY)(replay_page))


def replay_page() -> str:
    wanted = _wanted()
    with agency_frame.subscribed() as mine:
        found = agency_acts.checks("replay", mine)
        replayed = None
        if wanted.complete:
            replay = Replay(mine.endpoint.endpoint_id, wanted.event_ids, wanted.period, mine.types)
            replayed = replays.replayable(mine.tx, mine.place.district, replay)
            found += _of(replayed)
        return agency_acts.drawn(
            "replay",
            mine,
            found,
            wanted=wanted,
            replayed=replayed,
            period=[at.astimezone(SHANGHAI).strftime(_MINUTE) for at in wanted.period or _last_hour()],
        )


def _of(replayed: Replayable) -> list[Check]:
    if not replayed.events:
        return [Check("wrong", "events", text("replay.no_events"))]
    span = text("replay.numbers", first=figures.count(replayed.first_number), last=figures.count(replayed.last_number))
    most = replayed.events == MOST_AT_ONCE
    return [
        Check("note" if most else "ok", "events", f"{figures.count(replayed.events)}　{span}"),
        Check("note" if replayed.delivered else "ok", "delivered", figures.count(replayed.delivered)),
    ]


def _wanted() -> Wanted:
    faults: dict[str, str] = {}
    event_ids = _ids(faults)
    return Wanted(event_ids, _period(faults) if "since" in request.args else None, faults)


def _ids(faults: dict[str, str]) -> list[UUID]:
    """Those that were ticked in the list of deliveries, and those that were typed."""
    written = [*request.args.getlist("id"), *_APART.split(request.args.get("ids", ""))]
    event_ids: dict[UUID, None] = {}
    for value in filter(None, written):
        try:
            event_ids[UUID(value)] = None
        except ValueError:
            faults.setdefault("ids", text("replay.no_id", written=value[:40]))
    if len(event_ids) > _MOST_IDS:
        faults["ids"] = text("replay.too_many_ids", most=_MOST_IDS)
    elif "ids" in request.args and not event_ids and not faults:
        faults["ids"] = text("replay.ids_missing")
    return list(event_ids)


def _period(faults: dict[str, str]) -> tuple[datetime, datetime] | None:
    try:
        since, until = (
            datetime.strptime(request.args.get(name, "")[:16], _MINUTE).replace(tzinfo=SHANGHAI)
            for name in ("since", "until")
        )
    except ValueError:
        faults["since"] = text("replay.no_time")
        return None
    if since >= until:
        faults["since"] = text("replay.no_period")
    return since, until


def _last_hour() -> tuple[datetime, datetime]:
    """In real time, as the log keeps it."""
    until = datetime.now(SHANGHAI) + timedelta(minutes=1)
    return until - timedelta(hours=1), until
