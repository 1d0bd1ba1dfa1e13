#!/usr/bin/env python3
"""The oracle against the fold, in process and within seconds: ctest runs it.

A simulated population is written to a file, and so are people of noise.py; kronika folds each file without Kafka, now and at
an instant in the past, the oracle computes it anew, and every cell must be equal. Then one message is kept from the oracle,
which must be noticed: a comparison that cannot fail proves nothing.
"""

import argparse
import collections
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time

import noise
import oracle
import reference

ROOT = pathlib.Path(__file__).resolve().parents[2]


def at(instant):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant // 1000))


class Kronika:
    """The command-line tool with a secret of its own."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)
        secret = self.folder / "secret"
        secret.write_text(secrets.token_hex(32) + "\n")
        self.env = {**os.environ, "KRONIKA_HOME": str(ROOT), "KRONIKA_IDENTITY_SECRET_FILE": str(secret)}

    def run(self, *arguments, **options):
        return subprocess.run([self.program, *map(str, arguments)], env=self.env, check=True, text=True, **options)

    def cells(self, events, as_of):
        answer = self.run("indicator", "cells", "--events", events, "--as-of", at(as_of), stdout=subprocess.PIPE)
        return oracle.read_cells(answer.stdout.splitlines())


def agree(kronika, events, ref, as_of, show):
    mine, counts = oracle.compute(events, ref, as_of)
    rows, words = oracle.compare(mine, kronika.cells(events, as_of), show)
    print(f"{events.stem} as of {at(as_of)}: " + ", ".join(f"{n:,} {what}" for what, n in sorted(counts.items())))
    for line in words:
        print("  " + line)
    oracle.print_table(rows)
    return bool(rows) and not any(row[2] for row in rows)


def notices(kronika, events, folder, ref, as_of):
    """Whether the absence of one diagnosis is seen."""
    lines = events.read_text(encoding="utf-8").splitlines(keepends=True)
    keys = collections.Counter(line.split('"source_message_id":"')[1].split('"')[0] for line in lines)
    left_out = next(
        n
        for n, line in enumerate(lines)
        if '"diagnosis_recorded"' in line and keys[line.split('"source_message_id":"')[1].split('"')[0]] == 1
    )
    short = pathlib.Path(folder) / "short.jsonl"
    short.write_text("".join(lines[:left_out] + lines[left_out + 1 :]), encoding="utf-8")
    mine, _ = oracle.compute(short, ref, as_of)
    rows, _ = oracle.compare(mine, kronika.cells(events, as_of), 0)
    return any(row[2] for row in rows)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kronika", default=ROOT / "kronika", help="the command-line tool")
    options.add_argument("--citizens", type=int, default=800)
    options.add_argument("--people", type=int, default=250, help="of noise.py")
    options.add_argument("--months", type=int, default=36)
    options.add_argument("--seed", type=int, default=4)
    options.add_argument("--show", type=int, default=10, help="differences to tell in words")
    given = options.parse_args()
    ref = reference.Reference(ROOT / "data" / "reference")
    with tempfile.TemporaryDirectory() as folder:
        kronika = Kronika(given.kronika, folder)
        events, other = pathlib.Path(folder) / "simulated.jsonl", pathlib.Path(folder) / "noise.jsonl"
        kronika.run(
            "simulate", "--citizens", given.citizens, "--months", given.months, "--seed", given.seed, "--out", events
        )
        as_of = int(time.time()) * 1000
        noise.write(other, given.people, given.seed, as_of, ref)
        good = agree(kronika, events, ref, as_of, given.show)
        good = agree(kronika, other, ref, as_of, given.show) and good
        good = agree(kronika, other, ref, as_of - 420 * noise.DAY, given.show) and good
        if not notices(kronika, events, folder, ref, as_of):
            print("a message that the oracle did not get made no difference")
            good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
