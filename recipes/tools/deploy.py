"""Run `swift deploy` so that it serves on its own port or not at all.

    deploy.py --port N -- swift deploy … --port N

`swift deploy` takes the next free port when its own is taken, and says so only in its log. So the port is looked at first,
and the port that the server then reports (uvicorn's line) must be that one. Python 3.8 or newer, standard library only.
"""

import argparse
import re
import signal
import socket
import sys
import time

from child import Child, exit_status, hand_on_signals

RUNNING = re.compile(r"Uvicorn running on https?://\S+:(\d+)")


def binds(port, reuse):
    """Whether the port can be had on every address; with `reuse`, also while connections of an earlier server fade away."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def is_free(port):
    """As `swift deploy` itself looks, which takes the connections of a server that has just ended for a server: they are
    waited for, as long as the kernel keeps them (60 seconds)."""
    deadline = time.monotonic() + 90
    while not binds(port, reuse=False):
        if not binds(port, reuse=True) or time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


def deploy(options):
    """The exit status: 1 when the server is on another port."""
    if not is_free(options.port):
        print(f"error: port {options.port} is taken, and swift deploy would move to another one without a word", file=sys.stderr)
        return 1
    child = Child(options.command, reads_output=True)
    hand_on_signals([child])
    moved = []

    def look(line):
        found = RUNNING.search(line)
        if found and int(found[1]) != options.port and not moved:
            moved.append(found[1])
            child.send(signal.SIGTERM)

    status = child.follow(look)
    if moved:
        print(f"error: the server went to port {moved[0]}, because {options.port} was taken meanwhile", file=sys.stderr)
        return 1
    if status != 0:
        print(f"error: {child.ended()}", file=sys.stderr)
    return exit_status(status)


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("command", nargs="+")
    sys.exit(deploy(parser.parse_args()))


if __name__ == "__main__":
    main()
