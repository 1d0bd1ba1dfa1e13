#!/usr/bin/env python3
"""A sender that embeds examples/python/outbox.py: puts the messages that it reads, slowly, while it sends what waits, and ends when
everything has an answer.

  outbox_feed.py TARGET GENERATED QUEUE < messages     a line each: id TAB citizen TAB message

Prints "VERDICT n" a verdict. GENERATED is the folder of protoc's Python output.
"""

import pathlib
import sys
import threading
import time

target, generated, queue = sys.argv[1:4]
sys.path[:0] = [generated, str(pathlib.Path(__file__).resolve().parents[3] / "examples/python")]

import grpc  # noqa: E402
import outbox  # noqa: E402  (needs what protoc made)

PAUSE_SECONDS = 0.004


def put(messages):
    box = outbox.Outbox(queue)  # a connection of its own: this is another thread
    for line in messages:
        message_id, citizen, body = line.rstrip("\n").split("\t")
        box.put(message_id, citizen, body.encode())
        time.sleep(PAUSE_SECONDS)


def main():
    box = outbox.Outbox(queue)
    feeder = threading.Thread(target=put, args=(sys.stdin.readlines(),))
    feeder.start()
    with grpc.insecure_channel(target) as channel:
        while feeder.is_alive() or box.waiting():
            box.send(channel, first_retry_s=0.05, longest_retry_s=0.5)
            time.sleep(0.01)
    for verdict, count in box.db.execute("SELECT verdict, count(*) FROM message GROUP BY verdict"):
        print(verdict, count)


main()
