"""Data parallelism of `vllm serve` over nodes: the head waits for the engines of the others, which have no API.

Only the meeting is simulated: the others hold their GPUs and compute nothing, the head answers every request. It waits without an
end, as the real one does, and who loses the other ends.
"""

import json
import socket
import sys
import time


def local_engines(args):
    """Engines on this node: all, unless the command line says how many."""
    return args.data_parallel_size if args.data_parallel_size_local is None else args.data_parallel_size_local


def spans_nodes(args):
    """Whether other nodes run a part of the engines."""
    return local_engines(args) < args.data_parallel_size


def await_others(args):
    """Head: returns once every engine of the other nodes has reported. Their connections stay open as long as this process."""
    address = (args.data_parallel_address or "127.0.0.1", args.data_parallel_rpc_port or 29550)
    wanted = set(range(local_engines(args), args.data_parallel_size))
    print(f"INFO Waiting for {len(wanted)} remote engines at {address[0]}:{address[1]} (simulated)", flush=True)
    listener = socket.create_server(address)
    found = []
    while wanted:
        peer, _ = listener.accept()
        told = json.loads(peer.makefile().readline())
        wanted -= set(range(told["start"], told["start"] + told["engines"]))
        found.append(peer)
    for peer in found:
        peer.sendall(b"go\n")
    _held.append((listener, found))


def serve_headless(args):
    """Another node: reports to the head, then stays until the head goes away."""
    address = (args.data_parallel_address or "127.0.0.1", args.data_parallel_rpc_port or 29550)
    told = {"start": args.data_parallel_start_rank or 0, "engines": local_engines(args)}
    while True:
        try:
            head = socket.create_connection(address)
            break
        except OSError:
            time.sleep(0.5)
    head.sendall((json.dumps(told) + "\n").encode())
    lines = head.makefile()
    if lines.readline() != "go\n":
        sys.exit("RuntimeError: the head went away before every engine was there (simulated)")
    print(f"INFO engines {told['start']} to {told['start'] + told['engines'] - 1} are ready (simulated)", flush=True)
    lines.readline()
    sys.exit("RuntimeError: the head went away (simulated)")


_held = []
