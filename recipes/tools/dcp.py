"""Read checkpoints of torch.distributed.checkpoint (Megatron's torch_dist) without torch.

`.metadata` is a pickle that says which files hold the tensors, and where in them; inert.py reads it, and nothing in it
runs. Python 3.8 or newer, standard library only.
"""

import hashlib
import json
import os
import re
import resource
import subprocess
import sys

SHARD = re.compile(r"^__(\d+)_\d+\.distcp$")
GIB = 1 << 30
# A run over 512 ranks of a model with 46 layers and 128 experts writes some ten megabytes.
METADATA_LIMIT = GIB


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the text says which and why."""


class Metadata:
    """What a `.metadata` says: `needed` is the least size of each file, `weight_bytes` the size of the model alone."""

    def __init__(self, said):
        self.needed = said["needed"]
        self.weight_bytes = said["weightBytes"]
        self.has_common_state = said["hasCommonState"]
        self.has_optimizer = said["hasOptimizer"]


def limits(size):
    """Bounds of the process that reads a file of that many bytes. Every number in it may be a lie."""

    def set_limits():
        resource.setrlimit(resource.RLIMIT_AS, (GIB + 64 * size, GIB + 64 * size))
        seconds = 60 + size // (1 << 20)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return set_limits


def read_metadata(folder):
    """The Metadata of an iteration's folder."""
    path = os.path.join(folder, ".metadata")
    if not os.path.isfile(path):
        raise CheckpointError(f"{path} is not there: the checkpoint was not finished, or node 0 wrote it elsewhere")
    size = os.path.getsize(path)
    if size > METADATA_LIMIT:
        raise CheckpointError(f"{path} has {size} bytes: no checkpoint's has more than {METADATA_LIMIT}")
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inert.py")
    argv = [sys.executable, "-I", "-B", program, path]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=limits(size))
    if done.returncode != 0:
        raise CheckpointError(f"{path} cannot be read: its reader ended with {done.returncode}; it is damaged, or made to harm")
    said = json.loads(done.stdout.decode())
    if "fault" in said:
        raise CheckpointError(f"{path} cannot be read: {said['fault']}")
    strange = sorted(name for name in said["needed"] if not SHARD.match(name))
    if strange:
        raise CheckpointError(f"{path} names a file that is no shard: {strange[0]!r}")
    return Metadata(said)


def rank_of(name):
    """Global rank that wrote a shard."""
    return int(SHARD.match(name).group(1))


def shards_in(folder):
    """Sizes of the shards in a folder here."""
    names = (name for name in os.listdir(folder) if SHARD.match(name))
    return {name: os.path.getsize(os.path.join(folder, name)) for name in names}


def incomplete(folder, metadata=None):
    """What an iteration's folder lacks, as sentences; empty when it is complete."""
    metadata = metadata or read_metadata(folder)
    here = shards_in(folder)
    faults = []
    for name, least in sorted(metadata.needed.items()):
        if name not in here:
            faults.append(f"{name} is missing (rank {rank_of(name)})")
        elif here[name] < least:
            faults.append(f"{name} has {here[name]} bytes, at least {least} are needed")
    if not os.path.isfile(os.path.join(folder, "metadata.json")):
        faults.append("metadata.json is missing: it is written last, so the saving was cut off")
    # megatron-core 0.13 writes common.pt; 0.19 keeps the same state among the tensors.
    if not metadata.has_common_state and not os.path.isfile(os.path.join(folder, "common.pt")):
        faults.append("common.pt is missing, and .metadata has no common_state")
    return faults


def sha256(path):
    """Checksum of a file, in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()
