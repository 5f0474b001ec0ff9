"""After the launch day: the day is closed, the next morning effect is declared, messages go out, and the figures are compared."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from deploy.demo import day, screen
from deploy.demo.opening import Opened
from deploy.demo.people import Person, Stuck, wait_for
from deploy.local.place import Place

_MORNING, _DECLARED = "08:30", "09:00"
_BASES = {"units": "units", "households": "households", "right_holders": "right-holders", "area": "area"}
_SETTLED_SECONDS = 240.0


def closed(place: Place, opened: Opened) -> Mapping[str, Any]:
    """The figures of the launch day, closed the next morning; those of the first closing if there were several."""
    day.skip_to(place, day.at(opened.launch_on, _MORNING, days=1))
    path = f"/projects/{opened.project_id}/days"
    on = opened.launch_on.isoformat()
    with Person(place, "command", opened.district.code, front=True) as command:
        rows = [row for row in command.every("signing", path) if row["business_on"] == on]
        if not rows:
            key = f"demo-day-{opened.project_id}-{on}"
            rows = [command.post("signing", path, {"business_on": on}, key=key)]
    found: Mapping[str, Any] = min(rows, key=lambda row: row["restatement"])
    units = found["bases"]["units"]
    screen.fact("day closed", f"{opened.name}: {_of(units['signed'], units['total'])} units on {on}")
    return found


def declared(place: Place, opened: Opened) -> None:
    """Returns when every signed agreement is in effect. Raises Stuck where the threshold was not reached."""
    day.skip_to(place, day.at(opened.launch_on, _DECLARED, days=1))
    with Person(place, "command", opened.district.code, front=True) as command:
        body = {"document_number": "示例〔2026〕1号"}
        path = f"/projects/{opened.project_id}"
        known = command.get("signing", path)
        if not known["declared_at"]:
            command.post("signing", f"{path}/declarations", body, key=f"demo-declare-{opened.project_id}")

        def none_left() -> bool:
            wanted = {"project_id": opened.project_id, "state": "signed", "limit": 1}
            return not command.get("signing", "/cases", **wanted)["items"]

        wait_for("effect", none_left, seconds=_SETTLED_SECONDS)
        effective = sum(command.get("signing", path)["live"].values())
    screen.fact("declared", f"{body['document_number']}: {effective:,} agreements take effect")


def messages_out(place: Place, *, on_wait: Callable[[int], None]) -> list[dict[str, Any]]:
    """Each district's messages, once nothing more goes out. Some wait on purpose: it is night where their owner lives."""
    with Person(place, "city", "*", front=True) as city:
        patience, before, calm_since = time.monotonic() + _SETTLED_SECONDS, None, time.monotonic()
        while time.monotonic() < patience:
            balance: list[dict[str, Any]] = city.get("notify", "/conservation")["districts"]
            on_wait(sum(district["sent"] for district in balance))
            if balance != before:
                before, calm_since = balance, time.monotonic()
            elif time.monotonic() - calm_since > _calm_seconds(balance):
                return balance
            time.sleep(0.5)
    return balance


def _calm_seconds(balance: list[dict[str, Any]]) -> float:
    return 3.0 if not any(district["waiting"] for district in balance) else 8.0


def agree(place: Place, opened: Opened, day_closed: Mapping[str, Any] | None) -> None:
    """The same figures in signing, in reporting and, after the launch day, in what was frozen. Raises Stuck with what differs."""
    with Person(place, "city", "*", front=True) as city:

        def same() -> Any:  # noqa: ANN401 - the bases when they agree
            counted = {
                figures["basis"]: figures for figures in city.get("signing", f"/projects/{opened.project_id}")["bases"]
            }
            rates = city.get("reporting", f"/projects/{opened.project_id}/rates")
            shown = {figures["basis"]: (figures["numerator"], figures["denominator"]) for figures in rates["bases"]}
            own = {name: (figures["signed"], figures["total"]) for name, figures in counted.items()}
            return rates if own.items() <= shown.items() else None

        rates = wait_for(f"the same figures of {opened.name} in signing and reporting", same)
    for basis in rates["bases"]:
        amount = _of(basis["numerator"], basis["denominator"], area=basis["basis"] == "area")
        need = f"   needs {basis['percent']} %" if basis.get("required") else ""
        screen.line(f"{opened.district.code}  {screen.pad(_BASES[basis['basis']], 16)}{amount}{need}")
    if day_closed and rates["bases"] and not _frozen_equals(rates, day_closed):
        raise Stuck(f"The closed day of {opened.name} does not equal the figures of its evening.")


def _frozen_equals(rates: Mapping[str, Any], day_closed: Mapping[str, Any]) -> bool:
    """Nothing was signed or rescinded since the day was closed, so its figures are still those of now."""
    frozen = day_closed["bases"]
    return all(
        frozen[figures["basis"]]["signed"] == figures["numerator"]
        for figures in rates["bases"]
        if figures["basis"] in frozen
    )


def _of(part: int | None, whole: int | None, *, area: bool = False) -> str:
    """Areas travel as whole numbers of 0.01 m². A rate is cut, never rounded up."""
    if part is None or not whole:
        return "—"
    rate = f"{part * 10_000 // whole / 100:.2f} %"
    amounts = f"{part / 100:,.2f} of {whole / 100:,.2f} m²" if area else f"{part:,} of {whole:,}"
    return f"{amounts} = {rate}"
