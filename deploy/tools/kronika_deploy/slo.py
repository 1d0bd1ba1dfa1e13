"""Service levels as recording rules and burn-rate alerts: deploy/prometheus/rules/slo.yaml is made here.

Burn rates are those of the SRE workbook for a window of 30 days: 14.4 uses 2 % of the month's budget in an hour, 6 uses
5 % in six hours, 3 uses 10 % in a day, 1 uses it all by the end of the month. A short window beside each long one lets
the alert end when the fault has ended.
"""

from dataclasses import dataclass

WINDOWS = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]

# (alert suffix, severity, hold, [(burn rate, short window, long window)])
ALERTS = [
    ("FastBurn", "critical", "2m", [(14.4, "5m", "1h")]),
    ("SlowBurn", "critical", "15m", [(6, "30m", "6h")]),
    ("Ticket", "warning", "1h", [(3, "2h", "1d"), (1, "6h", "3d")]),
]


@dataclass(frozen=True)
class Slo:
    name: str  # in rule names and in the label slo
    title: str  # in alert names
    target: float  # share of good events
    good: str  # what a good event is, for people
    bad_ratio: str  # share of bad events over WINDOW, by namespace
    floor: str = ""  # a second condition of the alerts over LONG: enough failures to tell
    dashboard: str = "kronika-slo"

    @property
    def budget(self) -> float:
        return round(1 - self.target, 6)


FAILED = 'grpc_code=~"Internal|Unavailable|Unknown|DataLoss|DeadlineExceeded"'

SLOS = [
    Slo("freshness", "Freshness", 0.995, "what a sender has delivered is visible in the gateway within 2 s",
        # The canary measures each partition every half minute; while it cannot even set out, or a stage is silent, that is as bad.
        'max by (namespace) (\n'
        '  label_replace(1 - sum by (namespace) (rate(kronika_end_to_end_seconds_bucket{job="kronika", stage="view", source="canary", le="2"}[WINDOW]))\n'
        '    / (sum by (namespace) (rate(kronika_end_to_end_seconds_count{job="kronika", stage="view", source="canary"}[WINDOW])) > 0),\n'
        '    "by", "canary", "", "")\n'
        '  or label_replace(avg_over_time(kronika:freshness_bad:bool[WINDOW]), "by", "stages", "", "")\n'
        ')'),
    Slo("availability", "Availability", 0.999, "a call to the gateway is answered, if only by telling the caller his mistake",
        f'sum by (namespace) (rate(grpc_server_handled_total{{job="kronika", component="gateway", {FAILED}}}[WINDOW]))\n'
        '/ (sum by (namespace) (rate(grpc_server_handled_total{job="kronika", component="gateway"}[WINDOW])) > 0)',
        floor=f'sum by (namespace) (increase(grpc_server_handled_total{{job="kronika", component="gateway", {FAILED}}}[LONG])) >= 20',
        dashboard="kronika-gateway"),
    Slo("latency", "Latency", 0.99, "a call to the gateway is answered within 50 ms",
        '1 - sum by (namespace) (rate(grpc_server_handling_seconds_bucket{job="kronika", component="gateway", le="0.05"}[WINDOW]))\n'
        '/ (sum by (namespace) (rate(grpc_server_handling_seconds_count{job="kronika", component="gateway"}[WINDOW])) > 0)',
        floor='sum by (namespace) (increase(grpc_server_handling_seconds_count{job="kronika", component="gateway"}[LONG])) >= 100',
        dashboard="kronika-gateway"),
    Slo("ingest", "Ingest", 0.999, "a message is answered by an edge, and within 1 s",
        '(\n'
        '  sum by (namespace) (rate(kronika_ingest_messages_total{job="kronika", outcome="unavailable"}[WINDOW]))\n'
        '  + sum by (namespace) (rate(kronika_ingest_ack_seconds_count{job="kronika"}[WINDOW]))\n'
        '  - sum by (namespace) (rate(kronika_ingest_ack_seconds_bucket{job="kronika", le="1"}[WINDOW]))\n'
        ')\n'
        '/ (sum by (namespace) (rate(kronika_ingest_messages_total{job="kronika"}[WINDOW])) > 0)',
        floor='sum by (namespace) (increase(kronika_ingest_messages_total{job="kronika"}[LONG])) >= 100',
        dashboard="kronika-flow"),
]


def rule_name(slo: Slo, window: str) -> str:
    return f"kronika:{slo.name}_bad:ratio_rate{window}"


def indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())


def recording_rules(slo: Slo) -> str:
    out = [f"  - name: kronika-slo-{slo.name}", "    interval: 30s", "    rules:"]
    for window in WINDOWS:
        out += [f"      - record: {rule_name(slo, window)}", "        expr: |",
                indent(slo.bad_ratio.replace("WINDOW", window), 10)]
    out += [f"      - record: kronika:{slo.name}_budget_left:ratio",
            "        expr: |",
            f"          1 - {rule_name(slo, '3d')} / {slo.budget:g}"]
    return "\n".join(out)


def alert(slo: Slo, suffix: str, severity: str, hold: str, rates) -> str:
    parts = []
    for burn, short, long in rates:
        limit = f"{burn:g} * {slo.budget:g}"
        one = f"({rule_name(slo, short)} > {limit} and {rule_name(slo, long)} > {limit})"
        if slo.floor:
            one += "\nand on (namespace) " + slo.floor.replace("LONG", long)
        parts.append(one)
    expr = parts[0] if len(parts) == 1 else "\nor\n".join(f"(\n{indent(p, 2)}\n)" for p in parts)
    month = {"FastBurn": "2 % an hour", "SlowBurn": "5 % in six hours", "Ticket": "faster than it is given"}[suffix]
    name = f"Kronika{slo.title}{suffix}"
    return "\n".join([
        f"      - alert: {name}", "        expr: |", indent(expr, 10), f"        for: {hold}",
        "        labels:", f"          severity: {severity}", f"          slo: {slo.name}",
        "        annotations:",
        f"          summary: The {slo.name} budget of {{{{ $labels.namespace }}}} is used up at {month}",
        f"          description: >-",
        f"            {{{{ $value | humanizePercentage }}}} of the short window was bad; {slo.budget:.1%} may be. Good: {slo.good}.",
        f"          dashboard_uid: {slo.dashboard}",
        f"          runbook_url: docs/runbooks/{name}.md"])


def render() -> str:
    out = ["# Generated by deploy/tools/generate.py from deploy/tools/kronika_deploy/slo.py; a test compares.",
           "# Service levels over 30 days: share of bad events by window, budget left, burn-rate alerts.", "groups:"]
    out += [recording_rules(slo) for slo in SLOS]
    for slo in SLOS:
        out += [f"  - name: kronika-slo-{slo.name}-alerts", "    rules:"]
        out += [alert(slo, *row) for row in ALERTS]
    return "\n".join(out) + "\n"
