"""A stack of its own for a test: Kafka, the consumers and the gateway, started by scripts/stack.sh in a folder of its own on
free ports, with more consumers beside them where a test asks for some.

    with Stack(folder, KRONIKA_LOCAL_SECURE="yes") as stack:
        stack.ask("publish", "data/samples")
        stack.scrape("citizen")
"""

import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTS = 30  # of a stack: see scripts/stack.sh
SKIPPED = 77
METRICS = {"citizen": 2, "indicators": 3, "gateway": 4, "edge-grpc": 7, "edge-fhir": 9, "edge-mllp": 11}  # ports above the base
HEALTH = {"citizen": 20, "indicators": 21, "gateway": 22, "edge-grpc": 23, "edge-fhir": 24, "edge-mllp": 25}


class Failed(Exception):
    """A step that did not do what it must; its text is for a person."""


GIVEN = set()  # bases: a process binds its ports some time after it was given them


def free_base():
    for base in range(22000, 32000, 40):
        if base in GIVEN:
            continue
        try:
            for port in range(base, base + PORTS):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port))
            GIVEN.add(base)
            return base
        except OSError:
            continue
    raise Failed("no free ports")


def built():
    for preset in (os.environ.get("KRONIKA_PRESET") or "release dev").split():
        folder = ROOT / "build" / preset / "bin"
        if (folder / "kronika").exists():
            return folder
    return None


class Process:
    """One more program of a stack, with settings of its own."""

    def __init__(self, stack, name, instance, **settings):
        self.name, self.instance = name, instance
        self.log = stack.folder / f"{name}-{instance}.log"
        self.metrics_port = free_base()
        section = name.removeprefix("kronika-").replace("-", "_").upper()
        self.env = {**stack.env, "KRONIKA_INSTANCE": instance, "KRONIKA_DATA_DIR": str(stack.folder / instance),
                    f"KRONIKA_{section}_METRICS_PORT": str(self.metrics_port), f"KRONIKA_{section}_HEALTH_PORT": "0", **settings}
        self.start()

    def start(self):
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen([stack_bin() / self.name], env=self.env, stdout=out, stderr=out)

    def stop(self, seconds=60):
        """SIGTERM, and the exit code."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(seconds)

    def running(self):
        return self.child.poll() is None

    def end(self):
        if self.running():
            self.child.kill()
            self.child.wait()

    def metrics(self):
        return scrape(self.metrics_port)


def stack_bin():
    folder = built()
    if folder is None:
        raise Failed("the programs are not built")
    return folder


def scrape(port):
    """{name: {labels text: value}} of a metrics page; empty where nobody answers."""
    try:
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
    except OSError:
        return {}
    return parse(text)


def parse(text):
    families = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            found = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?", line)
            if not found:
                raise Failed(f"not a line of a metrics page: {line}")
            families.setdefault(found[1], {})[found[2] or ""] = float(found[3])
    return families


def value(families, name, *parts):
    """Sum of the samples whose labels hold all parts."""
    return sum(v for labels, v in families.get(name, {}).items() if all(p in labels for p in parts))


class Stack:
    def __init__(self, folder, only_kafka=False, **settings):
        self.folder, self.base, self.only_kafka = folder, free_base(), only_kafka
        for name in ("secret", "seal"):
            (folder / name).write_text(secrets.token_hex(32) + "\n")
            (folder / name).chmod(0o600)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("KRONIKA_") or k == "KRONIKA_PRESET"}
        self.env.update(KRONIKA_HOME=str(ROOT), KRONIKA_DATA_DIR=str(folder / "data"), KRONIKA_PORT_BASE=str(self.base),
                        KRONIKA_IDENTITY_SECRET_FILE=str(folder / "secret"), KRONIKA_SEAL_KEY_FILE=str(folder / "seal"), **settings)
        self.more = []

    def __enter__(self):
        stack_bin()
        try:
            self.script("start", *(["kafka"] if self.only_kafka else []))
            self.read_settings()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.more:
            process.end()
        subprocess.run([ROOT / "scripts/stack.sh", "stop"], env=self.env, capture_output=True, check=False)

    def read_settings(self):
        """The settings in force, of the person on duty where the stack is secured."""
        text = subprocess.run(["bash", "-c", f"source <({ROOT}/scripts/stack.sh settings); env"], env=self.env,
                              capture_output=True, text=True, check=True).stdout
        self.env.update(dict(line.split("=", 1) for line in text.splitlines() if line.startswith("KRONIKA_")))

    def pid(self, name):
        return int((self.folder / f"data/run/{name}.pid").read_text().split()[0])

    def restart_kafka(self):
        """kill -9, and again with the settings of now."""
        os.kill(self.pid("kafka"), signal.SIGKILL)
        self.script("start", "kafka")

    def script(self, *command):
        done = subprocess.run([ROOT / "scripts/stack.sh", *command], env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"stack.sh {' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")

    def run(self, *arguments, seconds=600, **settings):
        """The command-line tool: (exit code, what it printed)."""
        done = subprocess.run([stack_bin() / "kronika", *map(str, arguments)], env={**self.env, **settings}, cwd=ROOT,
                              capture_output=True, text=True, timeout=seconds)
        return done.returncode, done.stdout + done.stderr

    def ask(self, *arguments, seconds=600, allowed=(0,)):
        code, text = self.run(*arguments, seconds=seconds)
        if code not in allowed:
            raise Failed(f"kronika {' '.join(map(str, arguments))}: exit {code}: {text.strip()[-400:]}")
        return text

    def start(self, name, instance, **settings):
        process = Process(self, name, instance, **settings)
        self.more.append(process)
        return process

    def scrape(self, name):
        return scrape(self.base + METRICS[name])

    def logs(self):
        """Every log of the run, by file name."""
        found = [f for f in self.folder.rglob("*.log") if "kafka/log" not in str(f)]  # those are the broker's data
        return {str(f.relative_to(self.folder)): f.read_text(errors="replace") for f in found}


def await_true(what, seconds, test, every=0.3):
    end = time.monotonic() + seconds
    while True:
        found = test()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(every)
