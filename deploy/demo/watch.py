"""Looks at the first project while it is being signed, shows how far it is, and rescinds one agreement after the threshold."""

import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deploy.demo import day, screen
from deploy.demo.launch import Queue
from deploy.demo.opening import Opened
from deploy.demo.people import Person, Stuck
from deploy.demo.watching import Wall
from deploy.local.place import Place
from shared.events.day import SHANGHAI

_LAST_HOUR = "23:30"
_LOG_SECONDS = 10.0  # between two lines, where there is no terminal


class Watch:
    """Looks at the first project once a second: shows how far it is, and rescinds one agreement as soon as the threshold is reached."""

    def __init__(self, place: Place, opened: Opened, queue: Queue, *, rescinded: bool, began: float) -> None:
        self._place, self._opened, self._queue, self._began = place, opened, queue, began
        self.rescinded, self._reached, self._logged_at, self._moved = rescinded, False, 0.0, False

    @property
    def ends_at(self) -> datetime:
        """All of the day is signed before."""
        return day.at(self._opened.launch_on, _LAST_HOUR)

    def look(self, command: Person, wall: Wall, *, pace: float) -> None:
        project = command.get("signing", f"/projects/{self._opened.project_id}")
        if wall.has_moved and not self._moved:
            self._moved = True
            screen.passing("")
            screen.fact("wall moves", f"{time.monotonic() - self._began:.0f} s after the start of this run")
        at = day.clock(self._place).now().astimezone(SHANGHAI)
        if project["reached_at"] and not self.rescinded:
            self._rescind(command, f"{at:%H:%M}", project)
        self._show(f"{at:%H:%M}", project, pace=pace)

    def _rescind(self, command: Person, at: str, project: Mapping[str, Any]) -> None:
        code = self._opened.district.code
        own = [signed for turn, signed in self._queue.signed if turn.district == code]
        if own:
            agreement_id, where = own[-1].agreement_id, own[-1].where
        else:  # an earlier run has signed them
            wanted = {"project_id": self._opened.project_id, "state": "signed", "limit": 1}
            row = command.get("signing", "/cases", **wanted)["items"][0]
            agreement_id, where = row["agreement_id"], row["door"]
        key = f"demo-rescind-{self._opened.project_id}"
        command.post("signing", f"/agreements/{agreement_id}/rescissions", {"reason": "owner_withdrew"}, key=key)
        self.rescinded = True
        screen.passing("")
        screen.fact(at, "threshold reached on both bases: " + _bases(project))
        after = command.get("signing", f"/projects/{self._opened.project_id}")
        if not after["reached_at"]:
            raise Stuck("A rescission has undone the threshold that was reached.")
        screen.fact(at, f"{where} rescinded, and the threshold stays reached: {_bases(after)}")

    def _show(self, at: str, project: Mapping[str, Any], *, pace: float) -> None:
        signed = sum(project["live"].values())
        text = f"{at}  {signed:>5,} signed   {_bases(project)}   {self._queue.prepared_ahead():>4} files ready   {pace:.0f} ×"
        if sys.stdout.isatty():
            screen.passing(text)
        elif time.monotonic() - self._logged_at > _LOG_SECONDS:
            self._logged_at = time.monotonic()
            screen.line(text)


def _bases(project: Mapping[str, Any]) -> str:
    shown = {"right_holders": "right-holders", "area": "area"}
    return ", ".join(
        f"{shown.get(basis['basis'], basis['basis'])} {basis['signed'] * 10_000 // max(1, basis['total']) / 100:.2f} %"
        for basis in project["bases"]
    )
