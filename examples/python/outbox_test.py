"""The example against an edge that loses calls and answers, killed again and again: nothing is lost, nothing overtakes."""

import concurrent.futures
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STUBS = tempfile.TemporaryDirectory()
subprocess.run(["protoc", "-I", os.path.join(ROOT, "proto"), "--python_out=" + STUBS.name, "google/rpc/status.proto",
                "kronika/ingest/v1/ingest.proto"], check=True)
sys.path[:0] = [STUBS.name, os.path.dirname(os.path.abspath(__file__))]

import grpc  # noqa: E402
import outbox  # noqa: E402
from kronika.ingest.v1 import ingest_pb2  # noqa: E402

CITIZENS, MESSAGES = 8, 12


class Edge(grpc.GenericRpcHandler):
    def __init__(self):
        self.random = random.Random(3)
        self.arrivals, self.answered, self.overtaken = {}, set(), 0
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))  # one at a time: no lock needed
        self.server.add_generic_rpc_handlers([self])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def service(self, details):
        if details.method != "/kronika.ingest.v1.IngestService/Publish":
            return None
        return grpc.unary_unary_rpc_method_handler(self.publish, ingest_pb2.PublishRequest.FromString,
                                                   ingest_pb2.PublishResponse.SerializeToString)

    def publish(self, request, context):
        roll = self.random.random()
        if roll < 0.2:
            context.abort(grpc.StatusCode.UNAVAILABLE, "Kafka is away")
        text = request.message.decode()
        self.arrivals[text] = self.arrivals.get(text, 0) + 1
        answer = ingest_pb2.PublishResponse()
        answer.account.verdict = ingest_pb2.VERDICT_ACCEPTED
        if text == "malformed":
            answer.account.verdict = ingest_pb2.VERDICT_REFUSED
            answer.account.facts.add().refused.faults.add(reason="JSON_MALFORMED")
            return answer
        citizen, number = map(int, text.split("/"))
        if number > 0 and (citizen, number - 1) not in self.answered:
            self.overtaken += 1
        if roll < 0.3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the answer is lost")
        self.answered.add((citizen, number))
        return answer


class OutboxTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.file = os.path.join(self.folder.name, "queue.db")
        self.edge = Edge()
        self.addCleanup(self.edge.server.stop, 0)
        self.addCleanup(self.folder.cleanup)

    def worker(self):
        return subprocess.Popen([sys.executable, os.path.abspath(__file__), "worker", self.file, str(self.edge.port)])

    def test_killed_again_and_again_nothing_is_lost_and_nothing_overtakes(self):
        rng = random.Random(5)
        kills = 0
        while kills < 6:
            process = self.worker()
            enough = len(self.edge.arrivals) + 1 + rng.randrange(CITIZENS * MESSAGES // 12)
            while process.poll() is None and len(self.edge.arrivals) < enough:
                time.sleep(0.001)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        self.assertEqual(self.worker().wait(60), 0)
        self.assertEqual(len(self.edge.arrivals), CITIZENS * MESSAGES)
        self.assertEqual(len(self.edge.answered), CITIZENS * MESSAGES)
        self.assertEqual(self.edge.overtaken, 0)
        self.assertEqual(kills, 6, "the test must have killed it")

    def test_the_same_id_is_one_message_and_a_refusal_is_final(self):
        box = outbox.Outbox(self.file)
        self.assertTrue(box.put("A", "p", b"0/0"))
        self.assertFalse(box.put("A", "p", b"0/0"))
        self.assertTrue(box.put("B", "q", b"malformed"))
        with grpc.insecure_channel(f"127.0.0.1:{self.edge.port}") as channel:
            box.send(channel, 0.01, 0.05)
        self.assertEqual(box.waiting(), 0)
        self.assertFalse(box.put("A", "p", b"0/0"))
        rows = dict(box.db.execute("SELECT id, verdict FROM message").fetchall())
        self.assertEqual(rows, {"A": "ACCEPTED", "B": "REFUSED"})
        self.assertEqual(box.db.execute("SELECT count(body) FROM message").fetchone()[0], 0)


def work(file, port):
    box = outbox.Outbox(file)
    for number in range(MESSAGES):
        for citizen in range(CITIZENS):
            box.put(f"{citizen}/{number}", f"patient {citizen}", f"{citizen}/{number}".encode())
            time.sleep(0.002)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        box.send(channel, 0.01, 0.1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        work(*sys.argv[2:])
    else:
        unittest.main()
