#!/usr/bin/env python3
"""Starts a stack of its own (Kafka, consumers, gateway, doors), loads it, and lets a real Prometheus scrape it with the rules of this
folder. Then every panel's expression must return data, every vector selector of every alert must match series, and the commands that
runbooks begin with must work, as far as they need no cluster.

  deploy/tools/live_test.py             the test; some two minutes
  deploy/tools/live_test.py --record    writes deploy/prometheus/metrics.txt from what the processes serve

KRONIKA_PRESET says which build's programs run. Exit code 77 where they are not built.
"""

import datetime
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from kronika_deploy import kubernetes, people, promql, rules
from kronika_deploy.common import ROOT, environment
from kronika_deploy.dashboard_checks import METRICS
from kronika_deploy.dashboards import all_dashboards
from kronika_deploy.authority import Authority

# Series that this run does not make -> what must be there instead.
AFTER_A_FAULT = {
    # only where TLS is spoken: the secured run
    'kronika_certificate_not_after_timestamp_seconds{job="kronika"}': 'up{job="kronika"}',
    # only of senders of three days or more
    'kronika_sender_expected_interval_seconds{job="kronika"}': 'kronika_sender_last_message_timestamp_seconds{job="kronika"}',
    'kronika:sender_silence:ratio{}': 'kronika:sender_last_message_timestamp_seconds:max'}
SKIPPED = 77


def free_base(count):
    """The first of COUNT neighbouring ports that are free."""
    for base in range(21000, 32000, 50):
        try:
            for port in range(base, base + count):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    raise RuntimeError("no free ports")


