#!/usr/bin/env python3
"""Sends files through the gRPC door, with code that protoc made from the published protos.

  ingest_client.py TARGET GENERATED publish|stream < paths     one file a line

Prints one JSON object a file: {"file": ..., "status": ..., "verdict": ..., "accepted": n, "refused": n, "ignored": n}.
GENERATED is the folder of protoc's Python output; tests/integration/doors_test.cc makes it.
"""

import json
import pathlib
import sys

import grpc

target, generated, mode = sys.argv[1:4]
sys.path.insert(0, generated)

from kronika.ingest.v1 import ingest_pb2, ingest_pb2_grpc  # noqa: E402  (made by protoc)

DEADLINE_SECONDS = 60


def report(name, status, account=None):
    kinds = [fact.WhichOneof("kind") for fact in account.facts] if account else []
    print(json.dumps({
        "file": name,
        "status": status,
        "verdict": ingest_pb2.Verdict.Name(account.verdict) if account else "",
        "sha256": account.sha256 if account else "",
        **{kind: kinds.count(kind) for kind in ("accepted", "refused", "ignored")},
    }), flush=True)


def publish(stub, files):
    for name in files:
        request = ingest_pb2.PublishRequest(message=pathlib.Path(name).read_bytes(), source=pathlib.Path(name).name)
        try:
            report(name, "OK", stub.Publish(request, timeout=DEADLINE_SECONDS).account)
        except grpc.RpcError as error:
            report(name, error.code().name)


def stream(stub, files):
    requests = (
        ingest_pb2.PublishStreamRequest(sequence=n, message=pathlib.Path(name).read_bytes(), source=pathlib.Path(name).name)
        for n, name in enumerate(files)
    )
    for answer in stub.PublishStream(requests, timeout=DEADLINE_SECONDS):
        if answer.WhichOneof("outcome") == "account":
            report(files[answer.sequence], "OK", answer.account)
        else:
            report(files[answer.sequence], f"NOT_NOW {answer.not_now.code}")


def main():
    files = [line.rstrip("\n") for line in sys.stdin]
    with grpc.insecure_channel(target) as channel:
        stub = ingest_pb2_grpc.IngestServiceStub(channel)
        (publish if mode == "publish" else stream)(stub, files)


main()
