#!/usr/bin/env python3
"""The demonstration on a broker that refuses what no right allows, TLS on every way, once with users known by their certificates and
once by their passwords. Each component has its own user, with the rights of deploy/k8s/kafka/users.yaml and no other. While it runs, and
without a restart of ours: certificates of a new authority, the old one withdrawn from the broker; new sealing keys; new passwords.
Then who is turned away: strangers, a wrong password, a component that lacks a right, each in one sentence.

  tests/operations/secured.py        some three minutes; exit 77 where the programs are not built
"""

import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from local_authority import LocalAuthority
from stack import ROOT, SKIPPED, Failed, Stack, await_true, built, stack_bin, value

PROGRAMS = ["citizen", "indicators", "gateway", "edge-grpc", "edge-fhir", "edge-mllp"]
USERS = ["edge", "citizen", "indicators", "gateway", "operator", "publication", "rules"]
# Rights taken away at a time, one a component -> what it must say.
TAKEN = [
    {"citizen": ("Read Topic literal maaling", "lacks the ACL Read on topic maaling"),
     "indicators": ("Read Topic literal indicator-delta", "lacks the ACL Read on topic indicator-delta"),
     "gateway": ("Read Topic literal citizen-state", "lacks the ACL")},
    {"citizen": ("Read Group literal kronika-citizen", "lacks the ACL Read on group kronika-citizen")},
    {"citizen": ("Write TransactionalId prefixed kronika-citizen-", "lacks the ACL Write on transactional id kronika-citizen-")},
    {"citizen": ("Write Topic literal citizen-state", "lacks the ACL Write on topic")},
]


BEGUN = time.monotonic()


def say(what):
    print(f"{time.monotonic() - BEGUN:4.0f} s  {what}", flush=True)


def user(stack, name):
    """The settings by which a command or a program is this user."""
    secure = stack.folder / "data/secure"
    if stack.env["KRONIKA_LOCAL_SECURE"] == "password":
        return {"KRONIKA_KAFKA_SASL_USERNAME": name, "KRONIKA_KAFKA_SASL_PASSWORD_FILE": str(secure / f"{name}.password")}
    return {"KRONIKA_KAFKA_SSL_CERTIFICATE_FILE": str(secure / f"{name}.pem"), "KRONIKA_KAFKA_SSL_KEY_FILE": str(secure / f"{name}.key")}


def send(stack, file="data/samples/fhir-dk/kol-referral-chain.json"):
    """A message through the FHIR door: its status."""
    url = f"http://127.0.0.1:{stack.env['KRONIKA_EDGE_FHIR_PORT']}/fhir"
    request = urllib.request.Request(url, (ROOT / file).read_bytes(), {"Content-Type": "application/fhir+json"})
    try:
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as refused:
        return refused.code


def logged(stack, name, code):
    return (stack.folder / f"data/log/{name}.log").read_text().count(f'"code":"{code}"')


def must(condition, sentence):
    if not condition:
        raise Failed(sentence)


def turned_away(stack, what, *command, wanted="", **settings):
    code, text = stack.run(*command, seconds=60, **settings)
    must(code != 0 and wanted in text, f"{what}: exit {code}, wanted '{wanted}': {text.strip()[-300:]}")
    return text.strip().splitlines()[-1]


def demonstrate(stack, seed):
    stack.ask("publish", "data/samples", allowed=(0, 1))
    stack.ask("simulate", "--citizens", 30, "--months", 12, "--seed", seed, "--publish")
    must(send(stack) == 200, "the FHIR door does not take a message")
    await_true("the canary in all stages", 60, lambda: all(
        len(stack.scrape(p).get("kronika_canary_last_seen_timestamp_seconds", {})) == 6 for p in PROGRAMS[:3]))
    verified(stack)
    for arguments in (("status",), ("dead-letters", "list"), ("codes", "unknown"), ("topics", "check")):
        stack.ask(*arguments)
    code, text = stack.run("publication", "create", "I-01", "2026Q2", **user(stack, "publication"))
    must("uthoriz" not in text, f"publication create: exit {code}: {text[-300:]}")
    code, text = stack.run("verify", "--rules", "configured", **user(stack, "rules"))
    must(code == 0, f"a dry run of the rules in force finds changes: exit {code}: {text[-300:]}")
    for name in PROGRAMS:
        must("uthoriz" not in (stack.folder / f"data/log/{name}.log").read_text(), f"{name} was refused something")


