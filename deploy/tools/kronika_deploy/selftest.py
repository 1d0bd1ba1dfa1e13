"""Planted faults: each check is shown one and must find it."""

import copy

from . import container, dashboard_checks, kafka, kubernetes, promql, rules


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
    yield from expect(dashboard_checks.unread({"kronika:nobody:reads"}), "a recording rule that nothing reads")
    yield from expect(dashboard_checks.lost({"a": [{"b": 1}]}, {"a": [{}]}), "a key that Grafana's types drop")
    bars = {"type": "bargauge", "title": "t", "options": {"displayMode": "baisc"}}
    yield from expect(dashboard_checks.strange(dashboard_checks.read({"title": "d", "panels": [bars]})), "a value that Grafana's types do not have")
    panel = {"id": 1, "type": "timeseries", "title": "t", "datasource": "prometheus", "targets": [], "gridPos": {"x": 20, "w": 8}}
    yield from expect(dashboard_checks.json_form("u", {"panels": [panel]}), "a datasource by name, and a panel beyond the edge")
    bad = container.FILE.read_text().replace("USER 65532:65532", "USER root")
    yield from expect(container.check_form(bad), "an image that runs as root")
    yield from expect(container.check_form(None, ".git\nbuild\n"), "secrets that would be copied into the image")
    yield from check_kubernetes()


def check_kubernetes():
    source = kafka.SOURCE.read_text()
    yield from expect(kafka.check_topics(source.replace("kept_days(90)", "kept_days(91)")), "a topic kept for another time")
    yield from expect(kafka.check_topics(source.replace("{kAudit,", "{kUnknown,"), kafka.HEADER.read_text() + 'inline constexpr std::string_view kUnknown = "unknown";'),
                      "a topic that the manifests do not have")
    good = kubernetes.objects("prod")

    def planted(kind, name, change, what):
        items = copy.deepcopy(good)
        change(next(i for i in items if i["kind"] == kind and i["metadata"]["name"] == name))
        yield from expect(kubernetes.check_policy("prod", items), what)

    def pod(item):
        return item["spec"]["template"]["spec"]

    citizen = ("StatefulSet", "kronika-citizen")
    yield from planted(*citizen, lambda i: pod(i)["securityContext"].pop("runAsNonRoot"), "a pod that may run as root")
    yield from planted(*citizen, lambda i: pod(i)["containers"][0]["resources"]["limits"].update(cpu="1"), "a CPU limit")
    yield from planted(*citizen, lambda i: pod(i)["containers"][0].update(image="kronika:latest"), "an image by tag")
    yield from planted(*citizen, lambda i: pod(i)["containers"][0].pop("startupProbe"), "a pod without startup probe")
    yield from planted(*citizen, lambda i: i["spec"].update(replicas=3), "replicas beside an autoscaler")
    yield from planted(*citizen, lambda i: i["spec"].update(podManagementPolicy="OrderedReady"), "OrderedReady")
    yield from planted(*citizen, lambda i: pod(i)["volumes"][2]["secret"].update(defaultMode=0o644), "a secret that everyone may read")
    yield from planted("PodDisruptionBudget", "kronika-citizen", lambda i: i["spec"].update(maxUnavailable=0), "a budget that blocks drains")
    yield from planted("NetworkPolicy", "default-deny", lambda i: i["spec"].update(ingress=[{}]), "a default that lets all in")
    for kind, name, change, what in [
            (*citizen, lambda i: pod(i)["containers"][0].update(imagee="x"), "a misspelt field of a built-in kind"),
            ("KafkaTopic", "maaling", lambda i: i["spec"].update(partition=3), "a misspelt field of a custom kind"),
            ("ScaledObject", "kronika-citizen", lambda i: i["spec"]["triggers"][0]["metadata"].update(lagThreshold=20000), "a number where KEDA wants text")]:
        items = copy.deepcopy(good)
        change(next(i for i in items if i["kind"] == kind and i["metadata"]["name"] == name))
        yield from expect(kubernetes.check_items("prod", [i for i in items if i["kind"] == kind]), what)
    job = copy.deepcopy(kubernetes.objects("prod/rules"))
    pod(next(i for i in job if i["kind"] == "Job"))["containers"][0]["image"] += "0"
    yield from expect(kubernetes.check_rules("prod", job), "a dry run by another image than the one that is rolled out")
