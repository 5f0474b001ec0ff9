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
_OTHERS = {
    "type": "dashboards",
    "tags": ["clearwater"],
    "title": "Clearwater",
    "asDropdown": True,
    "keepTime": True,
    "includeVars": True,
    "targetBlank": False,
    "icon": "dashboard",
    "tooltip": "The other dashboards, of the same district and time",
}
# In the order of Grafana's own list: by state, the firing ones first.
_BY_IMPORTANCE = 3
Json = dict[str, Any]
# The rules of Prometheus; its heartbeat is always open and calls nobody.
_OPEN_ALERTS: Json = {
    "viewMode": "list",
    "groupMode": "default",
    "maxItems": 50,
    "sortOrder": _BY_IMPORTANCE,
    "dashboardAlerts": False,
    "datasource": "Clearwater",
    "alertInstanceLabelFilter": '{severity!="heartbeat"}',
    "stateFilter": {"firing": True, "pending": True, "error": True, "noData": False, "normal": False},
}
# Each whole, as the schema wants it: what is left out would be whatever a version of Grafana takes for it.
_LINES: Json = {
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
    "tooltip": {"mode": "multi", "sort": "desc"},
}
_FIGURES: Json = {
    "orientation": "auto",
    "graphMode": "none",
    "colorMode": "value",
    "justifyMode": "auto",
    "textMode": "auto",
    "wideLayout": True,
    "showPercentChange": False,
    "percentChangeColorMode": "standard",
}
_BARS: Json = {
    "orientation": "horizontal",
    "displayMode": "basic",
    "valueMode": "color",
    "namePlacement": "auto",
    "showUnfilled": True,
    "sizing": "auto",
    "minVizWidth": 8,
    "minVizHeight": 16,
    "maxVizHeight": 300,
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
}
Kind = Literal["stat", "timeseries", "bargauge", "table", "alertlist"]


@dataclass(frozen=True)
class Query:
    """`legend` names each series by its labels: {{district}}. In a table it names the column, and `unit` is the column's own."""

    expr: str
    legend: str = ""
    unit: str = "none"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """`says`: what a reader does with it. `red_from`: the value from which it is red, `red_below`: where less is worse; `unit` in
    Grafana's own words. `most`: where a bar is full. `empty`: what stands in the place of a value while there is none. `leads`: the
    board that a district's value leads to.
    """

    title: str
    queries: tuple[Query, ...] = ()
    says: str
    kind: Kind = "timeseries"
    unit: str = "short"
    wide: int = 12
    red_from: float | None = None
    red_below: float | None = None
    most: float | None = None
    empty: str = ""
    leads: str = ""


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
        "annotations": {"list": []},
        "links": [_OTHERS],
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
        return {**common, "datasource": SOURCE, "options": _OPEN_ALERTS}
    return {
        **common,
        "datasource": SOURCE,
        "targets": [_target(panel, query, letter) for letter, query in _lettered(panel)],
        "fieldConfig": _fields(panel),
        **_options(panel),
    }


def _lettered(panel: Panel) -> list[tuple[str, Query]]:
    return [(chr(ord("A") + place), query) for place, query in enumerate(panel.queries)]


def _target(panel: Panel, query: Query, letter: str) -> Json:
    now, table = panel.kind != "timeseries", panel.kind == "table"
    return {
        "refId": letter,
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": "__auto" if table or not query.legend else query.legend,
        "instant": now,
        "range": not now,
        "format": "table" if table else "time_series",
    }


def _fields(panel: Panel) -> Json:
    """A unit of a whole table would be that of its words too: the district 440303 would be 440 K."""
    if panel.kind == "table":
        return {"defaults": _thresholds(panel), "overrides": list(_columns(panel))}
    bar = {"min": 0, **({"max": panel.most} if panel.most else {})} if panel.kind == "bargauge" else {}
    empty = {"noValue": panel.empty} if panel.empty else {}
    return {
        "defaults": {"unit": panel.unit, **bar, **empty, **_thresholds(panel), **_links(panel, "labels")},
        "overrides": [],
    }


def _columns(panel: Panel) -> Iterator[Json]:
    colored = [] if panel.red_from is None else [("custom.cellOptions", {"type": "color-text"})]
    for query in panel.queries:
        if query.legend:
            yield _override(query.legend, [("unit", query.unit), *colored])
    yield _override("district", [("unit", "string"), *_links(panel, "fields").items()])


def _override(column: str, properties: Sequence[tuple[str, Any]]) -> Json:
    found = [{"id": name, "value": value} for name, value in properties]
    return {"matcher": {"id": "byName", "options": column}, "properties": found}


def _links(panel: Panel, kind: str) -> Json:
    """`kind`: where Grafana has the district of a value, among a series' `labels` or a row's `fields`."""
    if not panel.leads:
        return {}
    district = "${__field.labels.district}" if kind == "labels" else "${__data.fields.district}"
    url = f"/d/clearwater-{panel.leads}?var-district={district}&${{__url_time_range}}"
    return {"links": [{"title": f"{panel.leads.title()}: {district}", "url": url}]}


def _thresholds(panel: Panel) -> Json:
    steps: list[Json] = [{"color": "green" if panel.red_below is None else "red", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    if panel.red_below is not None:
        steps.append({"color": "green", "value": panel.red_below})
    line = {"thresholdsStyle": {"mode": "line" if panel.red_from is not None else "off"}}
    custom = {"custom": line} if panel.kind == "timeseries" else {}
    return {"thresholds": {"mode": "absolute", "steps": steps}, **custom}


def _options(panel: Panel) -> Json:
    if panel.kind == "table":
        return {"transformations": [{"id": "merge", "options": {}}, {"id": "organize", "options": _organized(panel)}]}
    if panel.kind == "timeseries":
        return {"options": _LINES}
    reduced = {"reduceOptions": {"calcs": ["lastNotNull"]}}
    return {"options": {**reduced, **(_BARS if panel.kind == "bargauge" else _FIGURES)}}


def _organized(panel: Panel) -> Json:
    """Grafana calls the values of several queries `Value #A`, `Value #B`. What no legend names is asked for its labels only."""
    values = {f"Value #{letter}" if len(panel.queries) > 1 else "Value": query for letter, query in _lettered(panel)}
    hidden = ["Time", "job", "instance", "__name__", *(value for value, query in values.items() if not query.legend)]
    named = {value: query.legend for value, query in values.items() if query.legend}
    return {"excludeByName": dict.fromkeys(hidden, True), "renameByName": named}
