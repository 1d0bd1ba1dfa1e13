#!/usr/bin/env python3
"""make bench: measures kronika on this machine, on a broker of its own, and prints a table.

All parts run against the same broker in one run. Rates are measured several times, the things compared one after the
other within each round, and the median is given. Everything printed and every raw answer is kept in
var/bench/<date>.json. It starts what it needs on free loopback ports and stops it again; docs/benchmarks.md explains
the parts and what they do not show.

  bench/run.py                    the whole of it, within 15 minutes
  bench/run.py --quick            small numbers, to see that it works
  bench/run.py --only rates       rates, memory, latency, queries or doors, separated by commas
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build" / os.environ.get("KRONIKA_PRESET", "release") / "bin"
BENCH = BIN / "kronika-bench"
PROGRAMS = ("citizen", "indicators", "gateway")
PARTS = ("rates", "memory", "latency", "queries", "doors")
# What the stream to the gRPC door carries: each folder is measured by itself.
STREAMED = ("data/samples/medcom-hospitalnotification", "data/samples/hl7v2-dk")


def say(text):
    print(text, file=sys.stderr, flush=True)


class Failed(Exception):
    """A part that did not work; the others are still worth having."""


def free_ports(count):
    """The first of `count` free ports in a row, on loopback."""
    for _ in range(200):
        base = 20000 + secrets.randbelow(10000)
        held = []
        try:
            for port in range(base, base + count):
                s = socket.socket()
                held.append(s)
                s.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for s in held:
                s.close()
    raise Failed("no free ports")


def await_listening(port, seconds=10):
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise Failed(f"nobody listens on {port}") from None
            time.sleep(0.05)


def bench(*arguments, timeout=400):
    """Runs a subcommand of kronika-bench; its answer."""
    done = subprocess.run([BENCH, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, cwd=ROOT)
    if done.returncode != 0:
        raise Failed(f"{arguments[0]}: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
    return json.loads(done.stdout)


def resident_mib(pid):
    values = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(("VmRSS", "VmHWM")):
            values[line.split(":")[0]] = round(int(line.split()[1]) / 1024, 1)
    return {"rss_mib": values["VmRSS"], "rss_peak_mib": values["VmHWM"]}


def metrics(port):
    """Samples of a program's metrics page, by name and labels as printed."""
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    return {k: float(v) for k, v in (line.rsplit(" ", 1) for line in page.splitlines() if line and line[0] != "#")}


class Broker:
    """Kafka alone, started and stopped by scripts/stack.sh."""

    def __init__(self, folder):
        self.base = free_ports(6)
        self.address = f"127.0.0.1:{self.base}"
        self.environment = dict(os.environ, KRONIKA_DATA_DIR=str(folder), KRONIKA_PORT_BASE=str(self.base))

    def _stack(self, *command):
        return subprocess.run([ROOT / "scripts" / "stack.sh", *command], env=self.environment, text=True,
                              capture_output=True, timeout=180)

    def start(self):
        done = self._stack("start", "kafka")
        if done.returncode != 0:
            raise Failed(done.stderr.strip())

    def stop(self):
        self._stack("stop")

    def delete_topics(self, prefix):
        subprocess.run(["java", "-cp", f"{ROOT}/var/kafka/lib/*", "-Xmx128m", "org.apache.kafka.tools.TopicCommand",
                        "--bootstrap-server", self.address, "--delete", "--topic", prefix.replace(".", "\\.") + ".*"],
                       capture_output=True, timeout=60, check=False)


