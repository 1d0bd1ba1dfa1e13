"""Planted faults: each check is shown one and must find it."""

from . import dashboard_checks, promql, rules


def expect(found, what):
    if not list(found):
        yield f"a planted fault was not found: {what}"


def check():
    config = {"inhibit_rules": [{"source_matchers": ['severity = "warning"'], "target_matchers": ['alertname =~ "Kronika.*"'],
                                 "equal": []}]}
    yield from expect(rules.check_inhibition(config), "a ticket that silences pages")
    if rules.matches(['a =~ "x"'], {"a": "xy"}):
        yield "a planted fault was not found: matchers are anchored"
    metrics = {"kronika_x_total": {"type": "counter", "components": {"citizen"}, "labels": {"topic"}}}
    for expression, what in [("rate(kronika_y_total[5m])", "a metric that nobody serves"),
                             ('rate(kronika_x_total{partition="1"}[5m])', "a label that the metric does not have"),
                             ('rate(kronika_x_total{component="gateway"}[5m])', "a component that does not serve it"),
                             ("rate(kronika_x_total[5m]", "an expression that does not parse")]:
        yield from expect(promql.findings(expression, metrics, set()), what)
    if list(promql.findings('sum by (topic) (rate(kronika_x_total{component="citizen", topic=~"a"}[5m]))', metrics, set())):
        yield "a sound expression is called a fault"
    yield from expect(dashboard_checks.lost({"a": [{"b": 1}]}, {"a": [{}]}), "a key that Grafana's types drop")
    panel = {"id": 1, "type": "timeseries", "title": "t", "datasource": "prometheus", "targets": [], "gridPos": {"x": 20, "w": 8}}
    yield from expect(dashboard_checks.json_form("u", {"panels": [panel]}), "a datasource by name, and a panel beyond the edge")
