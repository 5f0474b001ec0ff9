"""What a dashboard is put together from, and its JSON as Grafana reads it.

A panel takes a share of a row of 24; panels fill the rows in their order. `$district` in a query makes the board ask which.
Left to others: which panels there are (boards.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

SOURCE = {"type": "prometheus", "uid": "clearwater"}
_ROW = 24
_HEIGHTS = {"stat": 5, "timeseries": 8, "bargauge": 8, "table": 8, "alertlist": 8}
Json = dict[str, Any]
Kind = Literal["stat", "timeseries", "bargauge", "table", "alertlist"]


@dataclass(frozen=True)
class Query:
    """`legend` names each series by its labels: {{district}}."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """`says`: what a reader does with it. `red_from`: the value from which it is red; `unit` in Grafana's own words."""

    title: str
    queries: tuple[Query, ...] = ()
    says: str
    kind: Kind = "timeseries"
    unit: str = "short"
    wide: int = 12
    red_from: float | None = None


@dataclass(frozen=True)
class Board:
    uid: str
    title: str
    says: str
    panels: tuple[Panel, ...]

    @property
    def by_district(self) -> bool:
        return any("$district" in query.expr for panel in self.panels for query in panel.queries)


def with_variables(expr: str, *, interval: str = "1m", district: str = ".+") -> str:
    """The query with Grafana's own variables in place."""
    return expr.replace("$__rate_interval", interval).replace("$district", district)


def written(board: Board) -> Json:
    return {
        "uid": f"clearwater-{board.uid}",
        "title": board.title,
        "description": board.says,
        "tags": ["clearwater"],
        "editable": False,
        "schemaVersion": 39,
        "version": 1,
        "timezone": "Asia/Shanghai",
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [_district()] if board.by_district else []},
        "links": [{"type": "dashboards", "tags": ["clearwater"], "title": "Clearwater", "asDropdown": True, "keepTime": True}],
        "panels": list(_placed(board.panels)),
    }  # fmt: skip


def _district() -> Json:
    return {
        "name": "district",
        "label": "District",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": "label_values(clearwater_threshold_reached, district)", "refId": "district"},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
    }


def _placed(panels: Sequence[Panel]) -> Iterator[Json]:
    x = y = height = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.wide > _ROW:
            x, y, height = 0, y + height, 0
        yield {"id": number, "gridPos": {"x": x, "y": y, "w": panel.wide, "h": _HEIGHTS[panel.kind]}, **_panel(panel)}
        x, height = x + panel.wide, max(height, _HEIGHTS[panel.kind])


def _panel(panel: Panel) -> Json:
    common = {"type": panel.kind, "title": panel.title, "description": panel.says}
    if panel.kind == "alertlist":
        return {**common, "datasource": SOURCE, "options": {"stateFilter": {"firing": True, "pending": True}}}
    return {
        **common,
        "datasource": SOURCE,
        "targets": [_target(panel, query, chr(ord("A") + place)) for place, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": {"unit": panel.unit, **_thresholds(panel)}, "overrides": []},
        **_options(panel),
    }


def _target(panel: Panel, query: Query, letter: str) -> Json:
    now = panel.kind != "timeseries"
    return {
        "refId": letter,
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": now,
        "range": not now,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _thresholds(panel: Panel) -> Json:
    steps: list[Json] = [{"color": "green", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    line = {"thresholdsStyle": {"mode": "line" if panel.red_from is not None else "off"}}
    custom = {"custom": line} if panel.kind == "timeseries" else {}
    return {"thresholds": {"mode": "absolute", "steps": steps}, **custom}


def _options(panel: Panel) -> Json:
    if panel.kind == "timeseries":
        return {"options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}}
    if panel.kind == "table":
        hidden = dict.fromkeys(("Time", "job", "instance", "__name__"), True)
        return {
            "transformations": [
                {"id": "merge", "options": {}},
                {"id": "organize", "options": {"excludeByName": hidden}},
            ]
        }
    return {"options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "orientation": "auto"}}
