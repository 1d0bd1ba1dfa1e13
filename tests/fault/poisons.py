"""The poisonous sender of poison.py. It comes from one address; what gRPC's client sends goes through a forwarder, because a gRPC
channel cannot choose its own."""

import asyncio
import socket
import subprocess
import tempfile
import time

from senders import ADMISSION, DIAGNOSIS, framed, post
from stack import stack_bin

ADDRESS = "127.0.0.2"
MESSAGES_PER_SECOND = 10_000
HUGE_BYTES = 4_900_000
CONNECTIONS = {"malformed": 20, "huge": 8, "slow": 450, "deaf": 50}
STREAMS = {"malformed": 1, "huge": 8, "deaf": 8}


def payload(door, kind):
    """What one connection sends, over and over: some messages at once."""
    if door == "grpc":  # over a bare socket: the client's preface, which nothing follows
        return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]) + bytes(100)
    wrap = post if door == "fhir" else framed
    if kind == "malformed":
        return wrap(b"rubbish") * 20
    if kind == "huge":
        return wrap(b'{"rubbish":' + b"x" * HUGE_BYTES)
    return wrap(DIAGNOSIS if door == "fhir" else ADMISSION) * 20


class Line:
    """One connection that sends as it may, and is opened again when it was closed."""

    def __init__(self, port, deaf):
        self.port, self.deaf, self.left, self.socket = port, deaf, b"", None
        self.turns = 0  # of this connection

    def open(self):
        self.socket = socket.socket()
        if self.deaf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.bind((ADDRESS, 0))
        self.socket.settimeout(1)
        self.socket.connect(("127.0.0.1", self.port))
        self.socket.setblocking(False)
        self.turns = 0

    def turn(self, more):
        """Sends what goes out now, `more` if the last is out; whether it took `more`."""
        try:
            if self.socket is None:
                self.open()
            if not self.deaf:
                while self.socket.recv(65536):
                    pass
                raise ConnectionError  # closed by the door
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return False
        took = not self.left and bool(more)
        self.left = self.left or more
        try:
            if self.left:
                self.left = self.left[self.socket.send(self.left):]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
        return took

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket, self.left = None, b""


def over_sockets(door, kind, port, stop):
    lines = [Line(port, kind == "deaf") for _ in range(CONNECTIONS[kind])]
    whole = payload(door, kind)
    begun, sent = time.monotonic(), 0
    while not stop.is_set():
        moved = False
        for line in lines:
            if kind == "slow":
                line.turn(whole[line.turns:line.turns + 1])
                line.turns += 1
                continue
            due = kind != "malformed" or sent < (time.monotonic() - begun) * MESSAGES_PER_SECOND
            took = line.turn(memoryview(whole) if due else b"")
            sent += 20 if took else 0
            moved = moved or took
        time.sleep(1 if kind == "slow" else 0.002 if moved else 0.01)
    for line in lines:
        line.close()


async def forward(port, stop, listening):
    """Everything to the door, from the poisonous address, no faster than either side reads."""

    async def one_way(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def connected(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", port, local_addr=(ADDRESS, 0), limit=65536)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(one_way(reader, there[1]), one_way(there[0], writer))
        except asyncio.CancelledError:
            pass  # the end of the poisoning

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=65536)
    listening(server.sockets[0].getsockname()[1])
    while not stop.is_set():
        await asyncio.sleep(0.1)
    server.close()


def over_grpc(kind, port, stop):
    with tempfile.NamedTemporaryFile(suffix=".message") as file:
        file.write({"malformed": b"rubbish", "huge": b"x" * HUGE_BYTES}.get(kind, ADMISSION))
        file.flush()
        clients = []

        def begin(local):
            rate = ["--rate", str(MESSAGES_PER_SECOND)] if kind == "malformed" else []
            for _ in range(STREAMS[kind]):
                clients.append(subprocess.Popen(
                    [stack_bin() / "kronika-bench", "stream", "--target", f"127.0.0.1:{local}", "--files", file.name, "--seconds", "600",
                     *rate, *(["--deaf"] if kind == "deaf" else [])], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

        try:
            asyncio.run(forward(port, stop, begin))
        finally:
            for client in clients:
                client.kill()
                client.wait()


def poison(door, kind, port, stop):
    if door == "grpc" and kind != "slow":
        over_grpc(kind, port, stop)
    else:
        over_sockets(door, kind, port, stop)
