"""Bring the shards of a training's newest checkpoint together on this node, and prove that they are complete.

    gather.py --folder OUTPUT --result FILE [--ranks-per-node N] [--peer NAME]...

Runs on the first training node. Each node wrote the shards of its own ranks to its own disk, at the same path. Which
files are needed is read from `.metadata`; only what is missing here is copied, over ssh, to a `.partial` name that a
later run goes on with. Every copy is compared with its source by size and sha256 before it gets its name. With
--ranks-per-node, the node that wrote a shard is known (peers in rank order, this node first): a copy that an earlier
run left here and that differs from its owner's is replaced. A disk that the nodes share is recognised and left alone.
Python 3.8 or newer, standard library only. Prints one JSON object; exit 1 when the set is not complete.
"""

import argparse
import os
import shlex
import shutil
import time

import dcp
from peer import Peer, PeerError, copy_proven, shares_disk
from result import finish


def owner_of(name, ranks_per_node, nodes):
    """Index of the node that wrote a shard; None if that is not known."""
    if not ranks_per_node:
        return None
    index = dcp.rank_of(name) // ranks_per_node
    if index >= nodes:
        raise PeerError(f"{name} was written by rank {dcp.rank_of(name)}, but {nodes} nodes with {ranks_per_node} ranks each are named; name them all with --peer")
    return index


def plan(folder, needed, peers, ranks_per_node):
    """[(name, peer)] to copy. Refuses two different files of one name whose owner is not known."""
    held = [peer.shards(folder) for peer in peers]
    copies, lost = [], []
    for name in sorted(needed):
        local = os.path.join(folder, name)
        owner = owner_of(name, ranks_per_node, len(peers) + 1)
        holders = [peer for peer, shards in zip(peers, held) if shards.get(name, -1) >= needed[name]]
        if owner:
            holders = [peer for peer in holders if peer is peers[owner - 1]]
        is_here = os.path.isfile(local) and os.path.getsize(local) >= needed[name]
        if owner == 0:
            holders = []
        if is_here and not holders:
            continue
        if not holders:
            where = f"{peers[owner - 1].name}, whose rank {dcp.rank_of(name)} wrote it" if owner else "any node"
            lost.append(f"{name} is not whole on {where}")
            continue
        if is_here:
            here, there = dcp.sha256(local), {peer.sha256(local) for peer in holders}
            if there == {here}:
                continue
            if owner is None:
                names = ", ".join(peer.name for peer in holders)
                raise PeerError(f"{name} is here and on {names} with different contents; delete the one that is not of this training")
        copies.append((name, holders[0]))
    if lost:
        raise PeerError("; ".join(lost) + "; was the disk of that node replaced, or is the training still saving?")
    return copies, held


def check_room(folder, copies, sizes):
    """Refuses to begin what the disk cannot hold."""
    wanted = sum(sizes[name] for name, _ in copies)
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise PeerError(f"{folder} has {free} bytes free, {wanted} are needed; delete old iterations")


def gather(options):
    """The result, with ok false only if the set is not complete after all copies."""
    began = time.monotonic()
    folder = dcp.newest_iteration(options.folder)
    needed, _ = dcp.read_metadata(folder)
    every = [Peer(name, shlex.split(options.ssh)) for name in options.peer]
    shared = [peer for peer in every if shares_disk(peer, folder)]
    apart = [peer for peer in every if peer not in shared]
    # On a shared disk the shards of its nodes are here already, so ranks no longer tell who holds what.
    ranks_per_node = options.ranks_per_node if not shared else 0
    copies, held = plan(folder, needed, apart, ranks_per_node)
    sizes = {name: size for shards in held for name, size in shards.items()}
    check_room(folder, copies, sizes)
    copied = [{"file": name, "from": peer.name, **copy_proven(os.path.join(folder, name), peer)} for name, peer in copies]
    faults = dcp.incomplete(folder)
    return {
        "ok": not faults,
        "folder": folder,
        "faults": faults,
        "required": len(needed),
        "ranks": sorted({dcp.rank_of(name) for name in needed}),
        "copied": copied,
        "sharedWith": [peer.name for peer in shared],
        "files": {name: {"bytes": os.path.getsize(os.path.join(folder, name)), "sha256": dcp.sha256(os.path.join(folder, name))} for name in sorted(needed) if os.path.isfile(os.path.join(folder, name))},
        "seconds": round(time.monotonic() - began, 3),
    }


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--result")
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--ranks-per-node", type=int, default=0)
    parser.add_argument("--ssh", default="ssh -o BatchMode=yes -o ConnectTimeout=15")
    options = parser.parse_args()
    try:
        result = gather(options)
    except (PeerError, dcp.CheckpointError, OSError) as error:
        result = {"ok": False, "faults": [str(error)]}
    finish(options.result, result)


if __name__ == "__main__":
    main()
