"""What an expression of PromQL asks for, and whether there is such a thing."""

import re

import promql_parser

# Series of the cluster's own exporters that our rules read; they are not in metrics.txt.
EXTERNAL = {
    "kubelet_volume_stats_available_bytes": "kubelet",
    "kubelet_volume_stats_capacity_bytes": "kubelet",
    "kube_pod_container_resource_limits": "kube-state-metrics",
    "certmanager_certificate_expiration_timestamp_seconds": "cert-manager",
}
BUILT_IN = {"up", "ALERTS"}
# Served once there was one, which the run that writes metrics.txt does not provoke; docs/operations.md lists them in brackets.
RARE = {"kronika_transaction_aborts_total"}
TARGET_LABELS = {"job", "namespace", "component", "pod", "instance"}

PLACEHOLDERS = {"$__rate_interval": "1m", "$__interval": "30s", "$__range": "1h", "$namespace": "local", "$component": ".*", "$sender": ".*"}


def concrete(expression: str, values=None) -> str:
    """A panel's expression with Grafana's variables filled in."""
    for name, value in {**PLACEHOLDERS, **(values or {})}.items():
        expression = expression.replace(name, value)
    return expression


def _children(node):
    for key in ("lhs", "rhs", "expr", "vector_selector", "param"):
        child = getattr(node, key, None)
        if child is not None:
            yield child
    yield from getattr(node, "args", None) or []


def selectors(expression: str):
    """Every vector selector in it."""
    stack = [promql_parser.parse(expression)]
    while stack:
        node = stack.pop()
        if isinstance(node, promql_parser.VectorSelector):
            yield node
        else:
            stack.extend(child for child in _children(node) if hasattr(child, "prettify"))


def text_of(selector) -> str:
    """The selector alone, without offset."""
    inner = ", ".join(f'{m.name}{ {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}[str(m.op).rpartition(".")[2]] }"{m.value}"'
                      for m in selector.matchers.matchers)
    return f"{selector.name}{{{inner}}}"


def family(name: str, metrics) -> str:
    """A histogram's or summary's series carry a suffix."""
    if name in metrics:
        return name
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if base in metrics and metrics[base]["type"] in ("histogram", "summary") else name


def read_metrics(path):
    """deploy/prometheus/metrics.txt: a family a line: name type components labels."""
    out = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            name, kind, components, labels = line.split()
            out[name] = {"type": kind, "components": set(components.split(",")), "labels": set() if labels == "-" else set(labels.split(","))}
    return out


def findings(expression: str, metrics, recorded):
    """Why this expression can give nothing: syntax, a metric that nobody serves, a label that it does not have."""
    try:
        found = list(selectors(expression))
    except Exception as error:
        yield f"does not parse: {error}: {expression}"
        return
    for selector in found:
        name = selector.name
        if name in BUILT_IN or name in EXTERNAL or name in RARE or name in recorded:
            continue
        base = family(name, metrics)
        if base not in metrics:
            yield f"no process serves {name}"
            continue
        known = metrics[base]["labels"] | TARGET_LABELS | ({"le"} if name.endswith("_bucket") else set())
        for matcher in selector.matchers.matchers:
            if matcher.name not in known:
                yield f"{name} has no label {matcher.name}"
            if matcher.name == "component" and str(matcher.op).endswith("Equal") and "Not" not in str(matcher.op) \
                    and matcher.value not in metrics[base]["components"]:
                yield f"{name} is not served by {matcher.value}"
