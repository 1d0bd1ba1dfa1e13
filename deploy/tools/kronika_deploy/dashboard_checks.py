"""Checks of deploy/grafana without a Grafana: structure, expressions, descriptions. Looks cannot be checked this way."""

import enum
import inspect
import json
import typing

from . import promql, rules
from .common import ROOT
from .dashboards import all_dashboards
from .grafana import DATASOURCE

METRICS = ROOT / "deploy/prometheus/metrics.txt"
VERDICTS = ("stat", "bargauge", "timeseries", "table", "state-timeline", "heatmap")


def recorded():
    return {rule["record"] for rule in rules.recordings()}


def check_expressions():
    """Every expression of rules and panels asks for something that exists."""
    metrics, known = promql.read_metrics(METRICS), recorded()
    for _, group in rules.groups():
        for rule in group["rules"]:
            for finding in promql.findings(rule["expr"], metrics, known):
                yield f"{rule.get('alert') or rule.get('record')}: {finding}"
    for rule in rules.alerts():
        for query in filter(None, map(rules.query_of, rules.first_minute(rule["alert"]))):
            for finding in promql.findings(query, metrics, known):
                yield f"docs/runbooks/{rule['alert']}.md: {finding}"
    for dashboard in all_dashboards():
        for panel in dashboard.panels():
            for expr, _ in panel.queries:
                for finding in promql.findings(promql.concrete(expr), metrics, known):
                    yield f"{dashboard.uid} / {panel.title}: {finding}"
    yield from unread(known)


def unread(recordings):
    """Recording rules that no alert, panel, page or other rule reads."""
    expressions = [rule["expr"] for _, group in rules.groups() for rule in group["rules"]]
    expressions += [promql.concrete(expr) for d in all_dashboards() for panel in d.panels() for expr, _ in panel.queries]
    expressions += filter(None, (rules.query_of(c) for rule in rules.alerts() for c in rules.first_minute(rule["alert"])))
    read = {selector.name for expr in expressions for selector in promql.selectors(expr)}
    for name in sorted(recordings - read):
        yield f"{name}: recorded, and nothing reads it"


def check_form():
    alerts = {rule["alert"] for rule in rules.alerts()}
    uids = {d.uid for d in all_dashboards()}
    for rule in rules.alerts():
        if rule["annotations"]["dashboard_uid"] not in uids:
            yield f"{rule['alert']}: there is no dashboard {rule['annotations']['dashboard_uid']}"
    for dashboard in all_dashboards():
        panels = list(dashboard.panels())
        if len(panels) > 12:
            yield f"{dashboard.uid}: {len(panels)} panels; 12 is the most that one looks at"
        titles = [p.title for p in panels]
        for title in {t for t in titles if titles.count(t) > 1}:
            yield f"{dashboard.uid}: two panels called {title}"
        for panel in panels:
            where = f"{dashboard.uid} / {panel.title}"
            if panel.kind == "text":
                continue
            if not panel.red:
                yield f"{where}: does not say what to do when it is red"
            if panel.runbook and panel.runbook not in alerts:
                yield f"{where}: there is no runbook {panel.runbook}"
            if panel.unit == "short" and panel.kind == "timeseries" and any("_seconds" in e and "count" not in e for e, _ in panel.queries):
                if not any(word in panel.queries[0][0] for word in ("changes(", "share", "> 0)", "cpu")):
                    yield f"{where}: shows seconds without a unit"
        yield from json_form(dashboard.uid, dashboard.json(all_dashboards()))


def json_form(uid, data):
    if len(json.dumps(data)) > 256 * 1024:
        yield f"{uid}: larger than 256 KiB, which a ConfigMap cannot hold"
    for panel in panels_of(data):
        if panel["type"] in ("row", "text"):
            continue
        if panel["type"] not in VERDICTS:
            yield f"{uid} / {panel['title']}: unknown kind of panel"
        if panel.get("datasource") != DATASOURCE or any(t.get("datasource") != DATASOURCE for t in panel["targets"]):
            yield f"{uid} / {panel['title']}: the datasource is not the variable"
        box = panel["gridPos"]
        if box["x"] + box["w"] > 24:
            yield f"{uid} / {panel['title']}: reaches beyond the right edge"
    numbers = [p["id"] for p in panels_of(data)]
    if len(numbers) != len(set(numbers)):
        yield f"{uid}: two panels with one id"


def panels_of(data):
    for panel in data["panels"]:
        yield panel
        yield from panel.get("panels", [])


def lost(before, after, path=""):
    """Keys of BEFORE that AFTER does not have: what Grafana's own types do not know, they drop."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                if value not in (None, [], {}, "", False):
                    yield f"{path}.{key}"
            else:
                yield from lost(value, after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        for i, value in enumerate(before):
            if i < len(after):
                yield from lost(value, after[i], f"{path}[{i}]")
            else:
                yield f"{path}[{i}]"


def allowed(hint):
    """The values that a type hint lists, in an enumeration or literally; empty where it lists none."""
    out = set(typing.get_args(hint)) if typing.get_origin(hint) is typing.Literal else set()
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        out |= {member.value for member in hint}
    elif typing.get_origin(hint) is typing.Union:
        parts = [allowed(part) for part in typing.get_args(hint) if part is not type(None)]
        out |= set().union(*parts) if all(parts) else set()
    return out


def strange(model, path=""):
    """Values in one of Grafana's types that none of its enumerations knows: reading them does not complain."""
    if isinstance(model, (list, dict)):
        items = model.items() if isinstance(model, dict) else enumerate(model)
        for key, value in items:
            yield from strange(value, f"{path}[{key}]")
    elif hasattr(type(model), "__annotations__") and not isinstance(model, enum.Enum):
        for name, hint in typing.get_type_hints(type(model)).items():
            value = getattr(model, name, None)
            values = allowed(hint)
            if value is not None and values and not isinstance(value, (list, dict)) and getattr(value, "value", value) not in values:
                yield f"{path}.{name} = {value!r}"
            yield from strange(value, f"{path}.{name}")


def read(before):
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard as Model

    register_default_plugins()
    return Model.from_json(json.loads(json.dumps(before)))


def check_types():
    """Through Grafana's own types and back: a misspelt or outdated key does not survive, and a value must be one of theirs."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder

    for dashboard in all_dashboards():
        before = dashboard.json(all_dashboards())
        model = read(before)
        after = json.loads(JSONEncoder(sort_keys=True).encode(model))
        for key in lost(before, after):
            if key.startswith(".annotations.list[0].") and key.endswith((".titleFormat", ".step")):
                continue  # keys of the Prometheus data source, which the general types leave to it
            yield f"{dashboard.uid}: Grafana's types do not know {key}"
        for value in strange(model):
            yield f"{dashboard.uid}: Grafana's types have no such value: {value}"