class Program:
    """One of kronika's programs, with a data folder of its own, ended with this object's `with`."""

    def __init__(self, run, name, prefix, **settings):
        self.name = name
        self.folder = run.folder / prefix.rstrip(".")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / f"{name}.log"
        base = free_ports(2)
        self.metrics_port = base
        self.port = base + 1
        self.environment = dict(
            os.environ,
            KRONIKA_HOME=str(ROOT),
            KRONIKA_DATA_DIR=str(self.folder),
            KRONIKA_KAFKA_BOOTSTRAP_SERVERS=run.broker.address,
            KRONIKA_KAFKA_TOPIC_PREFIX=prefix,
            KRONIKA_KAFKA_PARTITIONS=str(run.options.partitions),
            # What is measured is handling record by record, whatever waits.
            KRONIKA_CITIZEN_REBUILD_BACKLOG="0",
            KRONIKA_IDENTITY_SECRET_FILE=str(run.secret),
            KRONIKA_SEAL_KEY_FILE=str(run.seal),
            **settings)
        section = name.replace("-", "_").upper()
        self.environment[f"KRONIKA_{section}_PORT"] = str(self.port)
        self.environment[f"KRONIKA_{section}_METRICS_PORT"] = str(self.metrics_port)
        self.environment[f"KRONIKA_{section}_HEALTH_PORT"] = "0"
        self.environment["KRONIKA_GATEWAY_CANARY_INTERVAL_MS"] = "0"
        self.process = None

    def __enter__(self):
        program = BIN / f"kronika-{self.name}"
        if not program.exists():
            raise Failed(f"{program.name} is not built")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([program], env=self.environment, stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def await_ready(self, seconds=180):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Failed(f"kronika-{self.name} ended: {self.last_words()}")
            try:
                if metrics(self.metrics_port).get('kronika_health_serving{service="ready"}') == 1:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise Failed(f"kronika-{self.name} was not ready within {seconds} s: {self.last_words()}")

    def last_words(self):
        return (self.log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1][:400]


class Run:
    """One run of the benchmarks: what it measures with, and what it has found."""

    def __init__(self, options):
        self.options = options
        self.started = time.monotonic()
        self.out = ROOT / "var" / "bench"
        self.folder = self.out / f"work-{os.getpid()}"
        self.folder.mkdir(parents=True)
        self.secret, self.seal = self.folder / "secret.hex", self.folder / "seal.hex"
        for file in (self.secret, self.seal):
            file.write_text(secrets.token_hex(32) + "\n")
            file.chmod(0o600)
        self.broker = Broker(self.folder / "broker")
        self.raw = {"rounds": [], "failures": []}

    def kafka(self, prefix):
        return ["--bootstrap-servers", self.broker.address, "--prefix", prefix,
                "--partitions", self.options.partitions]

    def left(self):
        return self.options.budget_seconds - (time.monotonic() - self.started)

    # ---- rates ------------------------------------------------------------------------------------------------

    def round(self, number):
        """One round of the things compared: consumer, plain pass-through, pass-through with the consumer's output."""
        o = self.options
        prefix = f"r{number}."
        plan = ["--citizens", o.citizens, "--events", o.events, "--seed", number]
        say(f"round {number}: publishing {o.events} events of {o.citizens} citizens")
        result = {"load": bench("load", *self.kafka(prefix), *plan)}
        self.raw["rounds"].append(result)
        say(f"round {number}: citizen consumer")
        with Program(self, "citizen", prefix) as citizen:
            result["consume"] = bench("follow", *self.kafka(prefix), "--group", "kronika-citizen", "--pid", citizen.pid)
            result["metrics"] = {k: v for k, v in metrics(citizen.metrics_port).items()
                                 if k.startswith(("kronika_citizen", "kronika_fold", "kronika_refold", "kronika_state",
                                                  "kronika_transaction", "kronika_kafka_produced",
                                                  "kronika_deadlines"))}
            result["store_mib"] = sum(f.stat().st_size for f in citizen.folder.rglob("*") if f.is_file()) >> 20
        shutil.rmtree(self.folder / f"r{number}", ignore_errors=True)
        say(f"round {number}: pass-through, plain")
        result["plain"] = bench("passthrough", *self.kafka(prefix), "--mode", "plain")
        say(f"round {number}: pass-through with the consumer's output")
        result["like_consumer"] = bench("passthrough", *self.kafka(prefix), "--mode", "like-consumer")
        self.broker.delete_topics(prefix)

    def rates(self):
        longest = 0
        for number in range(1, self.options.rounds + 1):
            # The other parts take some two minutes.
            if longest and self.left() - 130 < longest:
                say(f"no time for round {number}: the budget is {self.options.budget_seconds} s")
                break
            begun = time.monotonic()
            self.round(number)
            longest = max(longest, time.monotonic() - begun)

    # ---- memory, latency, queries -----------------------------------------------------------------------------

    def stack(self, parts):
        o = self.options
        prefix = "m."
        plan = ["--citizens", o.memory_citizens, "--events", o.memory_events, "--seed", 77]
        say(f"publishing {o.memory_events} events of {o.memory_citizens} citizens")
        bench("load", *self.kafka(prefix), *plan)
        with Program(self, "citizen", prefix) as citizen:
            say("starting the programs on them")
            bench("follow", *self.kafka(prefix), "--group", "kronika-citizen", "--pid", citizen.pid)
            with Program(self, "indicators", prefix) as indicators, Program(self, "gateway", prefix) as gateway:
                programs = (citizen, indicators, gateway)
                for program in programs:
                    program.await_ready()
                time.sleep(2)
                if "latency" in parts:
                    say(f"latency at {o.latency_rate} events/s, {o.latency_seconds} s")
                    self.raw["latency"] = bench("latency", *self.kafka(prefix), *plan, "--gateway",
                                                f"127.0.0.1:{gateway.port}", "--rate", o.latency_rate, "--seconds",
                                                o.latency_seconds)
                if "queries" in parts:
                    self.queries(plan, gateway)
                # Last: what they hold after having worked.
                self.raw["memory"] = {p.name: resident_mib(p.pid) for p in programs}

    def queries(self, plan, gateway):
        o = self.options
        port = free_ports(1)
        echo = subprocess.Popen([BENCH, "echo", "--address", f"127.0.0.1:{port}"])
        self.raw["queries"] = []
        try:
            size = 1000
            for number in range(1, o.rounds + 1):
                say(f"queries, round {number}")
                asked = bench("queries", *plan, "--target", f"127.0.0.1:{gateway.port}", "--pid", gateway.pid,
                              "--seconds", o.query_seconds)
                size = round(asked["response_bytes"])
                answered = bench("queries", *plan, "--target", f"127.0.0.1:{port}", "--echo", "--pid", echo.pid,
                                 "--response-bytes", size, "--seconds", o.query_seconds)
                self.raw["queries"].append({"gateway": asked, "echo": answered})
        finally:
            echo.terminate()
            echo.wait(10)

    # ---- the gRPC door's stream -------------------------------------------------------------------------------

    def doors(self):
        """The same client sends the same bytes over one stream with the same window to the door and to a bare echo stream."""
        o = self.options
        prefix = "d."
        # One client is all there is, so its rates are not bounded; everything else is as it comes.
        with Program(self, "edge-grpc", prefix, KRONIKA_INGEST_PEER_MESSAGES_PER_SECOND="0", KRONIKA_INGEST_PEER_FAULTS_PER_SECOND="0") as edge:
            done = subprocess.run([BIN / "kronika", "topics", "create"], env=edge.environment, capture_output=True, text=True, cwd=ROOT)
            if done.returncode != 0:
                raise Failed(f"topics: {done.stderr.strip()}")
            edge.await_ready()
            self.raw["doors"] = []
            for folder in STREAMED:
                files = sorted(f for f in (ROOT / folder).iterdir() if f.suffix in (".json", ".hl7"))
                for number in range(1, o.rounds + 1):
                    say(f"doors, {folder}, round {number}")
                    common = ["--files", *files, "--seconds", o.query_seconds]
                    door = bench("stream", "--target", f"127.0.0.1:{edge.port}", "--pid", edge.pid, *common)
                    if door["accounts"] != door["looked_into"]:
                        raise Failed(f"the door answered {door['looked_into'] - door['accounts']} messages without an account")
                    port = free_ports(1)
                    echo = subprocess.Popen([BENCH, "echo-stream", "--address", f"127.0.0.1:{port}", "--response-bytes",
                                             str(round(door["response_bytes"]))])
                    try:
                        await_listening(port)
                        bare = bench("stream", "--target", f"127.0.0.1:{port}", "--echo", "--pid", echo.pid, *common)
                    finally:
                        echo.terminate()
                        echo.wait(10)
                    self.raw["doors"].append({"folder": folder, "door": door, "echo": bare})

    # ---- what came out ----------------------------------------------------------------------------------------

    def summary(self):
        """Rows of the table: (what, value, unit, aim, met or None)."""
        rows = []
        rounds = [r for r in self.raw["rounds"] if "like_consumer" in r]
        if rounds:
            def middle(part, name):
                return statistics.median(r[part][name] for r in rounds)
            plain, like, rate = (middle(p, "events_per_second") for p in ("plain", "like_consumer", "consume"))
            rows += [
                ("pass-through, plain", plain, "events/s", "", None),
                ("  CPU", middle("plain", "cpu_us_per_event"), "µs/event", "", None),
                ("pass-through, consumer's output", like, "events/s", "", None),
                ("  CPU", middle("like_consumer", "cpu_us_per_event"), "µs/event", "", None),
                ("  records written an event",
                 statistics.median(r["like_consumer"]["produced"] / r["like_consumer"]["events"] for r in rounds), "",
                 "", None),
                ("citizen consumer", rate, "events/s", "> 86,000", rate > 86000),
                ("  CPU", middle("consume", "cpu_us_per_event"), "µs/event", "", None),
                ("  of the pass-through with its output",
                 100 * statistics.median(r["consume"]["events_per_second"] / r["like_consumer"]["events_per_second"]
                                         for r in rounds), "%", ">= 50", None),
                ("  resident, peak", middle("consume", "rss_peak_mib"), "MiB", "", None),
                ("  events that were appended (fast path)", 100 * statistics.median(
                    r["metrics"]['kronika_folds_total{path="fast"}'] / r["load"]["events"] for r in rounds), "%", "",
                 None),
                ("  citizens folded again, per 100 events", 100 * statistics.median(
                    r["metrics"]['kronika_folds_total{path="refold"}'] / r["load"]["events"] for r in rounds), "", "",
                 None),
            ]
            share = rows[7]
            rows[7] = share[:4] + (share[1] >= 50,)
        if "latency" in self.raw:
            found = self.raw["latency"]
            rows += [(f"publish to queryable at {self.options.latency_rate}/s, p50", found["p50_ms"], "ms", "", None),
                     ("  p99", found["p99_ms"], "ms", "<= 250", found["p99_ms"] <= 250),
                     ("  worst", found["max_ms"], "ms", "", None)]
        if self.raw.get("queries"):
            def calls(service, name="calls_per_second"):
                return statistics.median(q[service][name] for q in self.raw["queries"])
            ratio = 100 * statistics.median(q["gateway"]["calls_per_second"] / q["echo"]["calls_per_second"]
                                            for q in self.raw["queries"])
            rows += [("bare echo service", calls("echo"), "calls/s", "", None),
                     ("  CPU of the server", calls("echo", "server_cpu_us_per_call"), "µs/call", "", None),
                     ("gateway GetCitizen", calls("gateway"), "calls/s", "", None),
                     ("  CPU of the server", calls("gateway", "server_cpu_us_per_call"), "µs/call", "", None),
                     ("  of the echo service", ratio, "%", ">= 80", ratio >= 80)]
        for folder in STREAMED:
            found = [d for d in self.raw.get("doors", []) if d["folder"] == folder]
            if not found:
                continue

            def middle_of(service, name, found=found):
                return statistics.median(d[service][name] for d in found)
            ratio = 100 * statistics.median(d["door"]["messages_per_second"] / d["echo"]["messages_per_second"] for d in found)
            rows += [(f"stream of {pathlib.Path(folder).name}, {middle_of('door', 'request_bytes'):,.0f} bytes: echo",
                      middle_of("echo", "messages_per_second"), "messages/s", "", None),
                     ("  CPU of the server", middle_of("echo", "server_cpu_us_per_message"), "µs/message", "", None),
                     ("  gRPC door, Kafka behind it", middle_of("door", "messages_per_second"), "messages/s", "", None),
                     ("  CPU of the door", middle_of("door", "server_cpu_us_per_message"), "µs/message", "", None),
                     ("  of the echo stream", ratio, "%", ">= 50", ratio >= 50)]
        for name, held in self.raw.get("memory", {}).items():
            rows.append((f"resident, {name}, {self.options.memory_citizens} citizens", held["rss_mib"], "MiB", "<= 300",
                         held["rss_mib"] <= 300))
        return rows

    def report(self):
        rows = self.summary()
        print(f"\n{'what':<46}{'median':>12}  {'unit':<10}{'aim':<10}")
        for what, value, unit, aim, met in rows:
            number = f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"
            print(f"{what:<46}{number:>12}  {unit:<10}{aim:<10}{'' if met is None else 'met' if met else 'NOT MET'}")
        print("\nNot measured in this run (from the design's prototype, as a hint): a tuned Kafka Streams application with the\n"
              "same state and no journal: 80,000-86,000 events/s, 20 µs CPU an event, 1.15 GiB.")
        for failure in self.raw["failures"]:
            print(f"FAILED: {failure}")
        date = datetime.datetime.now().strftime("%Y-%m-%dT%H%M%S")
        path = self.out / f"{date}.json"
        path.write_text(json.dumps({
            "date": date,
            "revision": subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=ROOT,
                                       check=False).stdout.strip(),
            "machine": {"processor": next((line.split(": ")[1] for line in open("/proc/cpuinfo", encoding="utf8")
                                           if line.startswith("model name")), platform.machine()),
                        "cores": os.cpu_count(), "kernel": platform.release()},
            "load_average": {"before": self.load_before, "after": os.getloadavg()},
            "options": vars(self.options),
            "seconds": time.monotonic() - self.started,
            "rows": [dict(zip(("what", "value", "unit", "aim", "met"), row)) for row in rows],
            "raw": self.raw}, indent=1))
        print(f"Load average before: {self.load_before[0]:.1f} on {os.cpu_count()} cores. All of it: {path}")

    def main(self):
        self.load_before = os.getloadavg()
        try:
            self.broker.start()
            stack = {"memory", "latency", "queries"}
            for part, needed_by, work in (("rates", {"rates"}, self.rates), ("stack", stack, lambda: self.stack(self.options.only)),
                                          ("doors", {"doors"}, self.doors)):
                if not needed_by & set(self.options.only):
                    continue
                try:
                    work()
                except (Failed, subprocess.TimeoutExpired) as fault:
                    say(f"FAILED: {fault}")
                    self.raw["failures"].append(f"{part}: {fault}")
        finally:
            self.broker.stop()
            if not self.options.keep:
                shutil.rmtree(self.folder, ignore_errors=True)
        self.report()
        return 1 if self.raw["failures"] else 0


