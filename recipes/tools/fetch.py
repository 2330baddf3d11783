"""Bring a folder from another node to the same path on this one, and prove that it is the same.

    fetch.py --folder FOLDER --from NAME --result FILE

The nodes keep weights on disks of their own, and every rank reads them from its own node. Files arrive in FOLDER.partial,
each compared with its source by sha256; the folder gets its name when all are there, and what had that name before becomes
FOLDER.previous, of which one is kept. A later run goes on where an earlier one stopped. A folder that is the same already,
and a disk that both nodes share, are left alone. Prints one JSON object; exit 1 when the folder is not complete.
"""

import argparse
import os
import shlex
import shutil
import sys
import time

import dcp
from peer import SSH, Peer, PeerError, copy_from
from result import finish

LIST = 'cd "$1" 2>/dev/null || exit 3; find . -type f ! -name "*.partial" -exec sha256sum {} +'
SIZE = 'du -sb "$1" | cut -f1'


def listing(peer, folder):
    """Checksums of the peer's files, by their path in the folder."""
    status, text = peer.run(LIST, folder)
    if status != 0 or not text.strip():
        raise PeerError(f"{peer.name}: {folder} is not there; did the step that makes it run on that node?")
    rows = (line.split("  ", 1) for line in text.splitlines())
    return {name[2:]: digest for digest, name in rows}


def is_same(folder, wanted):
    """Whether the folder here holds just the wanted files."""
    found = {os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names}
    return found == set(wanted) and all(dcp.sha256(os.path.join(folder, name)) == digest for name, digest in wanted.items())


def check_room(folder, peer):
    """Refuses to begin what the disk cannot hold."""
    needed = int(peer.run(SIZE, folder)[1].strip() or 0)
    partial = folder + ".partial"
    there = sum(os.path.getsize(os.path.join(place, name)) for place, _, names in os.walk(partial) for name in names)
    free = shutil.disk_usage(os.path.dirname(folder)).free
    if needed - there > free:
        raise PeerError(f"{os.path.dirname(folder)} has {free} bytes free, {needed - there} are needed for {os.path.basename(folder)}")


def rename_into_place(partial, folder):
    """The complete folder takes the name; the one before is kept once."""
    if os.path.exists(folder):
        shutil.rmtree(folder + ".previous", ignore_errors=True)
        os.replace(folder, folder + ".previous")
    os.replace(partial, folder)


def fetch(folder, peer):
    """What was done. On a shared disk the folder is the same at once, so nothing is copied."""
    began = time.monotonic()
    wanted = listing(peer, folder)
    result = {"ok": True, "folder": folder, "from": peer.name, "files": len(wanted), "copied": [], "faults": []}
    if not is_same(folder, wanted):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        check_room(folder, peer)
        partial = folder + ".partial"
        for name, digest in sorted(wanted.items()):
            target = os.path.join(partial, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.isfile(target) and dcp.sha256(target) == digest:
                continue
            done = copy_from(os.path.join(folder, name), target, peer, digest)
            result["copied"].append({"file": name, **done})
            print(f"fetched {len(result['copied'])} of {len(wanted)}: {name}", file=sys.stderr, flush=True)
        for place, _, names in os.walk(partial):
            for name in names:
                if os.path.relpath(os.path.join(place, name), partial) not in wanted:
                    os.remove(os.path.join(place, name))
        rename_into_place(partial, folder)
    result["seconds"] = round(time.monotonic() - began, 3)
    return result


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--result")
    parser.add_argument("--ssh", default=SSH)
    options = parser.parse_args()
    try:
        result = fetch(options.folder.rstrip("/"), Peer(options.source, shlex.split(options.ssh)))
    except (PeerError, dcp.CheckpointError, OSError) as error:
        result = {"ok": False, "faults": [str(error)]}
    finish(options.result, result)


if __name__ == "__main__":
    main()
