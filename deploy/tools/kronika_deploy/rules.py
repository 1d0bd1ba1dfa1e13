"""Checks of deploy/prometheus: rules, their tests, the Alertmanager file, and that each alert has its page and its test."""

import re
import subprocess

import yaml

from . import slo
from .common import ROOT, command

FOLDER = ROOT / "deploy/prometheus"
RUNBOOKS = ROOT / "docs/runbooks"
SECTIONS = ["Meaning", "Impact", "First minute", "Diagnosis", "Mitigation", "Afterwards"]


def rule_files():
    return sorted((FOLDER / "rules").glob("*.yaml"))


def groups():
    for path in rule_files():
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield path, group


def alerts():
    for _, group in groups():
        for rule in group["rules"]:
            if "alert" in rule:
                yield rule


def recordings():
    for _, group in groups():
        for rule in group["rules"]:
            if "record" in rule:
                yield rule


def check_syntax():
    yield from command(["promtool", "check", "rules", "--lint=all", "--lint-fatal", *map(str, rule_files())])
    yield from command(["promtool", "check", "config", str(FOLDER / "prometheus.yaml")])


def check_behaviour(path):
    """One file of promtool unit tests."""
    yield from command(["promtool", "test", "rules", str(path)])


def behaviour_tests():
    return sorted((FOLDER / "tests").glob("*.yaml"))


# What an alert with these labels leads to.
ROUTES = [
    ({"alertname": "KronikaWatchdog", "severity": "none"}, "watchdog"),
    ({"alertname": "KronikaPartitionStalled", "severity": "critical", "slo": "freshness"}, "pager"),
    ({"alertname": "KronikaLatencyFastBurn", "severity": "critical", "slo": "latency"}, "pager"),
    ({"alertname": "KronikaLossDetected", "severity": "critical", "slo": "loss"}, "pager"),
    ({"alertname": "KronikaDeadLettersOld", "severity": "warning", "slo": "loss"}, "tickets"),
    ({"alertname": "KronikaDiskFilling", "severity": "warning", "slo": "freshness"}, "tickets"),
    ({"alertname": "KronikaCareTimersOverdue", "severity": "warning", "slo": "care"}, "care"),
    ({"alertname": "KronikaBreakGlass", "severity": "info"}, "record"),
    ({"alertname": "SomebodyElses", "severity": "critical"}, "tickets"),
]


def check_alertmanager():
    path = FOLDER / "alertmanager.yaml"
    yield from command(["amtool", "check-config", str(path)])
    for labels, receiver in ROUTES:
        yield from command(["amtool", "config", "routes", "test", f"--config.file={path}", f"--verify.receivers={receiver}",
                            *(f"{key}={value}" for key, value in labels.items())])
    yield from check_inhibition(yaml.safe_load(path.read_text()))


def matches(matchers, labels):
    """Alertmanager's matchers on a set of labels; regular expressions are anchored."""
    for matcher in matchers:
        name, op, value = re.fullmatch(r'(\w+)\s*(=~|!~|!=|=)\s*"(.*)"', matcher).groups()
        have = labels.get(name, "")
        found = re.fullmatch(value, have) is not None if "~" in op else have == value
        if found == op.startswith("!"):
            return False
    return True


def inhibited(config, source, target):
    """Whether SOURCE, firing, keeps TARGET from being sent."""
    return any(
        matches(rule["source_matchers"], source) and matches(rule["target_matchers"], target)
        and all(source.get(name, "") == target.get(name, "") for name in rule["equal"])
        for rule in config["inhibit_rules"])


