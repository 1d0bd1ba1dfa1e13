#!/usr/bin/env python3
"""How long the citizen consumer takes to come back with an empty disk: events are published and handled, the process stops, its
store is deleted, and it starts again. Time runs from the start of the process until it is ready; the records are those that its own
metrics count while it restores (citizen-state, then the journal).

  bench/restore.py [--events 200000 1000000] [--citizens 20000]

Prints one JSON object a size. Progress is on the metrics page (kronika_restore_remaining_records) and, each 10 s, in the log.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/operations"))
from stack import Failed, Stack, await_true, stack_bin, value  # noqa: E402


def handled(process):
    return value(process.metrics(), "kronika_citizen_events_total")


def measure(folder, events, citizens):
    with Stack(folder, only_kafka=True, KRONIKA_KAFKA_TOPIC_PREFIX="load-", KRONIKA_CITIZEN_REBUILD_BACKLOG="0", KRONIKA_GATEWAY_CANARY_INTERVAL_MS="0") as stack:
        stack.ask("topics", "create")
        with open(folder / "load.log", "wb") as log:
            done = subprocess.run([stack_bin() / "kronika-bench", "load", "--bootstrap-servers", f"127.0.0.1:{stack.base}", "--prefix", "load-",
                                   "--partitions", "6", "--citizens", str(citizens), "--events", str(events)], stdout=log, stderr=log)
        if done.returncode != 0:
            raise Failed((folder / "load.log").read_text()[-300:])
        consumer = stack.start("kronika-citizen", "citizen-0")
        await_true("every event is handled", 1800, lambda: handled(consumer) == events, every=0.5)
        if consumer.stop() != 0:
            raise Failed("the consumer did not end cleanly")
        shutil.rmtree(folder / "citizen-0/state")
        begun = time.monotonic()
        consumer.start()
        samples = []
        while True:
            page = consumer.metrics()
            if page:
                samples.append((time.monotonic() - begun, value(page, "kronika_restore_records_total")))
                running = sum(v for labels, v in page.get("kronika_task_state", {}).items() if 'state="running"' in labels)
                if running == 6:
                    break
            if time.monotonic() - begun > 1800:
                raise Failed("not restored within half an hour")
            time.sleep(0.1)
        seconds = time.monotonic() - begun
        page = consumer.metrics()
        first = next((t for t, n in samples if n > 0), 0.0)
        records = value(page, "kronika_restore_records_total")
        return {"events": events, "seconds": round(seconds, 2), "events_per_second": round(events / seconds),
                "restored_records": int(records), "of_state": int(value(page, "kronika_restore_records_total", 'source="state"')),
                "seconds_until_the_first_record": round(first, 2),
                "events_per_second_while_reading": round(events / max(0.1, seconds - first)),
                "resident_mib": round(value(page, "process_resident_memory_bytes") / 2**20)}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, nargs="*", default=[200_000, 1_000_000])
    options.add_argument("--citizens", type=int, default=20_000)
    given = options.parse_args()
    for events in given.events:
        with tempfile.TemporaryDirectory(prefix="kronika-restore-") as name:
            print(json.dumps(measure(pathlib.Path(name), events, given.citizens)), flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(str(error))
