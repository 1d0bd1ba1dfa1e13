#!/usr/bin/env python3
"""A durable outbox in front of kronika's ingest API. See README.md beside this file."""

import random
import sqlite3
import sys
import time

import grpc
from kronika.ingest.v1 import ingest_pb2

WAITING, ANSWERED, UNSENDABLE = 0, 1, 2
FIRST_RETRY_S, LONGEST_RETRY_S, CALL_TIMEOUT_S = 0.5, 60.0, 15.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,               -- the sender's own: the same id is the same message
  citizen TEXT NOT NULL,                 -- whose messages stay in order; never leaves this file
  body BLOB,
  state INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before REAL NOT NULL DEFAULT 0,
  verdict TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS waiting ON message (citizen, sequence) WHERE state = 0;
"""


class Outbox:
    def __init__(self, file):
        self.db = sqlite3.connect(file, isolation_level=None, timeout=10)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")  # on disk at each commit
        self.db.executescript(SCHEMA)

    def put(self, message_id, citizen, body):
        """True: on disk now. False: this id is known already."""
        done = self.db.execute("INSERT INTO message (id, citizen, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                               (message_id, citizen, body))
        return done.rowcount == 1

    def waiting(self):
        return self.db.execute("SELECT count(*) FROM message WHERE state = 0").fetchone()[0]

    def heads(self):
        """The first waiting message of each citizen: a later one waits for its answer."""
        return self.db.execute(
            "SELECT m.sequence, m.body, m.attempts, m.not_before FROM message m JOIN (SELECT min(sequence) AS first"
            " FROM message WHERE state = 0 GROUP BY citizen) f ON m.sequence = f.first ORDER BY m.not_before, m.sequence"
            " LIMIT 32").fetchall()

    def send(self, channel, first_retry_s=FIRST_RETRY_S, longest_retry_s=LONGEST_RETRY_S):
        """Sends until everything has an answer. One process at a time."""
        publish = channel.unary_unary("/kronika.ingest.v1.IngestService/Publish",
                                      request_serializer=ingest_pb2.PublishRequest.SerializeToString,
                                      response_deserializer=ingest_pb2.PublishResponse.FromString)
        while heads := self.heads():
            due = [head for head in heads if head[3] <= time.time()]
            if not due:
                time.sleep(max(0.001, min(heads[0][3] - time.time(), 1.0)))
                continue
            calls = [(head, publish.future(ingest_pb2.PublishRequest(message=head[1]), timeout=CALL_TIMEOUT_S))
                     for head in due]
            for (sequence, _, attempts, _), call in calls:
                try:
                    self._answered(sequence, call.result().account)
                except grpc.RpcError as error:
                    if error.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT):
                        self._done(sequence, UNSENDABLE, "UNSENDABLE", error.details() or "")
                        continue
                    # Full jitter: senders that lost their edge together do not come back together.
                    pause = random.uniform(0, min(longest_retry_s, first_retry_s * 2 ** min(attempts, 20)))
                    self.db.execute("UPDATE message SET attempts = attempts + 1, not_before = ?, detail = ?"
                                    " WHERE sequence = ?", (time.time() + pause, error.details() or "", sequence))

    def _answered(self, sequence, account):
        faults = [f"{fault.reason} {fault.position}: {fault.sentence}"
                  for fact in account.facts for fault in fact.refused.faults]
        verdict = ingest_pb2.Verdict.Name(account.verdict).removeprefix("VERDICT_")
        self._done(sequence, ANSWERED, verdict, "\n".join(faults))

    def _done(self, sequence, state, verdict, detail):
        # The bytes go with the answer; the id stays, so that the same message is not sent again.
        self.db.execute("UPDATE message SET state = ?, verdict = ?, detail = ?, body = NULL WHERE sequence = ?",
                        (state, verdict, detail, sequence))


def main(arguments):
    if len(arguments) < 2:
        print(__doc__)
        return 2
    outbox = Outbox(arguments[0])
    if arguments[1] == "put" and len(arguments) == 5:
        with open(arguments[4], "rb") as file:
            print("queued" if outbox.put(arguments[2], arguments[3], file.read()) else "known already")
    elif arguments[1] == "send" and len(arguments) == 3:
        with grpc.insecure_channel(arguments[2]) as channel:
            outbox.send(channel)
    elif arguments[1] == "status":
        for verdict, count in outbox.db.execute("SELECT verdict, count(*) FROM message GROUP BY verdict"):
            print(f"{count:8} {verdict or 'WAITING'}")
        for message_id, verdict, detail in outbox.db.execute(
                "SELECT id, verdict, detail FROM message WHERE verdict NOT IN ('', 'ACCEPTED') ORDER BY sequence"):
            print(f"{message_id}: {verdict}\n    " + detail.replace("\n", "\n    "))
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
