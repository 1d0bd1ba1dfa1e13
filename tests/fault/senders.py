"""The good sender of poison.py: 50 messages a second over one connection from an address of its own, each after the answer to the last."""

import json
import pathlib
import socket
import subprocess
import time

from stack import stack_bin

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = "127.0.0.3"
EVERY_SECONDS = 0.02
DIAGNOSIS = (b'{"resourceType":"Condition","id":"c1","code":{"coding":[{"system":"urn:oid:1.2.208.176.2.4","code":"DJ449"}]},'
             b'"verificationStatus":{"coding":[{"code":"confirmed"}]},"recordedDate":"2025-01-10T09:00:00+01:00",'
             b'"subject":{"identifier":{"system":"urn:oid:1.2.208.176.1.2","value":"0101509991"}},'
             b'"recorder":{"identifier":{"system":"urn:oid:1.2.208.176.1.1","value":"990000000000101"}}}')
ADMISSION_FILE = ROOT / "data/samples/hl7v2-dk/adt-a01-admission.hl7"
ADMISSION = ADMISSION_FILE.read_bytes()


class Refused(Exception):
    """No positive answer; its text says what came instead."""


def post(body):
    head = f"POST /fhir/Condition HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def framed(message):
    return b"\x0b" + message + b"\x1c\r"


class OverSocket:
    """A protocol with one answer after the other on a plain connection."""

    def __init__(self, port, message, complete, positive):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(ADDRESS, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.message, self.complete, self.positive = message, complete, positive

    def send(self):
        self.socket.sendall(self.message)
        answer = b""
        while not self.complete(answer):
            more = self.socket.recv(65536)
            if not more:
                raise Refused(f"the connection ended after {answer[:200]}")
            answer += more
        if not self.positive(answer):
            raise Refused(answer[:300].decode(errors="replace"))


def http_complete(answer):
    head, found, body = answer.partition(b"\r\n\r\n")
    return bool(found) and len(body) >= int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] or 0)


def connect(door, port):
    if door == "fhir":
        return OverSocket(port, post(DIAGNOSIS), http_complete, lambda a: a.startswith(b"HTTP/1.1 201"))
    return OverSocket(port, framed(ADMISSION), lambda a: a.endswith(b"\x1c\r"), lambda a: b"MSA|AA|" in a)


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def over_grpc(port, seconds):
    """By the benchmark's client, one message at a time over a stream; it comes from 127.0.0.1."""
    done = subprocess.run([stack_bin() / "kronika-bench", "stream", "--target", f"127.0.0.1:{port}", "--files", ADMISSION_FILE, "--window", "1",
                           "--rate", str(1 / EVERY_SECONDS), "--seconds", str(seconds)], capture_output=True, text=True, timeout=seconds + 30)
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    found = json.loads(done.stdout)
    if found["accepted"] != found["messages"]:
        raise Refused(f"{found['messages'] - found['accepted']} of {found['messages']} messages without a positive answer")
    return {"messages": found["messages"], "p50_ms": found["p50_ms"], "p99_ms": found["p99_ms"]}


def over_socket(door, port, seconds):
    took = []
    sender = connect(door, port)
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        sent = time.monotonic()
        sender.send()
        took.append((time.monotonic() - sent) * 1000)
        time.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - sent)))
    return {"messages": len(took), "p50_ms": quantile(took, 0.5), "p99_ms": quantile(took, 0.99)}


def steady(door, port, seconds):
    """How long the answers took; a sentence where one was not positive."""
    try:
        return over_grpc(port, seconds) if door == "grpc" else over_socket(door, port, seconds)
    except Exception as fault:  # of whatever kind: the test tells it
        return f"{type(fault).__name__}: {fault}"
