"""Other nodes, reached over the mesh's ssh: what they have, and copies that are proven. Standard library only, Python 3.8 or newer."""

import os
import random
import re
import shlex
import subprocess
import time
import uuid

import dcp

# A link that died is noticed within a minute.
SSH = "ssh -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4"

# An sshd that many nodes ask at once drops connections before the login (MaxStartups).
BUSY = re.compile(rb"kex_exchange_identification|Connection (?:reset|closed) by")
TRIES = 6


class PeerError(Exception):
    """Files cannot be brought from another node; each text says where, why, and the remedy."""

    def __init__(self, *faults):
        super().__init__("; ".join(faults))
        self.faults = list(faults)


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
        for tries_left in reversed(range(TRIES)):
            done = subprocess.run(self.command(script, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            if tries_left == 0 or done.returncode != 255 or not BUSY.search(done.stderr):
                break
            time.sleep(random.uniform(0.5, 2))
        if done.returncode not in (0, 3):
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise PeerError(f"{self.name}: ssh ended with {done.returncode}: {said[-1] if said else 'no message'}; try: ssh {self.name} true")
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
            raise PeerError(f"{self.name}: {path} has gone; is somebody else writing there?")
        return text.split()[0]

    def copy(self, path, target):
        """Append what the target lacks of the file there. A link that breaks is tried again as long as each try brings something."""
        while True:
            have = os.path.getsize(target) if os.path.exists(target) else 0
            with open(target, "ab") as file:
                argv = self.command('tail -c "+$1" -- "$2"', str(have + 1), path)
                done = subprocess.run(argv, stdout=file, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
                file.flush()
                os.fsync(file.fileno())
            if done.returncode == 0:
                return
            if done.returncode != 255 or os.path.getsize(target) == have:
                said = done.stderr.decode(errors="replace").strip().splitlines()
                why = said[-1] if said else f"status {done.returncode}"
                raise PeerError(f"{self.name}: copying {os.path.basename(path)} ended: {why}; run it again, it goes on where it stopped")


def shares_disk(peer, folder):
    """Whether the peer sees a file that was just made here."""
    mark = os.path.join(folder, f".muster-{uuid.uuid4().hex}")
    with open(mark, "w", encoding="utf-8"):
        pass
    try:
        return peer.has(mark)
    finally:
        os.remove(mark)


def copy_proven(target, peer, wanted=None):
    """Copy the peer's file of the same path, prove it, name it. A partial file of another one is noticed by its checksum and begun anew."""
    return copy_from(target, target, peer, wanted or peer.sha256(target))


def copy_from(path, target, peer, wanted):
    """Copy the peer's `path` to `target` by way of a `.partial` file, which a later run goes on with."""
    partial = target + ".partial"
    resumed = os.path.exists(partial)
    peer.copy(path, partial)
    if resumed and dcp.sha256(partial) != wanted:
        os.remove(partial)
        peer.copy(path, partial)
    found = dcp.sha256(partial)
    if found != wanted:
        os.remove(partial)
        raise PeerError(f"{path} from {peer.name}: sha256 {found[:12]} here, {wanted[:12]} there; the file changes, or the network does")
    os.replace(partial, target)
    return {"bytes": os.path.getsize(target), "sha256": wanted}
