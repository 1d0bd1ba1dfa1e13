#!/usr/bin/env python3
"""An independent oracle: the indicators of a file of raw events, computed plainly from docs/domain.md and data/reference,
compared cell by cell with what kronika counted.

  oracle.py --events FILE --as-of MS                   prints the cells, one JSON object a line
  oracle.py --events FILE --as-of MS --cells FILE      compares with such a file (`-`: standard input) of kronika's
"""

import argparse
import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import events  # noqa: E402
import indicators  # noqa: E402
import person  # noqa: E402
import reference  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
CELL = ("indicator", "period", "rolling", "municipality", "programme", "level", "education", "sex", "age", "detail")
FIGURES = ("numerator", "numerator2", "denominator", "unknown", "excluded", "sum_thousandths")


def together(people, links):
    """The facts of each person, those of replaced person numbers among them (docs/domain.md 5)."""
    moved = {}
    for key, facts in people.items():
        while key in links:
            key = links[key]
        moved.setdefault(key, []).append(facts)
    for lists in moved.values():
        yield lists[0] if len(lists) == 1 else sorted(sum(lists, []), key=events.Event.sort_key)


def compute(path, ref, as_of):
    """All cells, and how many messages were what."""
    cells, counts = indicators.Cells(), collections.Counter()
    people, links = {}, {}
    for key, messages in events.read(path).items():
        counts["people"] += 1
        counts["messages"] += len(messages)
        people[key] = events.effective(messages, ref, as_of, counts)
        links.update({e.content["old_person_key"]: key for e in people[key] if e.type == "cpr_replaced"})
        people[key] = [e for e in people[key] if e.type != "cpr_replaced"]  # tells who somebody is, and no more (16)
    for facts in together(people, links):
        indicators.reporting(facts, ref, cells)
        facts = events.without_contradictions(facts)
        if facts:
            indicators.Tally(person.Person(facts, ref, as_of), cells).all()
    return cells.cells, counts


def write(cells, out):
    for cell in sorted(cells):
        figures = dict(cells[cell])
        figures["buckets"] = sorted(figures["buckets"].items())
        out.write(json.dumps({**dict(zip(CELL, cell, strict=True)), **figures}) + "\n")


def read_cells(file):
    cells = {}
    for line in file:
        row = json.loads(line)
        if "indicator" not in row or row.get("canary"):
            continue
        figures = {name: row.get(name, 0) for name in FIGURES}
        figures["buckets"] = {int(days): int(count) for days, count in row.get("buckets", ())}
        cells[tuple(row[name] for name in CELL)] = figures
    return cells


def nonzero(figures):
    return bool(figures) and any(figures.values())


def compare(mine, theirs, show):
    """[(indicator, cells, differences)], and the first differences in words."""
    table, words = {}, []
    for cell in sorted(set(mine) | set(theirs)):
        a, b = mine.get(cell), theirs.get(cell)
        if not nonzero(a) and not nonzero(b):
            continue
        row = table.setdefault(cell[0], [0, 0])
        row[0] += 1
        if a != b:
            row[1] += 1
            words.append(f"{' '.join(str(c) for c in cell)}: oracle {a}, kronika {b}")
    return [(name, *row) for name, row in sorted(table.items())], words[:show]


def print_table(rows, out=sys.stdout):
    out.write(f"{'indicator':<10}{'cells':>9}{'differences':>13}\n")
    for name, cells, differences in rows:
        out.write(f"{name:<10}{cells:>9,}{differences:>13,}\n")
    out.write(f"{'all':<10}{sum(r[1] for r in rows):>9,}{sum(r[2] for r in rows):>13,}\n")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", required=True, help="native JSON, one event a line, in order of arrival")
    options.add_argument("--reference", default=ROOT / "data" / "reference")
    options.add_argument("--as-of", required=True, type=int, help="milliseconds since 1970")
    options.add_argument("--cells", help="kronika's cells to compare with")
    options.add_argument("--show", type=int, default=20, help="differences to tell in words")
    given = options.parse_args()
    mine, counts = compute(given.events, reference.Reference(given.reference), given.as_of)
    print("messages: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())), file=sys.stderr)
    if not given.cells:
        write(mine, sys.stdout)
        return 0
    with sys.stdin if given.cells == "-" else open(given.cells, encoding="utf-8") as file:
        rows, words = compare(mine, read_cells(file), given.show)
    for line in words:
        print("  " + line)
    print_table(rows)
    if not rows:
        print("nothing was compared")
    return 1 if not rows or any(r[2] for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
