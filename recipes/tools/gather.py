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
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid

import dcp


class GatherError(Exception):
    """The shards cannot be brought together; the text says where, why, and the remedy."""


class Peer:
    """Another node, reached by the mesh's ssh under its name."""

    def __init__(self, name, ssh):
        self.name = name
        self.ssh = ssh

    def command(self, script, *words):
        line = " ".join(["sh", "-c", shlex.quote(script), "sh", *map(shlex.quote, words)])
        return [*self.ssh, self.name, line]

    def run(self, script, *words):
        """Output of a script there. Exit status 3 is a script's way to say that the folder is not there."""
        done = subprocess.run(self.command(script, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if done.returncode not in (0, 3):
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise GatherError(f"{self.name}: ssh ended with {done.returncode}: {said[-1] if said else 'no message'}; try: ssh {self.name} true")
        return done.returncode, done.stdout.decode()

    def shards(self, folder):
        """Sizes of the shards in the folder there."""
        status, text = self.run('cd "$1" 2>/dev/null || exit 3; for f in __*.distcp; do [ -f "$f" ] && stat -c "%s %n" "$f"; done; true', folder)
        rows = (line.split(" ", 1) for line in text.splitlines()) if status == 0 else ()
        return {name: int(size) for size, name in rows}

    def has(self, path):
        """Whether the file is there."""
        return self.run('[ -e "$1" ] || exit 3', path)[0] == 0

    def sha256(self, path):
        """Checksum of a file there."""
        status, text = self.run('[ -f "$1" ] || exit 3; sha256sum <"$1"', path)
        if status != 0:
            raise GatherError(f"{self.name}: {path} has gone; is somebody else writing there?")
        return text.split()[0]

    def copy(self, path, target):
        """Append what the target lacks of the file there."""
        have = os.path.getsize(target) if os.path.exists(target) else 0
        with open(target, "ab") as file:
            done = subprocess.run(self.command('tail -c "+$1" -- "$2"', str(have + 1), path), stdout=file, stdin=subprocess.DEVNULL)
            file.flush()
            os.fsync(file.fileno())
        if done.returncode != 0:
            raise GatherError(f"{self.name}: copying {os.path.basename(path)} ended with {done.returncode}; run it again, it goes on where it stopped")


def shares_disk(peer, folder):
    """Whether the peer sees a file that was just made here."""
    mark = os.path.join(folder, f".muster-{uuid.uuid4().hex}")
    with open(mark, "w", encoding="utf-8"):
        pass
    try:
        return peer.has(mark)
    finally:
        os.remove(mark)


def owner_of(name, ranks_per_node, nodes):
    """Index of the node that wrote a shard; None if that is not known."""
    if not ranks_per_node:
        return None
    index = dcp.rank_of(name) // ranks_per_node
    if index >= nodes:
        raise GatherError(f"{name} was written by rank {dcp.rank_of(name)}, but {nodes} nodes with {ranks_per_node} ranks each are named; name them all with --peer")
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
                raise GatherError(f"{name} is here and on {names} with different contents; delete the one that is not of this training")
        copies.append((name, holders[0]))
    if lost:
        raise GatherError("; ".join(lost) + "; was the disk of that node replaced, or is the training still saving?")
    return copies, held


def check_room(folder, copies, sizes):
    """Refuses to begin what the disk cannot hold."""
    wanted = sum(sizes[name] for name, _ in copies)
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise GatherError(f"{folder} has {free} bytes free, {wanted} are needed; delete old iterations")


def fetch(folder, name, peer):
    """Copy one shard, prove it, name it. A partial file of another training is noticed by its checksum and begun anew."""
    target = os.path.join(folder, name)
    partial = target + ".partial"
    wanted = peer.sha256(target)
    resumed = os.path.exists(partial)
    peer.copy(target, partial)
    if resumed and dcp.sha256(partial) != wanted:
        os.remove(partial)
        peer.copy(target, partial)
    found = dcp.sha256(partial)
    if found != wanted:
        os.remove(partial)
        raise GatherError(f"{name} from {peer.name}: sha256 {found[:12]} here, {wanted[:12]} there; the file changes, or the network does")
    os.replace(partial, target)
    return {"file": name, "from": peer.name, "bytes": os.path.getsize(target), "sha256": wanted}


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
    copied = [fetch(folder, name, peer) for name, peer in copies]
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


def write_result(path, result):
    """The file appears whole or not at all."""
    text = json.dumps(result, ensure_ascii=False)
    if path:
        with open(path + ".partial", "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.replace(path + ".partial", path)
    print(text, flush=True)


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
    except (GatherError, dcp.CheckpointError, OSError) as error:
        result = {"ok": False, "faults": [str(error)]}
    write_result(options.result, result)
    for fault in result["faults"]:
        print(f"error: {fault}", file=sys.stderr)
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
