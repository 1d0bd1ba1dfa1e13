#!/usr/bin/env python3
"""The demonstration with TLS both ways and ACLs: a local broker that refuses what no right allows, each component with its own
certificate, the gateway with a certificate, new certificates while it runs. Then one right at a time is taken away, and the component must end with
one sentence that names it.

  tests/operations/secured.py        some three minutes; exit 77 where the programs are not built
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import time

from stack import ROOT, SKIPPED, Failed, Stack, await_true, built, stack_bin, value

# Right taken away -> what the component must say.
TAKEN = [
    ("citizen", "Read Topic literal maaling", "lacks the ACL Read on topic maaling"),
    ("citizen", "Read Group literal kronika-citizen", "lacks the ACL Read on group kronika-citizen"),
    ("citizen", "Write TransactionalId prefixed kronika-citizen-", "lacks the ACL Write on transactional id kronika-citizen-"),
    ("citizen", "Write Topic literal citizen-state", "lacks the ACL Write on topic"),
    ("indicators", "Read Topic literal indicator-delta", "lacks the ACL Read on topic indicator-delta"),
    ("gateway", "Read Topic literal citizen-state", "lacks the ACL"),
]


def rights(stack, component, right, *arguments):
    secure = stack.folder / "data/secure"
    done = subprocess.run(["java", "-cp", f"{ROOT}/var/kafka/lib/*", f"{ROOT}/deploy/local/kafka/GrantRights.java",
                           secure / "admin.properties", *arguments], input=f"{component} {right}\n", capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"rights: {done.stderr[-300:]}")


def certificate(stack, user):
    secure = stack.folder / "data/secure"
    return {"KRONIKA_KAFKA_SSL_CERTIFICATE_FILE": str(secure / f"{user}.pem"), "KRONIKA_KAFKA_SSL_KEY_FILE": str(secure / f"{user}.key")}


def last_error(text):
    found = re.findall(r'"error":"((?:[^"\\]|\\.)*)"', text)
    return found[-1] if found else text.strip()[-300:]


def refused(stack, component, right, sentence):
    """The component without that right, with a store of its own: its exit code and what it says."""
    rights(stack, component, right, "take")
    try:
        # The instance of the running one has stopped: the same name, so that nobody waits for a session to pass.
        section = component.upper()
        env = {**stack.env, "KRONIKA_DATA_DIR": str(stack.folder / f"without-{component}"),
               **certificate(stack, component),
               f"KRONIKA_{section}_METRICS_PORT": str(stack.base + 27), f"KRONIKA_{section}_HEALTH_PORT": "0"}
        if component == "gateway":
            env["KRONIKA_GATEWAY_PORT"] = str(stack.base + 28)
        done = subprocess.run([stack_bin() / f"kronika-{component}"], env=env, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{component} without {right} goes on: {(error.stdout or b'')[-600:]}") from error
    finally:
        rights(stack, component, right)
    said = last_error(done.stdout + done.stderr)
    print(f"  {component} without {right}: exit {done.returncode}: {said}")
    if done.returncode not in (2, 3) or sentence not in said:
        raise Failed(f"{component} without {right}: wanted exit 2 and '{sentence}'")


def main():
    if built() is None:
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="kronika-secured-") as name:
        folder = pathlib.Path(name)
        with Stack(folder, KRONIKA_LOCAL_SECURE="yes", KRONIKA_GATEWAY_CANARY_INTERVAL_MS="3000") as stack:
            begun = time.monotonic()
            stack.ask("publish", "data/samples", allowed=(0, 1))
            stack.ask("simulate", "--citizens", 30, "--months", 12, "--publish")
            await_true("the canary in all stages", 60, lambda: all(
                len(stack.scrape(p).get("kronika_canary_last_seen_timestamp_seconds", {})) == 6 for p in ("citizen", "indicators", "gateway")))
            stack.ask("status")
            stack.ask("verify")
            print(f"the demonstration, secured: verified after {time.monotonic() - begun:.0f} s")
            for process in ("citizen", "gateway"):
                if value(stack.scrape(process), "kronika_certificate_not_after_timestamp_seconds") < time.time():
                    raise Failed(f"{process} does not show when its certificates end")

            code, text = stack.run("status", KRONIKA_CLI_GATEWAY_CA_FILE="")
            if code == 0:
                raise Failed("the gateway answers in plaintext")
            code, text = stack.run("publish", "data/samples/native", **certificate(stack, "indicators"))
            if code == 0 or "lacks the ACL Write on topic" not in text:
                raise Failed(f"a user without the right publishes: exit {code}: {text[-300:]}")

            # New certificates without a restart.
            secure = folder / "data/secure"
            for file in (secure / "citizen.pem", secure / "citizen.key", secure / "gateway-tls.pem", secure / "gateway-tls.key"):
                file.write_bytes(file.read_bytes())
            await_true("new Kafka clients of the citizen consumer", 40,
                       lambda: "CERTIFICATES_CHANGED" in (folder / "data/log/citizen.log").read_text())
            stack.ask("simulate", "--citizens", 5, "--months", 3, "--seed", 9, "--publish")
            stack.ask("verify")

            stack.script("stop")
            stack.script("start", "kafka")
            stack.ask("simulate", "--citizens", 5, "--months", 3, "--seed", 10, "--publish")  # so that there is something to write
            for taken in TAKEN:
                refused(stack, *taken)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        print(error)
        sys.exit(1)
