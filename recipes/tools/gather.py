"""Bring the shards of a training's newest checkpoint together on this node, and prove that they are complete.

    gather.py --folder OUTPUT --result FILE [--ranks-per-node N] [--peer NAME]...

Runs on the first training node. Each node wrote the shards of its own ranks to its own disk, at the same path. Which
files are needed is read from `.metadata`; only what is missing here is copied, over ssh, to a `.partial` name that a
later run goes on with. Every copy is compared with its source by size and sha256 before it gets its name. With
--ranks-per-node, the node that wrote a shard is known (peers in rank order, this node first): a copy that an earlier
run left here and that differs from its owner's is replaced. A disk that nodes share is recognised and left alone.
Python 3.8 or newer, standard library only. Prints one JSON object; exit 1 when the set is not complete.
"""

import argparse
import os
import shlex
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import dcp
from hf import WeightsError, check_hf
from iteration import newest_iteration
from peer import SSH, Peer, PeerError, copy_proven, shares_disk
from result import finish

# One ssh stream fills about a tenth of a fast data network.
STREAMS = 4


class Nodes:
    """The nodes of the training in rank order, `here` among them. Those that share this one's disk count as it."""

    def __init__(self, folder, names, here, ranks_per_node, ssh):
        self.at = [None if index == here else Peer(name, ssh) for index, name in enumerate(names)]
        self.ranks_per_node = ranks_per_node
        peers = [peer for peer in self.at if peer]
        self.shared = [peer for peer in peers if shares_disk(peer, folder)]
        self.held = {peer: peer.shards(folder) for peer in peers if peer not in self.shared}

    def owner_of(self, name):
        """The peer that wrote a shard; "here" if it was this node or one on the same disk; None if that is not known."""
        if not self.ranks_per_node:
            return None
        index = dcp.rank_of(name) // self.ranks_per_node
        if index >= len(self.at):
            nodes, each = len(self.at), self.ranks_per_node
            raise PeerError(f"{name} was written by rank {dcp.rank_of(name)}, but {nodes} nodes with {each} ranks each are named; name them all")
        owner = self.at[index]
        return "here" if owner is None or owner in self.shared else owner

    def holders(self, name, least):
        """Peers on disks of their own that have the whole shard."""
        return [peer for peer, shards in self.held.items() if shards.get(name, -1) >= least]


def source_of(name, local, least, nodes):
    """The peer to copy a shard from; None if it is here already. PeerError if it is nowhere, or differs between nodes."""
    is_here = os.path.isfile(local) and os.path.getsize(local) >= least
    owner, holders = nodes.owner_of(name), nodes.holders(name, least)
    if owner == "here":
        holders = []
    elif owner:
        holders = [peer for peer in holders if peer is owner]
    if not holders:
        if is_here:
            return None
        where = "any node" if owner is None else f"{'this node' if owner == 'here' else owner.name}, whose rank {dcp.rank_of(name)} wrote it"
        raise PeerError(f"{name} is not whole on {where}; was the disk of that node replaced, or is the training still saving?")
    found = {peer.name: peer.sha256(local) for peer in holders} if is_here or len(holders) > 1 else {}
    if is_here:
        found["this node"] = dcp.sha256(local)
        if len(set(found.values())) == 1:
            return None
    if owner is None and len(set(found.values())) > 1:
        places = ", ".join(f"{place} ({digest[:12]})" for place, digest in sorted(found.items()))
        raise PeerError(f"{name} differs between {places}; delete the one that is not of this training")
    return holders[0]


def plan(folder, needed, nodes):
    """[(name, peer)] to copy. All that stands against it is told at once."""
    copies, faults = [], []
    for name in sorted(needed):
        try:
            source = source_of(name, os.path.join(folder, name), needed[name], nodes)
            if source:
                copies.append((name, source))
        except PeerError as error:
            faults += error.faults
    if faults:
        raise PeerError(*faults)
    return copies


def check_room(folder, copies, nodes):
    """Refuses to begin what the disk cannot hold. What an earlier run has brought is counted."""
    wanted = 0
    for name, peer in copies:
        partial = os.path.join(folder, name + ".partial")
        there = os.path.getsize(partial) if os.path.exists(partial) else 0
        wanted += max(0, nodes.held[peer][name] - there)
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise PeerError(f"{folder} has {free} bytes free, {wanted} are needed; delete old iterations")


def copy_all(folder, copies):
    """What was copied. A copy that fails does not end the others; all failures are told."""

    def copy(name, peer):
        try:
            return {"file": name, "from": peer.name, **copy_proven(os.path.join(folder, name), peer)}
        except (PeerError, OSError) as error:
            return {"file": name, "fault": str(error)}

    with ThreadPoolExecutor(STREAMS) as pool:
        done = list(pool.map(lambda entry: copy(*entry), copies))
    faults = [entry["fault"] for entry in done if "fault" in entry]
    if faults:
        raise PeerError(*faults)
    return done


def bring(folder, metadata, nodes):
    """Copies what is missing here; what was copied."""
    copies = plan(folder, metadata.needed, nodes)
    check_room(folder, copies, nodes)
    return copy_all(folder, copies)


def gather(options):
    """The result, with ok false only if the set is not complete after all copies."""
    began = time.monotonic()
    folder, passed_over = newest_iteration(options.folder)
    if not os.path.exists(os.path.join(folder, ".metadata")):
        return weights_only(folder, passed_over)
    metadata = dcp.read_metadata(folder)
    nodes = Nodes(folder, ["this node", *options.peer], 0, options.ranks_per_node, shlex.split(options.ssh))
    copied = bring(folder, metadata, nodes)
    faults = dcp.incomplete(folder, metadata)
    paths = {name: os.path.join(folder, name) for name in sorted(metadata.needed)}
    return {
        "ok": not faults,
        "folder": folder,
        "passedOver": passed_over,
        "faults": faults,
        "required": len(metadata.needed),
        "ranks": sorted({dcp.rank_of(name) for name in metadata.needed}),
        "copied": copied,
        "sharedWith": [peer.name for peer in nodes.shared],
        "extra": sorted(set(dcp.shards_in(folder)) - set(metadata.needed)),
        "files": {name: {"bytes": os.path.getsize(path), "sha256": dcp.sha256(path)} for name, path in paths.items() if os.path.isfile(path)},
        "seconds": round(time.monotonic() - began, 3),
    }


def weights_only(folder, passed_over):
    """ms-swift 4 without the optimizer's state writes the weights as safetensors, whole, and no shard."""
    weights = os.path.dirname(folder)
    try:
        files = check_hf(weights)
    except WeightsError as error:
        raise dcp.CheckpointError(f"{folder} has no .metadata, so no shards, and there are no whole weights beside it either: {error}")
    return {"ok": True, "folder": folder, "passedOver": passed_over, "faults": [], "required": 0, "ranks": [], "copied": [], "sharedWith": [], "extra": [], "files": {}, "weights": files}


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--result")
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--ranks-per-node", type=int, default=0)
    parser.add_argument("--ssh", default=SSH)
    options = parser.parse_args()
    try:
        result = gather(options)
    except PeerError as error:
        result = {"ok": False, "faults": error.faults}
    except (dcp.CheckpointError, OSError) as error:
        result = {"ok": False, "faults": [str(error)]}
    finish(options.result, result)


if __name__ == "__main__":
    main()