def check_inhibition(config):
    """amtool 0.25 cannot test inhibition, so its meaning is computed here."""
    by_name = {rule["alert"]: {"alertname": rule["alert"], "namespace": "n", **rule["labels"]} for rule in alerts()}
    kafka = by_name["KronikaKafkaUnreachable"]
    for name, labels in by_name.items():
        expected = name not in ("KronikaKafkaUnreachable", "KronikaWatchdog")
        if inhibited(config, kafka, labels) != expected:
            yield f"alertmanager.yaml: KronikaKafkaUnreachable should {'' if expected else 'not '}silence {name}"
        if inhibited(config, kafka, {**labels, "namespace": "other"}):
            yield f"alertmanager.yaml: an alert of one namespace silences {name} of another"
        if inhibited(config, labels, labels):
            yield f"alertmanager.yaml: {name} silences itself"
        if labels["severity"] == "warning" and any(inhibited(config, labels, other) for other in by_name.values()
                                                   if other["severity"] == "critical"):
            yield f"alertmanager.yaml: the ticket {name} silences a page"


def check_form():
    """What every rule of ours must have."""
    names = set()
    for rule in alerts():
        name = rule["alert"]
        if name in names:
            yield f"{name}: two alerts of this name"
        names.add(name)
        if not re.fullmatch(r"Kronika([A-Z][a-z]+)+", name):
            yield f"{name}: not CamelCase with the prefix Kronika"
        if rule["labels"].get("severity") not in ("critical", "warning", "info", "none"):
            yield f"{name}: severity is none of critical, warning, info, none"
        if "slo" not in rule["labels"]:
            yield f"{name}: no label slo"
        notes = rule["annotations"]
        for key in ("summary", "description", "dashboard_uid", "runbook_url"):
            if not notes.get(key):
                yield f"{name}: no annotation {key}"
        if "$value | humanize" not in notes.get("description", ""):
            yield f"{name}: the description does not show the value"
        if notes.get("runbook_url") != f"docs/runbooks/{name}.md":
            yield f"{name}: runbook_url is not docs/runbooks/{name}.md"
        if "for" not in rule and name not in ("KronikaWatchdog", "KronikaFatalClient"):
            yield f"{name}: no duration (for)"
    for rule in recordings():
        if not re.fullmatch(r"kronika:[a-z_0-9]+:[a-z_0-9]+", rule["record"]):
            yield f"{rule['record']}: not kronika:what:how"
    tested = "".join(path.read_text() for path in behaviour_tests())
    burns = tuple(row[0] for row in slo.ALERTS)
    for name in sorted(names):
        suffix = next((s for s in burns if name.endswith(s)), None)
        patterns = [rf'"{name}"'] if suffix is None else [rf"Kronika\w*{suffix}", r"\(Fast\|Slow\)Burn"]
        if not any(re.search(p, tested) for p in patterns):
            yield f"{name}: no test in deploy/prometheus/tests names it"


def first_minute(name):
    """The commands that the page of an alert begins with."""
    first = (RUNBOOKS / f"{name}.md").read_text().partition("## First minute")[2].partition("\n## ")[0]
    return [line.strip() for line in first.splitlines() if line.startswith("    ")]


def query_of(command):
    """The expression that a command asks Prometheus for; None where it asks for something else."""
    found = re.fullmatch(r"promtool query instant \$PROMETHEUS '(.*)'", command)
    return found and found[1]


def check_runbooks():
    names = {rule["alert"] for rule in alerts()}
    pages = {path.stem for path in RUNBOOKS.glob("Kronika*.md")}
    for name in sorted(names - pages):
        yield f"docs/runbooks/{name}.md is missing"
    for name in sorted(pages - names):
        yield f"docs/runbooks/{name}.md: no alert has this name"
    for name in sorted(names & pages):
        text = (RUNBOOKS / f"{name}.md").read_text()
        if not text.startswith(f"# {name}\n"):
            yield f"docs/runbooks/{name}.md: the title is not the alert's name"
        found = re.findall(r"(?m)^## (.*)$", text)
        if found != SECTIONS:
            yield f"docs/runbooks/{name}.md: sections are {found}, not {SECTIONS}"
        commands = first_minute(name)
        if len(commands) != 3:
            yield f"docs/runbooks/{name}.md: the first minute has {len(commands)} commands, not three"
    index = (RUNBOOKS / "README.md").read_text()
    for name in sorted(names):
        if f"]({name}.md)" not in index:
            yield f"docs/runbooks/README.md does not list {name}"