def runs(pid):
    """Not when it has ended and only waits to be reaped."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Stack:
    def __init__(self, folder, base):
        self.env = {k: v for k, v in environment().items() if not k.startswith("KRONIKA_") or k in ("KRONIKA_PRESET",)}
        self.env.update(KRONIKA_HOME=str(ROOT), KRONIKA_DATA_DIR=str(folder / "data"), KRONIKA_PORT_BASE=str(base),
                        KRONIKA_IDENTITY_SECRET_FILE=str(folder / "person-key.hex"), KRONIKA_SEAL_KEY_FILE=str(folder / "seal.hex"))
        self.folder, self.base = folder, base
        self.script("start")
        text = subprocess.run(["bash", "-c", f"source <({ROOT}/scripts/stack.sh settings); env"], env=self.env, capture_output=True,
                              text=True, check=True).stdout
        self.env.update(dict(line.split("=", 1) for line in text.splitlines() if line.startswith("KRONIKA_")))

    def post(self, folder):
        """Sends the samples of a folder through the FHIR door; what it refuses is load as well."""
        for path in sorted((ROOT / folder).rglob("*.json")):
            body = path.read_bytes()
            try:
                kind = json.loads(body).get("type")
            except ValueError:
                kind = None
            target = "/fhir/$process-message" if kind == "message" else "/fhir"
            request = urllib.request.Request(f"http://127.0.0.1:{self.env['KRONIKA_EDGE_FHIR_PORT']}{target}", body, {"Content-Type": "application/fhir+json"})
            try:
                urllib.request.urlopen(request, timeout=20).read()
            except urllib.error.HTTPError as refused:
                refused.read()

    def script(self, command):
        done = subprocess.run([str(ROOT / "scripts/stack.sh"), command], env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"stack.sh {command}: {done.stdout}{done.stderr}")

    def kronika(self, *arguments):
        """Runs the command line; refused messages (exit code 1) are part of the load."""
        done = subprocess.run([str(ROOT / "kronika"), *arguments], env=self.env, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"kronika {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done

    def publish_quarter(self):
        """Plants citizens whose timers run, and publishes the figures of a quarter. Before any load: see people.py."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        planted = self.folder / "planted"
        planted.mkdir()
        lines = list(people.events(now))
        (planted / "people.ndjson").write_text("\n".join(lines) + "\n")
        done = self.kronika("publish", str(planted))
        if done.returncode != 0:
            raise RuntimeError(f"the planted citizens are refused: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        self.settle(len(lines))
        self.kronika("publication", "create", "all", people.settled_quarter(now)[0])

    def settle(self, events):
        """Until so many events are handled and the consumers stand at the end of all their inputs, three looks in a row."""
        quiet, deadline = 0, time.monotonic() + 120
        while quiet < 3:
            if time.monotonic() > deadline:
                raise RuntimeError("the consumers do not come to the end of their inputs")
            time.sleep(0.5)
            lines = [line for name in ("citizen", "indicators") for line in scrape(self.targets()[name]).splitlines()]
            handled, lag = ([float(line.rpartition(" ")[2]) for line in lines if line.startswith(family + "{")]
                            for family in ("kronika_citizen_events_total", "kronika_consumer_lag_records"))
            quiet = quiet + 1 if sum(handled) >= events and lag and not any(lag) else 0

    def begin_a_day(self):
        """The gateway makes its daily figures at its first start, or from 06:00 on: it is started for the first time once more."""
        pid = int((self.folder / "data/run/gateway.pid").read_text().split()[0])
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while runs(pid) and time.monotonic() < deadline:
            time.sleep(0.2)
        (self.folder / "data/gateway/care-figures").unlink(missing_ok=True)
        self.script("start")
        page, deadline = "", time.monotonic() + 60
        while 'kronika_figures_computed_timestamp_seconds{figures="care"}' not in page:
            if time.monotonic() > deadline:
                raise RuntimeError("the gateway made no figures of care in a minute")
            time.sleep(0.5)
            page = scrape(self.targets()["gateway"])

    def targets(self):
        """Component and metrics port of each process that is served."""
        ports = {m.group(1).lower().replace("_", "-"): int(port) for key, port in self.env.items()
                 if (m := re.fullmatch(r"KRONIKA_(\w+)_METRICS_PORT", key))}
        return {name: port for name, port in ports.items() if (self.folder / f"data/run/{name}.pid").exists()}

    def ended(self):
        """The last lines of the log of every process that has ended by itself, by its name."""
        out = {}
        for name in self.targets():
            pid = (self.folder / f"data/run/{name}.pid").read_text().split()[0]
            if not runs(pid):
                out[name] = (self.folder / f"data/log/{name}.log").read_text().splitlines()[-10:]
        return out

    def start_again(self):
        """As a cluster does with exit code 3, a fatal Kafka error: on a busy machine the broker is away for longer than a consumer's
        session, and a static member that comes back may find itself fenced. Answers whether any was; other ends are findings."""
        fatal = [name for name, lines in self.ended().items() if '"STOPPED"' in lines[-1] and '"bus_client_fatal"' in lines[-1]]
        if fatal:
            print(f"started again after a fatal Kafka error: {', '.join(fatal)}")
            self.script("start")
        return bool(fatal)

    def restart_kafka(self):
        pid = int((self.folder / "data/run/kafka.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        time.sleep(3)
        self.script("start")


class Prometheus:
    def __init__(self, folder, port, targets):
        self.url = f"http://127.0.0.1:{port}"
        rule_folder = folder / "rules"
        rule_folder.mkdir()
        for path in rules.rule_files():  # the same rules, evaluated more often
            (rule_folder / path.name).write_text(re.sub(r"(?m)^    interval: \d+s$", "    interval: 2s", path.read_text()))
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "2s"}, "rule_files": [str(rule_folder / "*.yaml")],
                  "scrape_configs": [{"job_name": "kronika", "static_configs": [
                      {"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": "local", "component": name, "pod": name}}
                      for name, port in targets.items()]}]}
        (folder / "prometheus.json").write_text(json.dumps(config))
        self.log = open(folder / "prometheus.log", "w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.json", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{port}"], env=environment(), stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(self.url + "/-/ready", timeout=2).read()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError("Prometheus did not start: " + (folder / "prometheus.log").read_text()[-2000:])
                time.sleep(0.2)

    def query(self, expression):
        data = urllib.parse.urlencode({"query": expression}).encode()
        try:
            answer = json.load(urllib.request.urlopen(self.url + "/api/v1/query", data, timeout=20))
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{expression}: {error.read().decode()}") from error
        return answer["data"]["result"]

    def rule_errors(self):
        answer = json.load(urllib.request.urlopen(self.url + "/api/v1/rules", timeout=20))
        for group in answer["data"]["groups"]:
            for rule in group["rules"]:
                if rule.get("lastError"):
                    yield f"{rule['name']}: {rule['lastError']}"

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def load(stack, seconds, first=True):
    """Messages of all kinds, good and bad, and questions to the gateway."""
    if first:
        stack.kronika("publish", "data/samples")
    deadline, seed = time.monotonic() + seconds, 1
    while time.monotonic() < deadline:
        for samples in ("medcom-hospitalnotification", "fhir-dk", "synthea-r4", "bad"):
            stack.post(f"data/samples/{samples}")
        stack.kronika("simulate", "--citizens", "300", "--months", "6", "--seed", str(int(time.time()) + seed), "--publish")
        for question in (["status"], ["summary"], ["indicator", "show", "I-01", "--table", "REGION"], ["citizen", "show", "--key", "0" * 32],
                         ["report", "goals"]):
            stack.kronika(*question)
        seed += 1


def load_after_restart(stack, seconds):
    stack.restart_kafka()
    load(stack, seconds, first=False)
    if stack.start_again():
        load(stack, seconds, first=False)


def scrape(port):
    return urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()


def families(pages):
    """Name, type, components and labels of every family that the pages show."""
    out = {}
    for component, page in pages.items():
        kind = {}
        for line in page.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, what = line.split()
                kind[name] = what
            elif line and not line.startswith("#"):
                series = line.rpartition(" ")[0]
                name, _, rest = series.partition("{")
                base = name if name in kind else re.sub(r"_(bucket|sum|count)$", "", name)
                entry = out.setdefault(base, (kind[base], set(), set()))
                entry[1].add(component)
                entry[2].update(set(re.findall(r'(\w+)="', rest)) - {"le", "quantile"})
    return out


def record(stack):
    pages = {name: scrape(port) for name, port in stack.targets().items()}
    lines = ["# Every metric that the processes serve: name, type, components, labels. Written by deploy/tools/live_test.py --record",
             "# from running processes under load; rules and panels may ask for nothing else."]
    for name, (kind, components, labels) in sorted(families(pages).items()):
        if not name.startswith("exposer_"):
            lines.append(f"{name} {kind} {','.join(sorted(components))} {','.join(sorted(labels)) or '-'}")
    METRICS.write_text("\n".join(lines) + "\n")
    print(f"{METRICS.relative_to(ROOT)}: written")


def check_pages(stack):
    """The pages themselves: promtool's lint, and no series twice."""
    for name, port in stack.targets().items():
        page = scrape(port)
        done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, env=environment())
        said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("exposer_")]
        if done.returncode != 0 and said:
            yield f"{name}: promtool check metrics: {said[:5]}"
        series = [line.rpartition(" ")[0] for line in page.splitlines() if line and not line.startswith("#")]
        for twice in sorted({s for s in series if series.count(s) > 1})[:5]:
            yield f"{name}: {twice} is served twice"
        limit = 1500
        print(f"{name}: {len(series)} series")
        if len(series) > limit:
            yield f"{name}: {len(series)} series; {limit} is the budget"
        known = promql.read_metrics(METRICS)
        for missing in sorted(n for n in families({name: page}) if n not in known and not n.startswith("exposer_")):
            yield f"{name}: {missing} is not in {METRICS.name}: run deploy/tools/live_test.py --record"