def options_of(arguments):
    parser = argparse.ArgumentParser(description="Measures kronika on this machine (docs/benchmarks.md).")
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--citizens", type=int, default=200_000)
    parser.add_argument("--memory-events", type=int, default=1_000_000)
    parser.add_argument("--memory-citizens", type=int, default=100_000)
    parser.add_argument("--latency-rate", type=int, default=1000)
    parser.add_argument("--latency-seconds", type=int, default=40)
    parser.add_argument("--query-seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3, help="how often rates are measured; the median is given")
    parser.add_argument("--partitions", type=int, default=6)
    parser.add_argument("--budget-seconds", type=int, default=840, help="rounds that would exceed it are left out")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, one round")
    parser.add_argument("--keep", action="store_true", help="keep the work folder")
    options = parser.parse_args(arguments)
    unknown = set(options.only) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if options.quick:
        for name in ("events", "citizens", "memory_events", "memory_citizens"):
            setattr(options, name, getattr(options, name) // 10)
        options.rounds, options.latency_seconds, options.query_seconds = 1, 10, 2
    return options


if __name__ == "__main__":
    chosen = options_of(sys.argv[1:])
    if not BENCH.exists():
        sys.exit("bench: kronika-bench is not built: run 'make build' first.")
    try:
        sys.exit(Run(chosen).main())
    except Failed as why:
        sys.exit(f"bench: {why}")
    except KeyboardInterrupt:
        sys.exit(130)
