"""Planted faults: each check is shown one and must find it."""

from . import rules


def expect(found, what):
    if not list(found):
        yield f"a planted fault was not found: {what}"


def check():
    config = {"inhibit_rules": [{"source_matchers": ['severity = "warning"'], "target_matchers": ['alertname =~ "Kronika.*"'],
                                 "equal": []}]}
    yield from expect(rules.check_inhibition(config), "a ticket that silences pages")
    if rules.matches(['a =~ "x"'], {"a": "xy"}):
        yield "a planted fault was not found: matchers are anchored"