def files_for(settings, folder):
    """Stand-ins for the files that a cluster mounts: variables that point each setting below /etc/kronika to one."""
    folder.mkdir(exist_ok=True)
    authority = Authority(folder)
    authority.issue("kronika")
    out = {}
    for name, value in settings:
        if isinstance(value, str) and value.startswith("/etc/kronika/"):
            kind = "ca.crt" if value.endswith("ca.crt") else "kronika" + value[-4:]
            if value.endswith(".hex"):  # a secret of its own each
                kind = name
                (folder / kind).write_text(os.urandom(32).hex() + "\n")
                (folder / kind).chmod(0o600)
            out["KRONIKA_" + name.upper().replace(".", "_")] = str(folder / kind)
    return out


def check_manifests(stack):
    """The programs accept the settings that the manifests give them."""
    base = ROOT / "deploy/k8s/base/config/kronika.yaml"
    mounted = {**files_for(kubernetes.settings_of(base), stack.folder / "mounted"), "KRONIKA_REFERENCE_DIR": str(ROOT / "data/reference"),
               "KRONIKA_REFERENCE_ORGANISATIONS_FILE": str(ROOT / "data/reference/organisations.csv")}
    clean = {k: v for k, v in environment().items() if not k.startswith("KRONIKA_")}
    for overlay in kubernetes.OVERLAYS:
        maps = kubernetes.by_kind(kubernetes.objects(overlay), "ConfigMap")
        site = next(item["data"] for name, item in maps.items() if name.startswith("kronika-site"))
        for program in sorted((ROOT / f"build/{stack.env['KRONIKA_PRESET']}/bin").glob("kronika-*")):
            if program.name.startswith("kronika-bench"):
                continue
            env = {**clean, "KRONIKA_HOME": str(stack.folder), "KRONIKA_CONFIG": str(base), "KRONIKA_INSTANCE": "pod-0", **site, **mounted}
            done = subprocess.run([str(program), "--check-config"], env=env, capture_output=True, text=True)
            if done.returncode != 0:
                yield f"{overlay}: {program.name} refuses the settings of deploy/k8s: {done.stdout}{done.stderr}"


