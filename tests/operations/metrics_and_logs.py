#!/usr/bin/env python3
"""Plays the samples and a simulated population on a stack of its own and looks at what the processes tell of it:

- each name of the table in docs/operations.md is served by the processes that the table names;
- no process serves more series than its budget, a label name outside the table, or a value that could be a person or a message;
- the canary is seen in each stage, and no count knows it;
- the health ports answer;
- no log of the run holds a CPR number, a name or an address that went in.

  tests/operations/metrics_and_logs.py [--citizens N]        some two minutes; exit 77 where the programs are not built
"""

import argparse
import json
import pathlib
import re
import sys
import tempfile

import stack as stacks
from stack import ROOT, SKIPPED, Failed, Stack, await_true, built, parse, value

BUDGET = {"citizen": 1500, "indicators": 1500, "gateway": 1500, "edge-grpc": 1000, "edge-fhir": 1000, "edge-mllp": 1000}
LETTER = {"citizen": "c", "indicators": "i", "gateway": "g", "edge-grpc": "e", "edge-fhir": "e", "edge-mllp": "e"}
OWN = {"e": ("kronika_ingest_", "kronika_sender_", "kronika_http_", "grpc_server_")}  # families that the doors' own page lists
LABELS = set("""version revision librdkafka grpc rocksdb hash service loop level code purpose broker kind outcome topic partition state
  source stage cf reason mark system path protocol sender operation status grpc_service grpc_method grpc_type grpc_code trouble le
  timer days region programme picture indicator direction figures""".split())
CLOSED = {
    "service": {"startup", "ready", "live"}, "loop": {"poll", "view", "main"}, "level": {"debug", "info", "warn", "error"},
    "kind": {"transient", "abortable", "fatal", "assign", "revoke", "lost", "block_cache", "pinned", "memtables", "table_readers",
             "event", "original", "dead_letter"},
    "state": {"assigned", "restoring", "rebuilding", "running", "failed"},
    "stage": {"state", "indicator", "view", "edge", "citizen", "indicators", "other"}, "source": {"event", "canary", "state", "journal"},
    "outcome": {"committed", "aborted", "acked", "failed", "applied", "duplicate", "superseded", "rejected", "hit", "miss"},
    "path": {"fast", "refold", "generation"}, "mark": {"irregular", "unimplemented", "late"},
    "timer": {"visitation", "interview", "rehab_start", "silence", "assessment", "discharge", "contact", "examination", "transfer",
              "dropout", "level_up", "level_down"},
    "days": {"0-14", "15-30", "31+", "0-30", "31-60", "61+", "0-60", "43+", "366+", "none", "0-28", "29-90", "91+", "1-90", "all"},
    "region": {"1081", "1082", "1083", "1084", "1085", "OEST", "UNKNOWN", "all"},
    "picture": {"coherence", "quality", "technology", "equality"}, "figures": {"care", "indicators"}, "direction": {">=", ">", "<=", "<"},
    "topic": {"henvisning", "udskrivning", "maaling", "forloeb", "person", "flytning", "rapport", "citizen-state", "stratification",
              "indicator-delta", "indicator-state", "ledger", "dead-letter", "raw", "audit", "publikation"},
}


def table(text):
    """[(names, letters, letters in brackets)] of the table of metrics."""
    rows = []
    section = text[text.index("\n## Metrics"):]
    for line in section.splitlines():
        if rows and not line.startswith("|"):
            break
        cells = [c.strip() for c in line.strip("|").split(" | ")]
        names = re.findall(r"`((?:kronika|process|grpc)_\w+)`", cells[0]) if line.startswith("| `") else []
        if not names or len(cells) < 5:
            continue
        parts = [p.strip() for p in cells[2].split(",")] if "," in cells[2] else [cells[2]] * len(names)
        for name, part in zip(names, parts + parts[-1:] * len(names)):
            sometimes = "".join(re.findall(r"\(([^)]*)\)", part))
            always = re.sub(r"\([^)]*\)", "", part)
            rows.append((name, set(always.split()), set(sometimes.split())))
    if len(rows) < 40:
        raise Failed(f"the table of docs/operations.md was not read: {len(rows)} names")
    return rows


