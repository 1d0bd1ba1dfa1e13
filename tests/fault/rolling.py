#!/usr/bin/env python3
"""A rolling restart of every process, and 1 -> 3 -> 2 citizen consumers, under a steady load on a real broker. Nothing may be lost or
counted twice (`kronika verify`), and it says how fresh the answers stayed: for each partition, how long ago its canary (one a
second) was last seen in the gateway's view, and the age of events when their state was committed.

  tests/fault/rolling.py                     1,000 events/s, some four minutes
  tests/fault/rolling.py --short             the variant of ctest: 300 events/s, some two minutes

Prints one JSON object. Exit code 77 where the programs are not built.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "operations"))
from stack import SKIPPED, Failed, Stack, await_true, built, scrape, stack_bin, value  # noqa: E402

SESSION_SECONDS = 10


class Watch(threading.Thread):
    """Looks at the gateway and the consumers several times a second."""

    def __init__(self, gateway, consumers):
        super().__init__(daemon=True)
        self.gateway, self.consumers = gateway, consumers
        self.phase, self.stop_now = "warm-up", False
        self.stale = {}  # (phase, partition) -> [seconds since the canary was seen]
        self.owners = {}  # (phase, partition) -> instances that ran it, with the one that had it when the phase began
        self.running = {}  # partition -> instance that was last seen to run it
        self.lives = {}  # (instance, process number) -> last histogram

    def run(self):
        while not self.stop_now:
            now = time.time()
            for labels, seen in scrape(self.gateway.metrics_port).get("kronika_canary_last_seen_timestamp_seconds", {}).items():
                partition = int(re.search(r'partition="(\d+)"', labels)[1])
                self.stale.setdefault((self.phase, partition), []).append(max(0.0, now - seen))
            for consumer in list(self.consumers):
                page = consumer.metrics()
                if not page:
                    continue
                buckets = {labels: n for labels, n in page.get("kronika_end_to_end_seconds_bucket", {}).items() if 'source="event"' in labels}
                self.lives[(consumer.instance, consumer.child.pid)] = buckets
                for labels, on in page.get("kronika_task_state", {}).items():
                    if on and 'state="running"' in labels:
                        partition = int(re.search(r'partition="(\d+)"', labels)[1])
                        before = self.running.get(partition, consumer.instance)
                        self.owners.setdefault((self.phase, partition), {before}).add(consumer.instance)
                        self.running[partition] = consumer.instance
            time.sleep(0.2)

    def event_quantile(self, q):
        """Upper edge of the bucket that holds the quantile, over all lives of all consumers."""
        sums = {}
        for buckets in self.lives.values():
            for labels, n in buckets.items():
                edge = float(re.search(r'le="([^"]+)"', labels)[1].replace("+Inf", "inf"))
                sums[edge] = sums.get(edge, 0) + n
        total = sums.get(float("inf"), 0)
        return next((edge for edge in sorted(sums) if sums[edge] >= q * total), None), int(total)


def quantile(values, q):
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(q * len(ordered)))], 2) if ordered else None


def ready(process, seconds=90):
    await_true(f"{process.name} {process.instance} is ready", seconds,
               lambda: value(process.metrics(), "kronika_health_serving", 'service="ready"') == 1)


def restart(process):
    begun = time.monotonic()
    code = process.stop()
    if code != 0:
        raise Failed(f"{process.name} {process.instance} ended with {code} when asked to stop")
    stopped = time.monotonic() - begun
    process.start()
    ready(process)
    return {"process": f"{process.name} {process.instance}", "stop_seconds": round(stopped, 2),
            "ready_after_seconds": round(time.monotonic() - begun, 2)}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rate", type=int, default=1000)
    options.add_argument("--hold", type=int, default=30, help="seconds between the steps")
    options.add_argument("--short", action="store_true")
    given = options.parse_args()
    if given.short:
        given.rate, given.hold = 300, 10
    if built() is None or not (stack_bin() / "kronika-bench").exists():
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="kronika-rolling-") as name:
        folder = pathlib.Path(name)
        with Stack(folder, only_kafka=True, KRONIKA_KAFKA_TOPIC_PREFIX="load-", KRONIKA_KAFKA_SESSION_TIMEOUT_MS=str(SESSION_SECONDS * 1000),
                   KRONIKA_GATEWAY_CANARY_INTERVAL_MS="1000") as stack:
            stack.ask("topics", "create")
            citizens = [stack.start("kronika-citizen", "citizen-0")]
            indicators = stack.start("kronika-indicators", "indicators-0")
            gateway = stack.start("kronika-gateway", "gateway-0")
            for process in (*citizens, indicators, gateway):
                ready(process)
            load = subprocess.Popen(
                [stack_bin() / "kronika-bench", "load", "--bootstrap-servers", f"127.0.0.1:{stack.base}", "--prefix", "load-", "--partitions", "6",
                 "--citizens", "20000", "--events", str(10_000_000), "--rate", str(given.rate)], stdout=subprocess.DEVNULL,
                stderr=open(folder / "load.log", "wb"))
            watch = Watch(gateway, citizens)
            watch.start()
            try:
                steps = []
                time.sleep(given.hold)
                watch.phase = "rolling restart"
                for process in (*citizens, indicators, gateway):
                    steps.append(restart(process))
                    time.sleep(given.hold / 3)
                watch.phase = "1 to 3 consumers"
                for n in (1, 2):
                    citizens.append(stack.start("kronika-citizen", f"citizen-{n}"))
                for process in citizens[1:]:
                    ready(process)
                time.sleep(given.hold)
                watch.phase = "3 to 2 consumers"
                gone = citizens.pop()
                if gone.stop() != 0:
                    raise Failed("a consumer that was asked to stop did not end cleanly")
                time.sleep(SESSION_SECONDS + given.hold)
                watch.phase = "after"
                time.sleep(5)
                if load.poll() is not None:
                    raise Failed(f"the load ended: {(folder / 'load.log').read_text()[-300:]}")
            finally:
                load.terminate()
                load.wait()
            await_true("nothing waits", 120, lambda: sum(value(c.metrics(), "kronika_assigned_partitions", 'topic="maaling"')
                                                        for c in citizens) == 6 and all(
                value(c.metrics(), "kronika_consumer_lag_records") == 0 for c in citizens) and value(
                    indicators.metrics(), "kronika_consumer_lag_records") == 0, every=1)
            watch.stop_now = True
            watch.join()
            time.sleep(2)
            code, text = stack.run("verify")
            phases = {}
            for (phase, partition), values in watch.stale.items():
                stays = len(watch.owners.get((phase, partition), {0})) == 1 and phase != "rolling restart"
                phases.setdefault(phase, {}).setdefault("stay" if stays else "move or restart", []).extend(values)
            edge, events = watch.event_quantile(0.99)
            result = {
                "events_per_second": given.rate, "events_committed": events, "session_seconds": SESSION_SECONDS,
                "event_freshness_p99_at_most_seconds": edge,
                "canary_age_in_the_view_seconds": {
                    phase: {kind: {"p50": quantile(v, 0.5), "p99": quantile(v, 0.99), "max": quantile(v, 1)} for kind, v in kinds.items()}
                    for phase, kinds in phases.items()},
                "restarts": steps, "verify": code, "verify_said": text.strip().splitlines()[-1:],
            }
            print(json.dumps(result, indent=1))
            if code != 0:
                raise Failed(f"verify: {text.strip()[-600:]}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        print(error)
        sys.exit(1)