def check_queries(prometheus, have):
    """Every panel gives data, every selector of every alert matches."""
    asked = 0
    values = {"$__rate_interval": "20s"}
    for dashboard in all_dashboards():
        for panel in dashboard.panels():
            if panel.needs and panel.needs not in have:
                continue
            for expr, _ in panel.queries:
                asked += 1
                if not prometheus.query(promql.concrete(expr, values)):
                    yield f"{dashboard.uid} / {panel.title}: no data: {promql.concrete(expr, values)}"
    for rule in [*rules.alerts(), *rules.recordings()]:
        name = rule.get("alert") or rule["record"]
        for selector in promql.selectors(rule["expr"]):
            text = promql.text_of(selector)
            if selector.name in promql.EXTERNAL:
                continue
            asked += 1
            if not prometheus.query(f"count({AFTER_A_FAULT.get(text, text)})"):
                yield f"{name}: matches nothing: {text}"
    print(f"{asked} expressions and selectors asked")


TOOLBOX = "kubectl -n kronika exec deploy/kronika-toolbox -- kronika "


def check_first_minutes(stack, prometheus):
    """The commands that runbooks begin with work here as far as they need no cluster: those to Prometheus and to kronika itself."""
    done = elsewhere = 0
    for command in dict.fromkeys(c for rule in rules.alerts() for c in rules.first_minute(rule["alert"])):
        query = rules.query_of(command)
        if query:
            ran = subprocess.run(["promtool", "query", "instant", prometheus.url, query], capture_output=True, text=True, env=environment())
        elif command.startswith(TOOLBOX):
            ran = subprocess.run([str(ROOT / "kronika"), *shlex.split(command.removeprefix(TOOLBOX))], env=stack.env, capture_output=True, text=True)
        else:
            elsewhere += 1
            continue
        done += 1
        if ran.returncode != 0:
            yield f"docs/runbooks: exit code {ran.returncode}: {command}: {(ran.stderr or ran.stdout).strip()[-300:]}"
    print(f"{done} commands of runbooks run, {elsewhere} need a cluster")


def main() -> int:
    preset = os.environ.get("KRONIKA_PRESET", "dev")
    os.environ["KRONIKA_PRESET"] = preset
    if not (ROOT / f"build/{preset}/bin/kronika-edge-fhir").exists():
        print(f"build/{preset} has no programs: make build-dev")
        return SKIPPED
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kronika-live-"))
    stack = prometheus = None
    try:
        base = free_base(40)  # the stack's, and one for Prometheus
        stack = Stack(folder, base)
        have = {"edge"}
        if "--record" in sys.argv:
            stack.publish_quarter()
            stack.begin_a_day()
            load(stack, 5)
            load_after_restart(stack, 10)
            record(stack)
            return 0
        prometheus = Prometheus(folder, base + 39, stack.targets())
        stack.publish_quarter()
        stack.begin_a_day()
        load(stack, 15)
        load_after_restart(stack, 20)
        findings = ["\n  ".join([f"{name} has ended; its log ends with", *lines]) for name, lines in stack.ended().items()]
        if not findings:
            findings = [*check_pages(stack), *check_manifests(stack), *check_queries(prometheus, have),
                        *check_first_minutes(stack, prometheus), *prometheus.rule_errors()]
        firing = prometheus.query('ALERTS{alertstate="firing", alertname!~"KronikaWatchdog|KronikaLatency.*|KronikaAvailability.*|KronikaFreshness.*|KronikaDeadLetter.*"}')
        findings += [f"fires, and should not: {alert['metric']['alertname']}" for alert in firing]
        for finding in findings:
            print(finding)
        print(f"{0 if findings else 1} passed, {1 if findings else 0} failed")
        return 1 if findings else 0
    finally:
        if prometheus:
            prometheus.stop()
        if stack:
            stack.script("stop")
        elif (folder / "data").exists():
            print(f"the stack did not start; its folder stays: {folder}")
            return 1
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
