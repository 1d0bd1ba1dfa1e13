#!/usr/bin/env python3
"""make oracle: a simulated population through Kafka, the consumers and the gateway, against the oracle, cell by cell.

It starts a stack of its own on free ports in a folder of its own, publishes the population from a file, waits until every
event has been accounted for, reads the exact cells of indicator-state and every table that the gateway serves, computes
both anew from the file, and prints what differs. It stops what it started and leaves nothing behind. Exit code 1: a
difference.

  tests/oracle/run.py                                  20,000 citizens, 36 months
  tests/oracle/run.py --citizens 500 --people 100      a small one, with people of noise.py among them
"""

import argparse
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import civil  # noqa: E402
import noise  # noqa: E402
import oracle  # noqa: E402
import published  # noqa: E402
import reference  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE_PORTS = 6
ACCOUNTED = ("applied", "duplicate", "superseded", "rejected")


class Failed(Exception):
    """The comparison could not be made."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_ports(count):
    """The first of `count` free ports in a row, on loopback."""
    for _ in range(200):
        base = 20000 + secrets.randbelow(10000)
        held = []
        try:
            for port in range(base, base + count):
                held.append(socket.create_server(("127.0.0.1", port)))
            return base
        except OSError:
            continue
        finally:
            for taken in held:
                taken.close()
    raise Failed("no free ports")


class Stack:
    """Kafka, the consumers and the gateway, started and stopped by scripts/stack.sh."""

    def __init__(self, folder, data_start):
        self.folder = folder
        for name in ("secret", "seal"):
            (folder / name).write_text(secrets.token_hex(32) + "\n")
            (folder / name).chmod(0o600)
        self.env = {
            **os.environ,
            "KRONIKA_HOME": str(ROOT),
            "KRONIKA_DATA_DIR": str(folder / "data"),
            "KRONIKA_PORT_BASE": str(free_ports(BASE_PORTS)),
            "KRONIKA_IDENTITY_SECRET_FILE": str(folder / "secret"),
            "KRONIKA_SEAL_KEY_FILE": str(folder / "seal"),
            "KRONIKA_GATEWAY_RESIDENTS_FILE": str(folder / "residents.csv"),
            "KRONIKA_GATEWAY_DATA_START": civil.as_date(data_start).isoformat(),
            "KRONIKA_GATEWAY_CANARY_INTERVAL_MS": "0",  # the second program knows no canary
            **{f"KRONIKA_{name}_HEALTH_PORT": "0" for name in ("CITIZEN", "INDICATORS", "GATEWAY", "EDGE_GRPC", "EDGE_FHIR", "EDGE_MLLP")},
        }
        settings = subprocess.run([ROOT / "scripts/stack.sh", "settings"], env=self.env, capture_output=True, text=True)
        if settings.returncode != 0:
            raise Failed(settings.stderr.strip())
        for line in settings.stdout.splitlines():  # declare -x NAME="VALUE"
            name, _, value = line.removeprefix("declare -x ").partition("=")
            self.env[name] = value.strip('"')

    def script(self, command):
        done = subprocess.run([ROOT / "scripts/stack.sh", command], env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{command}: {done.stderr.strip()}")

    def ask(self, *arguments, to=None):
        """The tool's answer, or where it went."""
        with open(to or os.devnull, "w", encoding="utf-8") as out:
            done = subprocess.run(
                [ROOT / "kronika", *map(str, arguments)],
                env=self.env,
                stdout=out if to else subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        if done.returncode != 0:
            raise Failed(f"kronika {arguments[0]} {arguments[1]}: {(done.stderr or done.stdout or '').strip()[-400:]}")
        return done.stdout


def events_of(stack, given, folder, until):
    """The file that is published, and how many events it has."""
    path = folder / "events.jsonl"
    stack.ask(
        "simulate", "--citizens", given.citizens, "--months", given.months, "--seed", given.seed, "--out", path,
        "--residents", folder / "residents.csv",
    )  # fmt: skip
    if given.people:
        other = folder / "noise.jsonl"
        noise.write(other, given.people, given.seed, until, moves=True)
        with open(path, "a", encoding="utf-8") as out, open(other, encoding="utf-8") as more:
            shutil.copyfileobj(more, out)
    with open(path, encoding="utf-8") as lines:
        return path, sum(1 for _ in lines)


def await_all(stack, seconds):
    """Until nothing moves and every published event has been accounted for in the ledger."""
    end = time.monotonic() + seconds
    while True:
        books = json.loads(stack.ask("summary", "--wait", 60, "--json"))
        accounted = sum(books.get("outcomes", {}).get(name, 0) for name in ACCOUNTED) + books.get("reports", 0)
        if accounted and accounted >= stack.published:
            return books
        if time.monotonic() > end:
            raise Failed(f"after {seconds} s {accounted:,} of {stack.published:,} events were accounted for")
        time.sleep(1)


def quarters(given):
    """The first and the last quarter that the population lives in."""
    last = civil.quarter_of(civil.date_of(int(time.time() * 1000)))
    return last - (given.months + 2) // 3, last


def data_start(given):
    """So that incidence is published in the second half of the time, and refused in the first."""
    first, last = quarters(given)
    return civil.first_day((first + last) // 2) - published.INCIDENCE_RUN_IN


def read_all(stack, given, folder):
    """Cells and tables of one moment: the cells are the same before and after the tables were read."""
    first, last = quarters(given)
    for _ in range(5):
        stack.ask("indicator", "cells", to=folder / "cells.jsonl")
        as_of = int(time.time() * 1000)
        say("reading the gateway's tables")
        stack.ask(
            "indicator", "tables", "--from", civil.quarter_text(first), "--to", civil.quarter_text(last),
            to=folder / "tables.jsonl",
        )  # fmt: skip
        stack.ask("indicator", "cells", to=folder / "again.jsonl")
        if (folder / "cells.jsonl").read_bytes() == (folder / "again.jsonl").read_bytes():
            return as_of
    raise Failed("the figures did not come to rest")


def told_as_of(folder):
    """The latest as-of that the gateway told with a table."""
    with open(folder / "tables.jsonl", encoding="utf-8") as lines:
        return max((json.loads(line).get("as_of_time", "") for line in lines), default="")


def compare(given, folder, events, as_of):
    ref = reference.Reference(ROOT / "data" / "reference")
    say("computing the oracle")
    began = time.monotonic()
    mine, counts = oracle.compute(events, ref, as_of)
    say(f"{time.monotonic() - began:.0f} s; " + ", ".join(f"{n:,} {what}" for what, n in sorted(counts.items())))
    with open(folder / "cells.jsonl", encoding="utf-8") as lines:
        rows, words = oracle.compare(mine, oracle.read_cells(lines), given.show)
    print("\nThe exact cells of indicator-state")
    for line in words:
        print("  " + line)
    oracle.print_table(rows)
    with open(folder / "tables.jsonl", encoding="utf-8") as lines:
        residents = reference.rows(folder / "residents.csv")
        served = published.compare(lines, mine, ref, *quarters(given), residents, data_start(given))
    print(f"\nWhat the gateway serves, as of {told_as_of(folder)}")
    for line in served.words[: given.show]:
        print("  " + line)
    tables = served.rows_of_table()
    total = [("all", *(sum(r[n] for r in tables) for n in range(1, 5)))]
    print(f"{'indicator':<10}{'tables':>9}{'shown':>11}{'suppressed':>12}{'differences':>13}")
    for name, asked, shown, hidden, differences in tables + total:
        print(f"{name:<10}{asked:>9,}{shown:>11,}{hidden:>12,}{differences:>13,}")
    missing = {r[0] for r in rows} - {t[0] for t in tables}
    if missing:
        print(f"no table was served of {', '.join(sorted(missing))}")
    return bool(rows) and not missing and not any(r[2] for r in rows) and total[0][4] == 0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--citizens", type=int, default=20_000)
    options.add_argument("--months", type=int, default=36)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--people", type=int, default=0, help="people of noise.py among them")
    options.add_argument("--wait-seconds", type=int, default=1200, help="for the consumers")
    options.add_argument("--show", type=int, default=20, help="differences to tell in words, of cells and of tables")
    options.add_argument("--keep", action="store_true", help="keep the folder with events, cells and tables")
    given = options.parse_args()
    folder = ROOT / "var" / "oracle" / f"work-{os.getpid()}"
    folder.mkdir(parents=True)
    stack = None
    try:
        stack = Stack(folder, data_start(given))
        events, stack.published = events_of(stack, given, folder, int(time.time() * 1000))
        say(f"{stack.published:,} messages; starting Kafka, the consumers and the gateway")
        stack.script("start")
        began = time.monotonic()
        answer = stack.ask("publish", events, "--json")
        stack.published = json.loads(answer)["events"]
        say(f"{stack.published:,} events published; the edge refused the other messages")
        books = await_all(stack, given.wait_seconds)
        say(f"{time.monotonic() - began:.0f} s from the first event to the last figure; {books.get('outcomes')}")
        as_of = read_all(stack, given, folder)
        stack.script("stop")
        good = compare(given, folder, events, as_of)
    except Failed as failure:
        print(f"FAILED: {failure}")
        good = False
    finally:
        if stack:
            try:
                stack.script("stop")
            except Failed as failure:
                print(f"FAILED: {failure}")
        if given.keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` stops the stack
    sys.exit(main())
