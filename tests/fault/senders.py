"""The good sender of poison.py: 50 messages a second over one connection from an address of its own, each after the answer to the last."""

import pathlib
import socket
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = "127.0.0.3"
EVERY_SECONDS = 0.02
DIAGNOSIS = (b'{"resourceType":"Condition","id":"c1","code":{"coding":[{"system":"urn:oid:1.2.208.176.2.4","code":"DJ449"}]},'
             b'"verificationStatus":{"coding":[{"code":"confirmed"}]},"recordedDate":"2025-01-10T09:00:00+01:00",'
             b'"subject":{"identifier":{"system":"urn:oid:1.2.208.176.1.2","value":"0101509991"}},'
             b'"recorder":{"identifier":{"system":"urn:oid:1.2.208.176.1.1","value":"990000000000101"}}}')
ADMISSION = (ROOT / "data/samples/hl7v2-dk/adt-a01-admission.hl7").read_bytes()


class Refused(Exception):
    """No positive answer; its text says what came instead."""


def post(body):
    head = f"POST /fhir/Condition HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def framed(message):
    return b"\x0b" + message + b"\x1c\r"


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


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


class OverGrpc:
    """Publish, with the few bytes of protobuf written by hand."""

    def __init__(self, port):
        import grpc
        self.call = grpc.insecure_channel(f"127.0.0.1:{port}").unary_unary("/kronika.ingest.v1.IngestService/Publish")
        self.request = b"\x0a" + varint(len(ADMISSION)) + ADMISSION

    def send(self):
        response = self.call(self.request, timeout=30)
        at = 1  # of the account's length, a varint; the verdict comes first in it
        while response[at] & 128:
            at += 1
        if response[:1] + response[at + 1:at + 3] != b"\x0a\x08\x01":
            raise Refused(repr(response[:100]))


def connect(door, port):
    if door == "fhir":
        return OverSocket(port, post(DIAGNOSIS), http_complete, lambda a: a.startswith(b"HTTP/1.1 201"))
    if door == "mllp":
        return OverSocket(port, framed(ADMISSION), lambda a: a.endswith(b"\x1c\r"), lambda a: b"MSA|AA|" in a)
    return OverGrpc(port)


def steady(door, port, seconds):
    """Milliseconds until each answer; a sentence where one was not positive."""
    took = []
    try:
        sender = connect(door, port)
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            sent = time.monotonic()
            sender.send()
            took.append((time.monotonic() - sent) * 1000)
            time.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - sent)))
    except Exception as fault:  # of whatever kind: the test tells it
        return f"after {len(took)} answers: {type(fault).__name__}: {fault}"
    return took
