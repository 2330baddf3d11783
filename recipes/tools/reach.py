"""Whether the nodes reach each other over TCP: at the master's port, and at free ports as NCCL and Gloo take them. Standard library only,
Python 3.8 or newer.

All nodes register with the first one and learn the others' ports from it; each then sends more to each other one than a packet
holds, so that a smaller MTU on the way shows too. Every wait is bounded, so that a port that drops everything is a finding and no hang."""

import concurrent.futures
import contextlib
import json
import socket
import threading
import time

PAYLOAD = b"muster" * 20_000
TRY_SECONDS = 5
EXCHANGE_SECONDS = 10


class Deadline:
    """A moment, by a clock that nobody sets."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def left(self, at_most=float("inf")):
        return max(0.05, min(at_most, self.end - time.monotonic()))

    def is_over(self):
        return time.monotonic() >= self.end


def why(error):
    """What went wrong, in the words of `ss` and `ping`."""
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "timed out"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class Conversation:
    """JSON values over a connection, one a line."""

    def __init__(self, connection):
        self.connection = connection
        self.file = connection.makefile("rw", encoding="utf-8", newline="\n")

    def say(self, value):
        self.file.write(json.dumps(value) + "\n")
        self.file.flush()

    def hear(self, seconds):
        self.connection.settimeout(seconds)
        line = self.file.readline()
        if line == "":
            raise ConnectionError("the connection was closed")
        return json.loads(line)


def listen(address, port=0):
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(1024)
    return listener


def accept(listener, deadline):
    """Connections until the deadline. A closed listener ends it too."""
    while not deadline.is_over():
        listener.settimeout(deadline.left())
        try:
            yield listener.accept()[0]
        except OSError:
            return


class Meeting:
    """The first node's part: who is there, what each has found, and whether to go on."""

    def __init__(self, listener, nodes, deadline):
        self.listener, self.nodes, self.deadline = listener, nodes, deadline
        self.present = {}
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        places = {}
        for connection in accept(self.listener, self.deadline):
            # A stranger's connection is no registration.
            with contextlib.suppress(OSError, ValueError, KeyError):
                talk = Conversation(connection)
                said = talk.hear(TRY_SECONDS)
                places[said["node"]] = {**said, "address": said["address"], "port": said["port"]}
                self.present[said["node"]] = talk
            if len(places) == len(self.nodes):
                break
        missing = [node for node in self.nodes if node not in places]
        self.tell({"places": places, "missing": missing})
        good = not missing
        for talk in self.present.values():
            try:
                good = not talk.hear(EXCHANGE_SECONDS * 3)["failed"] and good
            except (OSError, ValueError):
                good = False
        self.tell({"go": good})
        for talk in self.present.values():
            talk.connection.close()

    def tell(self, value):
        for talk in self.present.values():
            with contextlib.suppress(OSError):
                talk.say(value)


def receive(listener, deadline):
    """Takes what the others send, and says so when all of it is there."""

    def one(connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(EXCHANGE_SECONDS)
            left = len(PAYLOAD)
            while left > 0:
                part = connection.recv(65536)
                if not part:
                    return
                left -= len(part)
            connection.sendall(b"ok\n")

    for connection in accept(listener, deadline):
        threading.Thread(target=one, args=(connection,), daemon=True).start()


def send(place):
    """None, or why the place does not take what is sent."""
    where = f"{place[0]}:{place[1]}"
    try:
        connection = socket.create_connection(tuple(place), timeout=EXCHANGE_SECONDS)
    except OSError as error:
        return f"{where} {why(error)}"
    try:
        with connection:
            connection.sendall(PAYLOAD)
            return None if connection.recv(16) else f"{where} closed the connection"
    except OSError as error:
        return f"{where} connects, but {len(PAYLOAD) // 1000} kB do not get through: {why(error)}"


def register(place, said, deadline):
    """The conversation with the first node, once it listens. @raises OSError of the last try"""
    while True:
        try:
            talk = Conversation(socket.create_connection(place, timeout=deadline.left(TRY_SECONDS)))
            talk.say(said)
            return talk
        except OSError:
            if deadline.is_over():
                raise
            time.sleep(0.2)


def check(node, nodes, own, master, seconds):
    """What this node finds: {"failed": {other node: why}, "missing": [nodes that did not register], "go": whether all is well, "nodes": what
    each says of itself}.

    `own`: its address, and what else the others shall know. `master`: address and port on the first node, at which a training's processes meet."""
    deadline = Deadline(seconds)
    if node == nodes[0]:
        try:
            meeting = Meeting(listen(*master), nodes, deadline)
        except OSError as error:
            return {"failed": {node: f"{master[0]}:{master[1]} cannot be listened at: {why(error)}"}, "missing": [], "go": False, "nodes": {}}
    later = Deadline(seconds + EXCHANGE_SECONDS * 4)
    listener = listen(own["address"])
    threading.Thread(target=receive, args=(listener, later), daemon=True).start()
    failed, missing, go, told = {}, [], False, {}
    try:
        talk = register(master, {**own, "node": node, "port": listener.getsockname()[1]}, deadline)
        told = talk.hear(deadline.left() + TRY_SECONDS)
        missing = told["missing"]
        others = {other: (said["address"], said["port"]) for other, said in told["places"].items() if other != node}
        with concurrent.futures.ThreadPoolExecutor(max_workers=32) as pool:
            found = dict(zip(others, pool.map(send, others.values())))
        failed = {other: said for other, said in found.items() if said}
        talk.say({"failed": failed})
        go = talk.hear(later.left())["go"]
        talk.connection.close()
    except (OSError, ValueError) as error:
        failed = failed or {nodes[0]: f"{master[0]}:{master[1]} {why(error)}"}
    if node == nodes[0]:
        meeting.thread.join(later.left())
        meeting.listener.close()
    listener.close()
    return {"failed": failed, "missing": missing, "go": go, "nodes": told.get("places", {})}
