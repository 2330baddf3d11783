"""Start a training, or go on with it from its newest checkpoint if an earlier start of the same run has left one.

    resume.py --folder OUTPUT --here INDEX --ranks-per-node N --node NAME... [--set OPTION VALUE]... [--unset OPTION]...
              -- COMMAND...

Runs on every node, in place of COMMAND, before any rank has started. The checkpoint is the one that the first node's
tracker names. Each rank reads parts that other nodes wrote, so every node brings to its own disk what it lacks, from the
node that wrote it, each file proven by checksum. Then COMMAND runs, with its options changed as --set and --unset say;
{checkpoint} in a value is the folder with the tracker. Without a checkpoint, or with one that has no optimizer's state
to go on with, COMMAND runs as it is. Python 3.8 or newer, standard library only.
"""

import argparse
import json
import os
import shlex
import sys

import dcp
from gather import Nodes, bring
from iteration import TRACKER, NoCheckpoint, newest_iteration
from peer import SSH, Peer, PeerError, copy_proven

# What the first node alone writes, beside its shards.
BESIDE = ("args.json", TRACKER)
WITHIN = (".metadata", "metadata.json", "common.pt")


def newest(folder):
    """The newest finished iteration here, as a path in the folder; None without any."""
    if not os.path.isdir(folder):
        return None
    try:
        return os.path.relpath(newest_iteration(folder)[0], folder)
    except NoCheckpoint:
        return None


def newest_on(first, folder):
    """The same, on the first node."""
    status, text = first.run('python3 -B "$1" --newest --folder "$2"', os.path.abspath(__file__), folder)
    if status != 0:
        raise PeerError(f"{first.name}: asking for its newest checkpoint ended with {status}")
    return json.loads(text.strip().splitlines()[-1])


def bring_description(first, iteration):
    """Brings what the first node has written beside the shards."""
    checkpoint = os.path.dirname(iteration)
    os.makedirs(iteration, exist_ok=True)
    paths = [os.path.join(checkpoint, name) for name in BESIDE] + [os.path.join(iteration, name) for name in WITHIN]
    for path in paths:
        if not first.has(path):
            continue
        wanted = first.sha256(path)
        if not os.path.isfile(path) or dcp.sha256(path) != wanted:
            copy_proven(path, first, wanted)


def prepare(options):
    """The iteration to go on from, whole on this node; None to start from the beginning."""
    ssh = shlex.split(options.ssh)
    first = Peer(options.node[0], ssh)
    found = newest(options.folder) if options.here == 0 else newest_on(first, options.folder)
    if found is None:
        return None
    iteration = os.path.join(options.folder, found)
    if options.here != 0:
        bring_description(first, iteration)
    metadata = dcp.read_metadata(iteration)
    if not metadata.has_optimizer:
        print(f"muster: {iteration} has no state of the optimizer, so the training begins anew", file=sys.stderr)
        return None
    bring(iteration, metadata, Nodes(iteration, options.node, options.here, options.ranks_per_node, ssh))
    faults = dcp.incomplete(iteration, metadata)
    if faults:
        raise PeerError(*faults)
    return iteration


def changed(argv, settings, unset):
    """The command with options set to one value each, or taken out with all their values."""
    for option in [name for name, _ in settings] + unset:
        if f"--{option}" in argv:
            start = argv.index(f"--{option}")
            end = start + 1
            while end < len(argv) and not argv[end].startswith("--"):
                end += 1
            argv = argv[:start] + argv[end:]
    return argv + [word for option, value in settings for word in (f"--{option}", value)]


def command_of(options, iteration):
    """The command that runs: as it was given, or going on from an iteration."""
    if iteration is None:
        return options.command
    checkpoint = os.path.dirname(iteration)
    settings = [(name, value.replace("{checkpoint}", checkpoint)) for name, value in options.settings]
    return changed(options.command, settings, options.unset)


def parser_of_options():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--newest", action="store_true", help="only print which is the newest finished iteration here, as JSON")
    parser.add_argument("--here", type=int, default=0)
    parser.add_argument("--ranks-per-node", type=int, default=0)
    parser.add_argument("--node", action="append", default=[])
    parser.add_argument("--set", dest="settings", action="append", nargs=2, default=[])
    parser.add_argument("--unset", action="append", default=[])
    parser.add_argument("--ssh", default=SSH)
    parser.add_argument("command", nargs="*")
    return parser


def main():
    options = parser_of_options().parse_args()
    try:
        if options.newest:
            print(json.dumps(newest(options.folder)))
            return
        iteration = prepare(options)
    except (PeerError, dcp.CheckpointError, OSError) as error:
        for fault in error.faults if isinstance(error, PeerError) else [str(error)]:
            print(f"error: this run has a checkpoint, and it cannot go on from it: {fault}", file=sys.stderr)
        sys.exit(f"muster: to train from the beginning, move {options.folder} away on every node")
    if iteration is not None:
        print(f"muster: going on from {iteration}", flush=True)
    argv = command_of(options, iteration)
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main()