def verified(stack):
    await_true("everything published is in states, cells and view", 60, lambda: stack.run("verify")[0] == 0, every=2)


def strangers(stack):
    """Nobody without certificate, and nobody with another's."""
    turned_away(stack, "a client in plaintext", "topics", "check", "--kafka.request_timeout_ms=3000", KRONIKA_KAFKA_SECURITY_PROTOCOL="plaintext",
                KRONIKA_KAFKA_SSL_CA_FILE="", KRONIKA_KAFKA_SSL_CERTIFICATE_FILE="", KRONIKA_KAFKA_SSL_KEY_FILE="")
    turned_away(stack, "a client without certificate", "topics", "check", "--kafka.request_timeout_ms=3000",
                KRONIKA_KAFKA_SSL_CERTIFICATE_FILE="", KRONIKA_KAFKA_SSL_KEY_FILE="")
    turned_away(stack, "a caller of the gateway in plaintext", "status", KRONIKA_CLI_GATEWAY_CA_FILE="")
    said = turned_away(stack, "a user without the right publishes", "publish", "data/samples/native", wanted="lacks the ACL Write on topic",
                       **user(stack, "indicators"))
    print(f"  publish as indicators: {said}")


def renew_certificates_and_keys(stack):
    """As an operator does it, sealing keys beside it: the broker learns the new authority, everyone gets a certificate of it, the broker forgets the old one."""
    secure = stack.folder / "data/secure"
    for kind in ("pem", "key"):
        shutil.copy(secure / f"operator.{kind}", secure / f"old-operator.{kind}")
    stack.ask("keys", "make")
    authority = LocalAuthority(secure)
    authority.broker_trusts("ca.pem", "next.pem")
    stack.restart_kafka()
    say("the broker trusts both authorities")
    authority.clients_trust_both()
    for name in [*USERS, "admin"]:
        authority.issue(name, name)
    authority.issue("gateway-tls", "kronika-gateway")
    authority.broker_shows_its_certificate("admin")
    await_true("every process has new Kafka clients", 40, lambda: all(logged(stack, p, "CERTIFICATES_CHANGED") for p in PROGRAMS))
    await_true("the doors seal with the key of the month", 20, lambda: all(
        value(stack.scrape(d), "kronika_seal_key_not_after_timestamp_seconds") > time.time() for d in PROGRAMS[3:]))
    say("everyone has a certificate of the new one")
    authority.issue("broker", "kronika-broker")
    authority.broker_shows_its_certificate()
    authority.broker_trusts("next.pem")
    stack.restart_kafka()
    turned_away(stack, "the old certificate", "topics", "check", "--kafka.request_timeout_ms=3000", **user(stack, "old-operator"))


def renew_passwords(stack):
    secure = stack.folder / "data/secure"
    for name in USERS:
        (secure / f"{name}.password").write_text(secrets.token_hex(16) + "\n")
    stack.restart_kafka()


def goes_on(stack, seed, pids):
    """What is sent now arrives, through each process, and none of them was started again."""
    await_true("the FHIR door takes a message", 60, lambda: send(stack) == 200, every=1)
    say("the door takes messages")
    stack.ask("simulate", "--citizens", 5, "--months", 3, "--seed", seed, "--publish")
    since = time.time()
    await_true("canaries of now in all stages", 60, lambda: all(
        min(stack.scrape(p).get("kronika_canary_last_seen_timestamp_seconds", {"": 0}).values()) > since for p in PROGRAMS[:3]))
    say("canaries of now in all stages")
    verified(stack)
    must(pids == {p: stack.pid(p) for p in PROGRAMS}, "a process was started again")
    must(stack.run("status")[0] == 0, "the gateway does not answer")


def rights(stack, lines, *arguments):
    secure = stack.folder / "data/secure"
    done = subprocess.run(["java", "-cp", f"{ROOT}/var/kafka/lib/*", f"{ROOT}/deploy/local/kafka/GrantRights.java",
                           secure / "admin.properties", *arguments], input="\n".join(lines) + "\n", capture_output=True, text=True)
    must(done.returncode == 0, f"rights: {done.stderr[-300:]}")


