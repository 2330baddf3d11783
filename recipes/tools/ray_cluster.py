"""Make the nodes of one server a ray cluster, and run the server on it.

    ray_cluster.py head --address IP --port N --gpus G --worker IP [--worker IP …] [--timeout-seconds N] -- vllm serve …
    ray_cluster.py worker --head IP --address IP --port N --gpus G [--timeout-seconds N]

The head starts ray, waits until ray knows each worker by its address with all its GPUs, and only then runs the command; a
missing node is named, where vLLM would wait for half an hour. A worker waits until the head listens, then lends its GPUs. When
one of both ends, ray or the command, the other is ended too. VLLM_HOST_IP must be in the environment: ray's processes keep
the one they were started with. Python 3.8 or newer, standard library only; ray is asked through its own Python.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time

from child import Child, exit_status, hand_on_signals

# The nodes as ray knows them. `ray list nodes` would need ray[default], which vLLM does not bring.
ASK = """
import json, sys
import ray
ray.init(address=sys.argv[1], logging_level="ERROR", log_to_driver=False)
print(json.dumps([[node["NodeManagerAddress"], node.get("Resources", {}).get("GPU", 0)] for node in ray.nodes() if node["Alive"]]))
"""


class ClusterError(Exception):
    """The nodes did not come together; the text says why and what helps."""


def listens(address, port):
    """Whether something answers there."""
    try:
        with socket.create_connection((address, port), timeout=2):
            return True
    except OSError:
        return False


def ray_start(options, where):
    """`ray start`, in the foreground, without dashboard and without reports to its makers."""
    words = ["ray", "start", *where, "--node-ip-address", options.address, "--num-gpus", str(options.gpus)]
    try:
        return Child([*words, "--disable-usage-stats", "--block"])
    except FileNotFoundError:
        raise ClusterError("there is no ray in this image: add it to python.packages, or write serve.executor: mp (vLLM 0.11.2 or newer)")


def nodes(head):
    """{address: GPUs} of the nodes that live; None while ray cannot be asked."""
    try:
        asked = subprocess.run([sys.executable, "-c", ASK, head], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    except subprocess.TimeoutExpired:
        return None
    lines = asked.stdout.decode(errors="replace").strip().splitlines()
    if asked.returncode != 0 or not lines:
        return None
    return {address: gpus for address, gpus in json.loads(lines[-1])}


def missing(wanted, found, gpus):
    """What is not as it should be, a sentence a node."""
    strange = sorted(set(found) - set(wanted))
    hint = f"; ray knows {', '.join(strange)} instead: another interface of it?" if strange else ""
    away = [f"node {address} did not join ray{hint}" for address in wanted if address not in found]
    few = [f"node {address} lends {found[address]:g} GPUs, not {gpus}" for address in wanted if found.get(address, gpus) < gpus]
    return away + few


def gather_nodes(options, ray):
    """Returns once every node is there."""
    wanted = [options.address, *options.worker]
    deadline = time.monotonic() + options.timeout_seconds
    left = wanted
    while time.monotonic() < deadline:
        if ray.process.poll() is not None:
            raise ClusterError(f"{ray.ended()}, see its output above")
        found = nodes(f"{options.address}:{options.port}")
        left = missing(wanted, found or {}, options.gpus)
        if not left:
            print(f"ray cluster of {len(wanted)} nodes: {', '.join(wanted)}", flush=True)
            return
        time.sleep(1)
    raise ClusterError(f"{'; '.join(left)} within {options.timeout_seconds:g} seconds")


def lead(options, children):
    """Head: ray, all nodes, the command. The exit status of the one that ended first."""
    if listens(options.address, options.port):
        raise ClusterError(f"port {options.port} of {options.address} is taken, by another ray perhaps: choose serve.masterPort")
    ray = ray_start(options, ["--head", "--port", str(options.port), "--include-dashboard", "false"])
    children.append(ray)
    gather_nodes(options, ray)
    # Without it vLLM joins whatever ray it finds on this host, or starts one of its own.
    env = {**os.environ, "RAY_ADDRESS": f"{options.address}:{options.port}"}
    children.append(Child(options.command, env=env))
    return first_end(children)


def lend(options, children):
    """Worker: waits for the head, then lends its GPUs until ray ends."""
    deadline = time.monotonic() + options.timeout_seconds
    while not listens(options.head, options.port):
        if time.monotonic() > deadline:
            raise ClusterError(f"the head {options.head}:{options.port} did not listen within {options.timeout_seconds:g} seconds")
        time.sleep(1)
    children.append(ray_start(options, ["--address", f"{options.head}:{options.port}"]))
    return first_end(children)


def first_end(children):
    """Waits until one child has ended, and tells how. A server that ends is a failure, whatever it says."""
    while True:
        for child in children:
            status = child.process.poll()
            if status is not None:
                print(f"{child.ended()}", file=sys.stderr)
                return exit_status(status)
        time.sleep(0.5)


def end_all(children):
    """What is left is asked to end, then made to."""
    for number, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        for child in children:
            child.send(number)
        deadline = time.monotonic() + seconds
        while any(child.process.poll() is None for child in children) and time.monotonic() < deadline:
            time.sleep(0.1)


def parsed():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    roles = parser.add_subparsers(dest="role", required=True)
    head, worker = roles.add_parser("head", allow_abbrev=False), roles.add_parser("worker", allow_abbrev=False)
    for role in (head, worker):
        role.add_argument("--address", required=True)
        role.add_argument("--port", type=int, required=True)
        role.add_argument("--gpus", type=int, required=True)
        role.add_argument("--timeout-seconds", type=float, default=300)
    head.add_argument("--worker", action="append", default=[])
    head.add_argument("command", nargs="+")
    worker.add_argument("--head", required=True)
    return parser.parse_args()


def main():
    options, children = parsed(), []
    hand_on_signals(children)
    try:
        status = lead(options, children) if options.role == "head" else lend(options, children)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        status = 1
    end_all(children)
    sys.exit(status)


if __name__ == "__main__":
    main()