def faults_of(process, families, rows):
    """What is wrong with a page."""
    served = {re.sub(r"_(bucket|sum|count)$", "", n) if n not in {r[0] for r in rows} else n for n in families}
    letter = LETTER[process]
    documented = {name for name, _, _ in rows}
    for name, always, _ in rows:
        if letter in always and name not in served:
            yield f"{process} does not serve {name}, which the table gives it"
    for name in served:
        of_table = [r for r in rows if r[0] == name]
        if name.startswith(("process_", "exposer_")) or name.startswith(OWN.get(letter, ("-",))):
            continue
        if name not in documented:
            yield f"{process} serves {name}, which the table does not know"
        elif not any(letter in always | sometimes for _, always, sometimes in of_table):
            yield f"{process} serves {name}, which the table does not give it"
    series = sum(len(samples) for samples in families.values())
    if series > BUDGET[process]:
        yield f"{process} serves {series} series, more than {BUDGET[process]}"
    for name, samples in families.items():
        if name.startswith("exposer_"):
            continue  # the metrics library's own
        for labels in samples:
            for label, text in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels):
                if label not in LABELS:
                    yield f"{process}: {name} has a label {label}"
                elif label in CLOSED and text not in CLOSED[label] and not name.startswith(OWN["e"]):
                    yield f"{process}: {name} has {label}={text}, outside its list"
                elif re.search(r"\d{10}|\d{6}-\d{4}|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}", text) and label not in ("hash", "revision", "sender"):
                    yield f"{process}: {name} has {label}={text}, which could be a person or a message"
                elif len(text) > 80:
                    yield f"{process}: {name} has a value of {len(text)} characters in {label}"


def secrets_in(folder):
    """CPR numbers, names and addresses of all messages below the folder."""
    numbers, words = set(), set()
    for file in folder.rglob("*"):
        if not file.is_file() or file.suffix not in (".json", ".ndjson", ".hl7", ".xml"):
            continue
        text = file.read_text(errors="replace")
        found = (n.replace("-", "") for n in re.findall(r"(?<![\w.-])\d{6}-?\d{4}(?![\w-])", text))
        numbers.update(n for n in found if 1 <= int(n[:2]) % 60 <= 31 and 1 <= int(n[2:4]) <= 12)  # the day of an eCPR counts from 61
        for document in text.splitlines() if file.suffix == ".ndjson" else [text]:
            try:
                words.update(people_of(json.loads(document)))
            except ValueError:
                continue
    return numbers, {w for w in words if len(w) > 3}


def people_of(node):
    """Names and addresses of the persons in a FHIR document."""
    if isinstance(node, list):
        for entry in node:
            yield from people_of(entry)
    elif isinstance(node, dict):
        if node.get("resourceType") in ("Patient", "RelatedPerson"):
            for name in node.get("name", []):
                yield from [name["family"]] if isinstance(name.get("family"), str) else []
                yield from (g for g in name.get("given", []) if isinstance(g, str))
            for address in node.get("address", []):
                yield from (line for line in address.get("line", []) if isinstance(line, str))
        for entry in node.values():
            yield from people_of(entry)


def leaks(logs, numbers, words):
    for name, text in logs.items():
        if name.endswith("kafka.log"):
            continue  # the broker's own: it sees keys that are hashes and values that are sealed or pseudonymous
        for number in numbers:
            if number in text or f"{number[:6]}-{number[6:]}" in text:
                yield f"{name} holds a CPR number that went in"
        for word in words:
            if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text):
                yield f"{name} holds a name or address that went in ({len(word)} letters)"