def last_error(text):
    found = re.findall(r'"error":"((?:[^"\\]|\\.)*)"', text)
    return found[-1] if found else text.strip()[-300:]


def start_beside(stack, component, **settings):
    """The component once more, with a store of its own. The instance of the stack's own has stopped: the same name, so that nobody
    waits for a session to pass."""
    section = component.upper().replace("-", "_")
    port = stack.base + 26 + PROGRAMS.index(component) % 3
    env = {**stack.env, "KRONIKA_DATA_DIR": str(stack.folder / f"without-{component}"), **user(stack, component.split("-")[0]),
           f"KRONIKA_{section}_METRICS_PORT": str(port), f"KRONIKA_{section}_HEALTH_PORT": "0", **settings}
    return subprocess.Popen([stack_bin() / f"kronika-{component}"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ends_saying(children):
    """Each of {component: (process, what it lacks, sentence)} ends with exit code 2 and its sentence."""
    for component, (child, what, sentence) in children.items():
        try:
            text = child.communicate(timeout=90)[0]
        except subprocess.TimeoutExpired:
            child.kill()
            raise Failed(f"{component} {what} goes on: {child.communicate()[0][-600:]}") from None
        said = last_error(text)
        print(f"  {component} {what}: exit {child.returncode}: {said}")
        must(child.returncode == 2 and sentence in said, f"{component} {what}: wanted exit 2 and '{sentence}'")


def wrong_passwords(stack):
    wrong = stack.folder / "wrong.password"
    wrong.write_text("not this one\n")
    wrong.chmod(0o600)
    given = {"KRONIKA_KAFKA_SASL_PASSWORD_FILE": str(wrong)}
    ends_saying({c: (start_beside(stack, c, **given), "with a wrong password", f"Kafka does not take user {c.split('-')[0]} with this password")
                 for c in ("citizen", "gateway", "edge-fhir")})
    for command in (("topics", "check"), ("publish", "data/samples/native")):
        said = turned_away(stack, " ".join(command), *command, wanted="Kafka does not take user operator with this password", **given)
        print(f"  {' '.join(command)} with a wrong password: {said}")


def without_rights(stack):
    stack.ask("simulate", "--citizens", 5, "--months", 3, "--seed", 10, "--publish")  # so that there is something to write
    for taken in TAKEN:
        lines = [f"{component} {right}" for component, (right, _) in taken.items()]
        rights(stack, lines, "take")
        try:
            ends_saying({c: (start_beside(stack, c), f"without {right}", sentence) for c, (right, sentence) in taken.items()})
        finally:
            rights(stack, lines)


def main():
    if built() is None:
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="kronika-secured-") as name:
        with Stack(pathlib.Path(name), KRONIKA_LOCAL_SECURE="yes", KRONIKA_GATEWAY_CANARY_INTERVAL_MS="3000") as stack:
            say("runs, users known by certificates")
            pids = {p: stack.pid(p) for p in PROGRAMS}
            goes_on(stack, 1, pids)
            for process in PROGRAMS:
                must(value(stack.scrape(process), "kronika_certificate_not_after_timestamp_seconds") > time.time(),
                     f"{process} does not show when its certificates end")
            strangers(stack)
            renew_certificates_and_keys(stack)
            goes_on(stack, 2, pids)
            say("certificates of a new authority and new sealing keys, verified")

            stack.script("stop")
            stack.env["KRONIKA_LOCAL_SECURE"] = "password"
            stack.script("start")
            stack.read_settings()
            say("runs, users known by passwords")
            demonstrate(stack, 3)
            say("the demonstration, verified")
            pids = {p: stack.pid(p) for p in PROGRAMS}
            renew_passwords(stack)
            goes_on(stack, 4, pids)
            say("new passwords, verified")

            stack.script("stop")
            stack.script("start", "kafka")
            wrong_passwords(stack)
            without_rights(stack)
            say("wrong passwords and missing rights are told")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        print(error)
        sys.exit(1)
