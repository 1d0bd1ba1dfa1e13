#!/usr/bin/env python3
"""One poisonous sender beside a good one, at each door, on a real broker. The good one sends 50 messages a second and must get a positive
answer to every one; the poisonous one comes from another address and
  malformed   sends 10,000 messages a second that no adapter reads, over 20 connections (gRPC: one stream)
  huge        sends messages of nearly ingest.max_message_bytes that are none, over 8 connections (gRPC: each with a stream)
  slow        opens 450 connections and sends a byte a second on each
  deaf        sends on 50 connections as fast as it can (gRPC: 8 streams) and never reads an answer
The door must live, stay under 300 MB, and have told the poisonous sender to wait or to come again.

  tests/fault/poison.py                        15 s each; prints p99 of the good sender before and during, as a table for docs/benchmarks.md
  tests/fault/poison.py --short                the variant of ctest: 3 s each; what is said above is checked, times are not
  tests/fault/poison.py --only fhir:slow ...   some of them

Exit code 77 where the programs are not built.
"""

import argparse
import contextlib
import json
import multiprocessing
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "operations"))
import poisons  # noqa: E402
import senders  # noqa: E402
from stack import SKIPPED, Failed, Stack, await_true, built, free_base, stack_bin, value  # noqa: E402

MOST_MEMORY_MIB = 300
DOORS = ("fhir", "mllp", "grpc")
KINDS = ("malformed", "huge", "slow", "deaf")
FORK = multiprocessing.get_context("fork")


def memory_mib(pid):
    values = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: int(values[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


class Door:
    """A door with its settings as they are, and what is known of it from outside."""

    def __init__(self, stack, name):
        self.name, self.port = name, free_base()
        self.process = stack.start(f"kronika-edge-{name}", "edge", **{f"KRONIKA_EDGE_{name.upper()}_PORT": str(self.port)})
        await_true(f"the door {name} is ready", 30, lambda: value(self.process.metrics(), "kronika_health_serving", 'service="ready"') == 1)

    def counts(self):
        page = self.process.metrics()
        return {"throttled": {labels.split('"')[1]: n for labels, n in page.get("kronika_ingest_throttled_total", {}).items()},
                "rejected": value(page, "kronika_ingest_messages_total", 'outcome="rejected"'),
                "again": value(page, "kronika_ingest_messages_total", 'outcome="unavailable"')}


@contextlib.contextmanager
def beside(work, *arguments):
    """`work` in a process of its own, so that it takes none of the good sender's time but what the machine has."""
    stop = FORK.Event()
    child = FORK.Process(target=work, args=(*arguments, stop))
    child.start()
    try:
        yield
    finally:
        stop.set()
        child.join(15)
        if child.is_alive():
            child.kill()


def good(door, seconds):
    """How long the good sender's answers took."""
    here, there = FORK.Pipe()
    child = FORK.Process(target=lambda: there.send(senders.steady(door.name, door.port, seconds)))
    child.start()
    if not here.poll(seconds + 60):
        child.kill()
        raise Failed(f"{door.name}: the good sender gets no answers")
    found = here.recv()
    child.join()
    if isinstance(found, str):
        raise Failed(f"{door.name}: the good sender: {found}")
    return found


def measure(door, kind, seconds, before):
    counts = door.counts()
    with beside(poisons.poison, door.name, kind, door.port):
        time.sleep(min(1.0, seconds / 3))
        during = good(door, seconds)
    if not door.process.running():
        raise Failed(f"{door.name}, {kind}: the door is gone: {door.process.log.read_text()[-600:]}")
    after, memory = door.counts(), memory_mib(door.process.child.pid)
    throttled = {k: int(n - counts["throttled"].get(k, 0)) for k, n in after["throttled"].items() if n > counts["throttled"].get(k, 0)}
    if memory["VmHWM"] > MOST_MEMORY_MIB:
        raise Failed(f"{door.name}, {kind}: {memory['VmHWM']:.0f} MiB")
    times = {f"{q}{when}": round(of[f"{q}_ms"], 1) for q in ("p50", "p99") for when, of in (("_before", before), ("", during))}
    return {"door": door.name, "kind": kind, "messages": during["messages"], **times, "rss_mib": round(memory["VmRSS"]), "peak_mib": round(memory["VmHWM"]), "throttled": throttled,
            "refused": int(after["rejected"] - counts["rejected"]), "again": int(after["again"] - counts["again"])}


def check(found):
    """What is told at all depends on the door: gRPC keeps connections and unread answers to itself."""
    expected = {"malformed": "faults", "huge": "faults", "slow": "connections", "deaf": None}[found["kind"]]
    if expected == "connections" and found["door"] == "grpc":
        expected = None
    if expected and not found["throttled"].get(expected):
        raise Failed(f"{found['door']}, {found['kind']}: nothing was throttled for {expected}: {json.dumps(found)}")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--short", action="store_true")
    options.add_argument("--seconds", type=float)
    options.add_argument("--only", nargs="*", default=[], metavar="DOOR:KIND")
    given = options.parse_args()
    seconds = given.seconds or (3 if given.short else 15)
    if built() is None or not (stack_bin() / "kronika-edge-mllp").exists():
        return SKIPPED
    wanted = [(d, k) for d in DOORS for k in KINDS if not given.only or f"{d}:{k}" in given.only]
    if not (stack_bin() / "kronika-bench").exists():
        print("gRPC is left out: kronika-bench is not built")
        wanted = [(d, k) for d, k in wanted if d != "grpc"]
    with tempfile.TemporaryDirectory(prefix="kronika-poison-") as name:
        with Stack(pathlib.Path(name), only_kafka=True) as stack:
            stack.ask("topics", "create")
            for door_name in dict.fromkeys(d for d, _ in wanted):
                door = Door(stack, door_name)
                good(door, 2)  # the first messages look up what Kafka has where
                before = good(door, seconds)
                for _, kind in (w for w in wanted if w[0] == door_name):
                    found = measure(door, kind, seconds, before)
                    check(found)
                    print(json.dumps(found), flush=True)
                    time.sleep(5)  # the poisonous sender's debt is over
                if door.process.stop() != 0:
                    raise Failed(f"{door_name} did not end cleanly")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        print(error)
        sys.exit(1)
