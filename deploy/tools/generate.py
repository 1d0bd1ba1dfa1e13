#!/usr/bin/env python3
"""Writes what deploy/ generates from code; --check compares instead, exit 1 where a file differs.

  deploy/tools/generate.py [--check]
"""

import pathlib
import sys

from kronika_deploy import dashboards, kafka, kubernetes, slo

ROOT = pathlib.Path(__file__).resolve().parents[2]


def outputs():
    """Every generated file with its content."""
    out = {ROOT / "deploy/prometheus/rules/slo.yaml": slo.render()}
    boards = dashboards.all_dashboards()
    for board in boards:
        out[ROOT / f"deploy/grafana/{board.uid}.json"] = board.text(boards)
    k8s = ROOT / "deploy/k8s"
    out[k8s / "kafka/topics.yaml"] = kafka.topics_yaml()
    out[k8s / "kafka/users.yaml"] = kafka.users_yaml()
    for name, groups in kubernetes.rule_objects().items():
        out[k8s / f"monitoring/{name}.yaml"] = kubernetes.rule_yaml(name, groups)
    return out


def stale():
    return {path: text for path, text in outputs().items() if not path.exists() or path.read_text() != text}


def check_drift():
    for path in stale():
        yield f"{path.relative_to(ROOT)} differs from what deploy/tools/generate.py writes: run it"


def main() -> int:
    if "--check" in sys.argv:
        findings = list(check_drift())
        print("\n".join(findings) or "fresh")
        return 1 if findings else 0
    for path, text in stale().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(f"{path.relative_to(ROOT)}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
