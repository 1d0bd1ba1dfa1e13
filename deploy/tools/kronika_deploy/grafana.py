"""A small builder of Grafana dashboards: panels as data, laid out in rows of 24 columns. dashboards.py says what is shown."""

import json
from dataclasses import dataclass, field

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, AMBER, RED = "green", "orange", "red"


@dataclass
class Panel:
    kind: str  # stat, bargauge, timeseries, table, state-timeline, heatmap, text
    title: str
    queries: list  # of (expression, legend)
    asks: str  # the question it answers
    red: str = ""  # what to do when it is red
    runbook: str = ""  # alert name
    unit: str = "short"
    thresholds: tuple = ()  # (amber from, red from); for below=True the other way round
    below: bool = False
    width: int = 6
    height: int = 7
    text: str = ""
    # What must run for the expressions to give data: "" any stack, "edge" a door, "cluster" exporters of Kubernetes,
    # "fault" something that has gone wrong once, "week" a week of history.
    needs: str = ""

    def description(self) -> str:
        parts = [self.asks]
        if self.red:
            parts.append(f"Red: {self.red}")
        if self.runbook:
            parts.append(f"Runbook: docs/runbooks/{self.runbook}.md")
        return "\n\n".join(parts)

    def steps(self):
        if not self.thresholds:
            return [{"color": GREEN, "value": None}]
        amber, red = self.thresholds
        if self.below:  # good is high
            return [{"color": RED, "value": None}, {"color": AMBER, "value": red}, {"color": GREEN, "value": amber}]
        return [{"color": GREEN, "value": None}, {"color": AMBER, "value": amber}, {"color": RED, "value": red}]

    def options(self):
        if self.kind == "stat":
            return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "background",
                    "graphMode": "area", "textMode": "auto", "orientation": "auto", "justifyMode": "auto"}
        if self.kind == "bargauge":
            return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "horizontal",
                    "displayMode": "basic", "showUnfilled": True, "valueMode": "color", "namePlacement": "auto", "sizing": "auto",
                    "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 300}
        if self.kind == "timeseries":
            return {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "showLegend": True},
                    "tooltip": {"mode": "multi", "sort": "desc"}}
        if self.kind == "state-timeline":
            return {"mergeValues": True, "showValue": "auto", "rowHeight": 0.9, "alignValue": "left",
                    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
                    "tooltip": {"mode": "single", "sort": "none"}}
        if self.kind == "table":
            return {"showHeader": True, "cellHeight": "sm"}
        if self.kind == "text":
            return {"mode": "markdown", "content": self.text}
        raise ValueError(self.kind)

    def json(self, number, x, y):
        out = {"id": number, "type": self.kind, "title": self.title, "description": self.description(),
               "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y}, "options": self.options(),
               "transparent": False}
        if self.kind == "text":
            return out
        instant = self.kind in ("stat", "bargauge", "table")
        out["datasource"] = DATASOURCE
        out["targets"] = [
            {"datasource": DATASOURCE, "expr": expr, "refId": chr(ord("A") + i), "legendFormat": legend or "__auto",
             "instant": instant, "range": not instant, "format": "table" if self.kind == "table" else "time_series"}
            for i, (expr, legend) in enumerate(self.queries)]
        defaults = {"unit": self.unit, "thresholds": {"mode": "absolute", "steps": self.steps()},
                    "color": {"mode": "thresholds" if self.kind in ("stat", "bargauge", "state-timeline", "table") else "palette-classic"}}
        if self.kind == "timeseries":
            defaults["custom"] = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never",
                                  "thresholdsStyle": {"mode": "line" if self.thresholds else "off"}}
        out["fieldConfig"] = {"defaults": defaults, "overrides": []}
        return out


@dataclass
class Row:
    title: str
    panels: list


@dataclass
class Dashboard:
    uid: str
    title: str
    asks: str
    rows: list
    variables: tuple = ("namespace", "component")
    links: tuple = field(default=())

    def panels(self):
        for row in self.rows:
            yield from row.panels

    def json(self, all_dashboards) -> dict:
        panels, number, y = [], 1, 0
        for index, row in enumerate(self.rows):
            collapsed = index > 0
            inner, x, line = [], 0, 0
            top = y + 1
            row_number = number
            number += 1
            for panel in row.panels:
                if x + panel.width > 24:
                    x, top, line = 0, top + line, 0
                inner.append(panel.json(number, x, top))
                number += 1
                x += panel.width
                line = max(line, panel.height)
            head = {"id": row_number, "type": "row", "title": row.title, "collapsed": collapsed,
                    "gridPos": {"h": 1, "w": 24, "x": 0, "y": y}, "panels": inner if collapsed else []}
            panels.append(head)
            if not collapsed:
                panels += inner
                y = top + line
            else:
                y += 1
        return {
            "uid": self.uid, "title": f"kronika / {self.title}", "description": self.asks, "tags": ["kronika"],
            "schemaVersion": 39, "editable": False, "graphTooltip": 1, "timezone": "browser", "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "templating": {"list": variables(self.variables)},
            "annotations": {"list": [annotation()]},
            "links": [{"title": d.title, "type": "link", "url": f"/d/{d.uid}", "keepTime": True, "includeVars": True,
                       "asDropdown": False, "icon": "dashboard", "tags": [], "targetBlank": False, "tooltip": d.asks}
                      for d in all_dashboards if d.uid != self.uid],
            "panels": panels,
        }

    def text(self, all_dashboards) -> str:
        return json.dumps(self.json(all_dashboards), indent=1, ensure_ascii=False) + "\n"


def annotation():
    """Starts of processes on every graph: did we do it?"""
    return {"name": "Starts", "datasource": DATASOURCE, "enable": True, "hide": False, "iconColor": "blue",
            "expr": 'changes(process_start_time_seconds{job="kronika", namespace="$namespace"}[1m]) > 0',
            "titleFormat": "{{component}} {{pod}} started", "step": "1m"}


QUERIES = {
    "namespace": 'label_values(kronika_build_info{job="kronika"}, namespace)',
    "component": 'label_values(kronika_build_info{job="kronika", namespace="$namespace"}, component)',
    "sender": 'label_values(kronika_sender_last_message_timestamp_seconds{job="kronika", namespace="$namespace"}, sender)',
}


def variables(names):
    out = [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0,
            "multi": False, "includeAll": False, "refresh": 1, "regex": ""}]
    for name in names:
        many = name != "namespace"
        variable = {"name": name, "type": "query", "label": name.capitalize(), "datasource": DATASOURCE, "hide": 0,
                    "query": {"query": QUERIES[name], "refId": "A"}, "refresh": 2, "sort": 1,
                    "multi": many, "includeAll": many, "regex": ""}
        if many:
            variable["allValue"] = ".*"
            variable["current"] = {"selected": True, "text": ["All"], "value": ["$__all"]}
        out.append(variable)
    return out
