#!/usr/bin/env python3
"""The secured run: a broker that takes TLS with client certificates only and checks rights, and every program with its own
certificate and the rights that deploy/k8s/kafka/users.yaml gives it. The whole way of events must work and `kronika verify` must
find no difference; a program that lacks a right must end, or say so, in one clear sentence.

  deploy/tools/secured_test.py [--keep]

KRONIKA_PRESET says which build's programs run. Exit code 77 where they are not built.
"""

import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from kronika_deploy import kafka
from kronika_deploy.authority import Authority
from kronika_deploy.common import ROOT, environment
from live_test import SKIPPED, free_base

PROGRAMS = ["citizen", "indicators", "gateway"]


class Run:
    def __init__(self, folder, preset):
        self.folder, self.preset = folder, preset
        self.base = free_base(10)
        self.broker = f"127.0.0.1:{self.base}"
        self.authority = Authority(folder)
        for name in ["broker", *(f"kronika-kafka-{user}" for user in kafka.USERS)]:
            self.authority.issue(name)
        for secret in ("person-key.hex", "seal.hex"):
            path = folder / secret
            path.write_text(os.urandom(32).hex() + "\n")
            path.chmod(0o600)
        self.processes = {}

    # --- broker ---

    def start_kafka(self):
        chain = self.folder / "broker.pem"
        chain.write_text((self.folder / "broker.key").read_text() + (self.folder / "broker.crt").read_text())
        properties = self.folder / "kafka.properties"
        properties.write_text(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{self.base + 1}
listeners=SSL://{self.broker},CONTROLLER://127.0.0.1:{self.base + 1}
advertised.listeners=SSL://{self.broker}
listener.security.protocol.map=SSL:SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=SSL
ssl.keystore.type=PEM
ssl.keystore.location={chain}
ssl.truststore.type=PEM
ssl.truststore.location={self.folder}/ca.crt
ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:CN=broker;User:ANONYMOUS
log.dirs={self.folder}/kafka
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=6
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=6
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
message.max.bytes=16777216
replica.fetch.max.bytes=16777216
""")
        jars = ":".join(glob.glob(str(ROOT / "var/kafka/lib/*")))
        java = ["java", "-cp", jars, f"-Dlog4j2.configurationFile={ROOT}/deploy/local/kafka/log4j2.properties"]
        subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", str(properties)], check=True,
                       capture_output=True, cwd=self.folder)
        self.spawn("kafka", [*java, "-Xmx512m", "kafka.Kafka", str(properties)], {})
        self.await_log("kafka", "Kafka Server started", 60)

    def admin(self, user="broker"):
        from confluent_kafka.admin import AdminClient
        return AdminClient({"bootstrap.servers": self.broker, "security.protocol": "ssl", "ssl.ca.location": f"{self.folder}/ca.crt",
                            "ssl.certificate.location": f"{self.folder}/{user}.crt", "ssl.key.location": f"{self.folder}/{user}.key"})

    def grant(self):
        """The rights of users.yaml, as Strimzi would give them."""
        from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
        kinds = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "transactionalId": ResourceType.TRANSACTIONAL_ID}
        patterns = {"literal": ResourcePatternType.LITERAL, "prefix": ResourcePatternType.PREFIXED}
        operations = {"Read": AclOperation.READ, "Write": AclOperation.WRITE, "Describe": AclOperation.DESCRIBE,
                      "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS}
        wanted = [AclBinding(kinds[kind], name, patterns[pattern], f"User:CN=kronika-kafka-{user}", "*", operations[operation], AclPermissionType.ALLOW)
                  for user in kafka.USERS for kind, name, pattern, allowed in kafka.acls(user) for operation in allowed]
        admin = self.admin()  # held while it works
        for done in admin.create_acls(wanted).values():
            done.result(30)
        return len(wanted)

    def create_topics(self):
        from confluent_kafka.admin import NewTopic
        topics = [NewTopic(name, num_partitions=6, replication_factor=1, config=config) for name, config in kafka.TOPICS.items()]
        admin = self.admin()
        for done in admin.create_topics(topics).values():
            done.result(30)

    # --- programs ---

    def env(self, user, instance="pod-0"):
        clean = {k: v for k, v in environment().items() if not k.startswith("KRONIKA_")}
        return {**clean, "KRONIKA_HOME": str(ROOT), "KRONIKA_PRESET": self.preset, "KRONIKA_DATA_DIR": str(self.folder / "data"),
                "KRONIKA_INSTANCE": instance, "KRONIKA_KAFKA_BOOTSTRAP_SERVERS": self.broker,
                "KRONIKA_IDENTITY_SECRET_FILE": str(self.folder / "person-key.hex"), "KRONIKA_SEAL_KEY_FILE": str(self.folder / "seal.hex"),
                "KRONIKA_KAFKA_SECURITY_PROTOCOL": "ssl", "KRONIKA_KAFKA_SSL_CA_FILE": str(self.folder / "ca.crt"),
                "KRONIKA_KAFKA_SSL_CERTIFICATE_FILE": str(self.folder / f"kronika-kafka-{user}.crt"),
                "KRONIKA_KAFKA_SSL_KEY_FILE": str(self.folder / f"kronika-kafka-{user}.key"),
                "KRONIKA_CITIZEN_METRICS_PORT": str(self.base + 2), "KRONIKA_INDICATORS_METRICS_PORT": str(self.base + 3),
                "KRONIKA_GATEWAY_METRICS_PORT": str(self.base + 4), "KRONIKA_GATEWAY_PORT": str(self.base + 5),
                "KRONIKA_CITIZEN_HEALTH_PORT": str(self.base + 6), "KRONIKA_INDICATORS_HEALTH_PORT": str(self.base + 7),
                "KRONIKA_GATEWAY_HEALTH_PORT": str(self.base + 8)}

    def spawn(self, name, command, env):
        log = open(self.folder / f"{name}.log", "a")
        self.processes[name] = subprocess.Popen(command, env=env or environment(), stdout=log, stderr=log, cwd=self.folder)

    def program(self, name, user=None):
        self.spawn(name, [str(ROOT / f"build/{self.preset}/bin/kronika-{name}")], self.env(user or name))

    def log_of(self, name):
        return (self.folder / f"{name}.log").read_text()

    def await_log(self, name, text, seconds):
        deadline = time.monotonic() + seconds
        while text not in self.log_of(name):
            if self.processes[name].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not say '{text}': {self.log_of(name)[-1500:]}")
            time.sleep(0.2)

    def ready(self, name, seconds):
        port = self.base + 2 + PROGRAMS.index(name)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                raise RuntimeError(f"{name} ended: {self.log_of(name)[-1500:]}")
            try:
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2).read().decode()
                if 'kronika_health_serving{service="ready"} 1' in page:
                    return
            except OSError:
                pass
            time.sleep(0.3)
        raise RuntimeError(f"{name} was not ready: {self.log_of(name)[-1500:]}")

    def kronika(self, user, *arguments, codes=(0,), limit=180):
        done = subprocess.run([str(ROOT / "kronika"), *arguments], env=self.env(user), capture_output=True, text=True, timeout=limit)
        if done.returncode not in codes:
            raise RuntimeError(f"kronika {' '.join(arguments)} as {user} ended with {done.returncode}: {done.stdout[-800:]}{done.stderr[-800:]}")
        return done

    def end(self, name):
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode

    def stop(self):
        for name in [n for n in reversed(list(self.processes)) if n != "kafka"] + (["kafka"] if "kafka" in self.processes else []):
            self.end(name)


def lines(text):
    """Log lines of level warn and error."""
    out = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            out.append(line)
            continue
        if entry.get("level") in ("warn", "error"):
            out.append(line)
    return out


def good(run):
    """The whole way with every right that is needed and no other."""
    deadline = time.monotonic() + 30  # rights and topics reach the broker's authoriser a moment later
    while run.kronika("operator", "topics", "check", codes=(0, 1)).returncode != 0 and time.monotonic() < deadline:
        time.sleep(1)
    run.kronika("operator", "topics", "check")
    for name in PROGRAMS:
        run.program(name)
    for name in PROGRAMS:
        run.ready(name, 90)
    run.kronika("edge", "publish", "data/samples", codes=(0, 1))
    run.kronika("edge", "simulate", "--citizens", "300", "--months", "6", "--seed", "7", "--publish")
    deadline = time.monotonic() + 120
    while True:
        done = run.kronika("operator", "verify", codes=(0, 1))
        if done.returncode == 0:
            print("verify:", done.stdout.strip().splitlines()[-1])
            break
        if time.monotonic() > deadline:
            yield f"verify finds differences: {done.stdout[-800:]}"
            break
        time.sleep(3)
    done = run.kronika("rules", "verify", "--rules", "configured", codes=(0, 1))
    print("dry run of the rules in force:", (done.stdout.strip().splitlines() or [""])[-1])
    if done.returncode != 0:
        yield f"a dry run of the rules in force finds changes: {done.stdout[-800:]}"
    run.kronika("operator", "dead-letters", "list")
    run.kronika("operator", "codes", "unknown")
    done = run.kronika("publication", "publication", "create", "I-01", "2026Q2", codes=(0, 1))
    if "uthori" in done.stdout + done.stderr:
        yield f"publication: {done.stdout}{done.stderr}"
    for name in PROGRAMS:
        refused = [line for line in lines(run.log_of(name)) if "AUTHORIZATION" in line or "uthoriz" in line]
        if refused:
            yield f"{name} was refused something: {refused[0][:300]}"


def bad(run):
    """Who shows no certificate is turned away; a program with another's says in one sentence what it may not do."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient
    for what, more in (("in plaintext", {}), ("without a certificate", {"security.protocol": "ssl", "ssl.ca.location": f"{run.folder}/ca.crt"})):
        stranger = AdminClient({"bootstrap.servers": run.broker, "log_level": 0, **more})
        try:
            stranger.list_topics(timeout=5)
            yield f"a client {what} is let in"
        except KafkaException:
            pass
    if run.end("citizen") not in (0, -signal.SIGTERM):
        yield "citizen did not end cleanly"
    (run.folder / "citizen.log").rename(run.folder / "citizen.good.log")
    run.program("citizen", user="gateway")
    time.sleep(25)
    state = run.processes["citizen"].poll()
    last = (run.log_of("citizen").strip().splitlines() or [""])[-1]
    print("citizen without rights: ended with", state, "|", last[:400])
    if state is None or "uthoriz" not in last:
        yield f"citizen with the gateway's rights goes on, or does not say in its last line that it may not: {last[:400]}"
    run.end("citizen")
    done = run.kronika("gateway", "publish", "data/samples/native", codes=(0, 1, 2, 3), limit=120)
    text = (done.stdout + done.stderr).strip()
    print("publish without rights: exit code", done.returncode, "|", text.splitlines()[-1][:300] if text else "said nothing")
    if done.returncode == 0 or "uthori" not in text:
        yield f"publish with the gateway's rights ends with {done.returncode} and says: {text[-300:]}"


def main() -> int:
    preset = os.environ.get("KRONIKA_PRESET", "dev")
    if not (ROOT / f"build/{preset}/bin/kronika-gateway").exists() or not (ROOT / "var/kafka/lib").exists():
        print(f"build/{preset} has no programs, or there is no Kafka: make build-dev")
        return SKIPPED
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kronika-secured-"))
    run = Run(folder, preset)
    try:
        run.start_kafka()
        run.create_topics()
        print(f"{run.grant()} rights granted to {len(kafka.USERS)} users")
        findings = [*good(run), *bad(run)]
    finally:
        run.stop()
        if "--keep" in sys.argv:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for finding in findings:
        print(finding)
    print(f"{0 if findings else 1} passed, {1 if findings else 0} failed")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
