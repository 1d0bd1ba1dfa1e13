#!/usr/bin/env python3
"""All checks of deploy/ that need neither a cluster nor a running kronika. Prints a line a check, and the findings;
exit 1 if there is one. `make check-deploy` runs it with the tools that `scripts/setup.sh deploy` installed.

  deploy/tools/check.py [NAME...]    only the checks whose name contains one of these
  deploy/tools/check.py --self       checks that the checks can fail
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import generate
from kronika_deploy import container, dashboard_checks, kafka, kubernetes, rules, selftest


def checks():
    """Name and generator of findings of each check."""
    yield "generated files are fresh", generate.check_drift
    yield "rules: syntax", rules.check_syntax
    yield "rules: form", rules.check_form
    for path in rules.behaviour_tests():
        yield f"rules: {path.stem}", lambda path=path: rules.check_behaviour(path)
    yield "alertmanager: routes and inhibition", rules.check_alertmanager
    yield "runbooks", rules.check_runbooks
    yield "expressions ask for what is served", dashboard_checks.check_expressions
    yield "dashboards: form", dashboard_checks.check_form
    yield "dashboards: Grafana's own types", dashboard_checks.check_types
    yield "container: hadolint", container.check_lint
    yield "container: form", container.check_form
    yield "container: libraries are those that the programs link", container.check_packages
    yield "kubernetes: topics are those of the code", kafka.check_topics
    yield "kubernetes: users may do what the code does", kafka.check_users
    for overlay in kubernetes.OVERLAYS:
        yield f"kubernetes: schemas, {overlay}", lambda overlay=overlay: kubernetes.check_schema(overlay)
    for overlay in kubernetes.OVERLAYS:
        yield f"kubernetes: our rules, {overlay}", lambda overlay=overlay: kubernetes.check_policy(overlay)
    for overlay in kubernetes.OVERLAYS:
        yield f"kubernetes: dry run of rules, {overlay}", lambda overlay=overlay: kubernetes.check_rules(overlay)
    yield "kubernetes: overlays agree", kubernetes.check_consistency


def timed(check):
    begin = time.monotonic()
    try:
        findings = list(check())
    except Exception as error:  # a check that breaks must not pass
        findings = [f"the check itself broke: {error!r}"]
    return findings, time.monotonic() - begin


def main() -> int:
    if "--self" in sys.argv:
        findings = list(selftest.check())
        print("\n".join(findings) or "the checks can fail")
        return 1 if findings else 0
    wanted = sys.argv[1:]
    selected = [(name, check) for name, check in checks() if not wanted or any(w in name for w in wanted)]
    bad = 0
    with ThreadPoolExecutor(max_workers=3) as pool:
        running = [(name, pool.submit(timed, check)) for name, check in selected]
        for name, future in running:
            findings, seconds = future.result()
            print(f"{'FAILED' if findings else 'ok':6} {seconds:5.1f} s  {name}", flush=True)
            for finding in findings:
                print("       " + finding.replace("\n", "\n       "))
            bad += bool(findings)
    print(f"{len(selected) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