def self_test(rows):
    """The checks themselves can fail."""
    bad = parse('kronika_x{citizen="0101010000"} 1\nkronika_task_state{partition="0",state="odd"} 1\n')
    found = "\n".join(faults_of("citizen", bad, rows))
    for wanted in ("does not know", "a label citizen", "state=odd", "does not serve kronika_build_info"):
        if wanted not in found:
            raise Failed(f"the checks do not find a planted fault: {wanted}")
    if not list(leaks({"a.log": "patient 010101-0000"}, {"0101010000"}, set())) or not list(leaks({"a.log": "Nancy"}, set(), {"Nancy"})):
        raise Failed("the search does not find a planted number or name")


def health(stack, name):
    """grpc.health.v1 without its generated code: a name in, a status out."""
    try:
        import grpc
    except ImportError:
        return None
    answers = {}
    with grpc.insecure_channel(f"127.0.0.1:{stack.base + stacks.HEALTH[name]}") as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        for service in ("startup", "ready", "live"):
            answers[service] = check(b"\x0a" + bytes([len(service)]) + service.encode(), timeout=10) == b"\x08\x01"
    return answers


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--citizens", type=int, default=40)
    given = options.parse_args()
    if built() is None:
        return SKIPPED
    rows = table((ROOT / "docs/operations.md").read_text())
    self_test(rows)
    with tempfile.TemporaryDirectory(prefix="kronika-operations-") as name:
        folder = pathlib.Path(name)
        with Stack(folder, KRONIKA_GATEWAY_CANARY_INTERVAL_MS="2000", KRONIKA_LOG_LEVEL="debug") as stack:
            played = folder / "played"
            played.mkdir()
            stack.ask("publish", "data/samples", allowed=(0, 1))  # some samples are bad on purpose
            stack.ask("simulate", "--citizens", given.citizens, "--months", 12, "--out", played / "simulated.ndjson")
            stack.ask("publish", played, allowed=(0, 1))
            stack.ask("status")
            for process, stage in (("citizen", "state"), ("indicators", "indicator"), ("gateway", "view")):
                await_true(f"the canary of all six partitions in stage {stage}", 60, lambda p=process, s=stage: len(
                    [l for l in stack.scrape(p).get("kronika_canary_last_seen_timestamp_seconds", {}) if f'stage="{s}"' in l]) == 6)
            await_true("statistics of the Kafka clients", 30, lambda: value(stack.scrape("gateway"), "kronika_kafka_broker_up") >= 1
                       and stack.scrape("citizen").get("kronika_lso_lag_records"))
            # Looked at once in a while: the first look may have met stores that were still being opened.
            await_true("figures of the stores", 90, lambda: all(stack.scrape(p).get("kronika_store_bytes") for p in ("citizen", "indicators")))
            faults = []
            for process in LETTER:
                families = stack.scrape(process)
                print(f"{process}: {sum(len(s) for s in families.values())} series")
                faults += faults_of(process, families, rows)
                answers = health(stack, process)
                if answers is not None and not all(answers.values()):
                    faults.append(f"{process}: health says {answers}")
            counted = json.loads(stack.ask("status", "--json"))
            print(f"status: {json.dumps(counted)[:300]}")
            code, text = stack.run("verify")
            if code != 0:
                faults.append(f"verify: {text.strip()[-500:]}")
        numbers, words = secrets_in(ROOT / "data/samples")
        more, names = secrets_in(played)
        logs = stack.logs()
        print(f"{len(numbers | more)} CPR numbers, {len(words | names)} names and addresses, "
              f"{sum(len(t) for t in logs.values())} bytes of {len(logs)} logs")
        # The samples bring CPR numbers and names; the simulated events are native ones and name person keys alone.
        if not numbers or not words or not any(logs.values()):
            faults.append("nothing went in, or nothing was logged: the search would prove nothing")
        faults += leaks(logs, numbers | more, words | names)
    for fault in sorted(set(faults))[:40]:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        print(error)
        sys.exit(1)
