"""Read checkpoints of torch.distributed.checkpoint (Megatron's torch_dist) without torch.

`.metadata` is a pickle that says which files hold the tensors, and where in them. Every class in it is resolved to an
inert stand-in, so nothing of the file runs. Python 3.8 or newer, standard library only.
"""

import builtins
import collections
import hashlib
import os
import pickle
import re

SHARD = re.compile(r"^__(\d+)_\d+\.distcp$")
TRACKER = "latest_checkpointed_iteration.txt"


class Stand:
    """Takes the place of any class in the pickle. Keeps attributes, does nothing."""

    def __new__(cls, *args, **kwargs):
        made = object.__new__(cls)
        made.arguments = args
        return made

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        if isinstance(state, tuple) and len(state) == 2:
            state = {**(state[0] or {}), **(state[1] or {})}
        if isinstance(state, dict):
            self.__dict__.update(state)

    def __call__(self, *args, **kwargs):
        return Stand()

    def __hash__(self):
        return id(self)

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        """A list subclass is filled by this; the values are not needed."""

    def extend(self, values):
        """As append."""


PLAIN = {name: getattr(builtins, name) for name in ("set", "frozenset", "list", "dict", "tuple", "int", "str", "bytearray")}


class InertUnpickler(pickle.Unpickler):
    """Builds plain containers and stand-ins, and nothing else."""

    def find_class(self, module, name):
        if module == "builtins" and name in PLAIN:
            return PLAIN[name]
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        return type(name, (Stand,), {})

    def persistent_load(self, pid):
        return Stand()


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the text says which and why."""


def read_metadata(folder):
    """(least size of each needed file, names of the stored values) of an iteration's folder."""
    path = os.path.join(folder, ".metadata")
    try:
        with open(path, "rb") as file:
            metadata = InertUnpickler(file).load()
        stored = metadata.storage_data
        needed = {}
        for place in stored.values():
            name, end = place.relative_path, place.offset + place.length
            if name != os.path.basename(name) or not SHARD.match(name):
                raise CheckpointError(f"{path} names a file that is no shard: {name!r}")
            needed[name] = max(needed.get(name, 0), end)
        values = {str(getattr(index, "fqn", "")) for index in stored}
    except FileNotFoundError:
        raise CheckpointError(f"{path} is not there: the checkpoint was not finished, or node 0 wrote it elsewhere")
    except CheckpointError:
        raise
    except Exception as error:  # a damaged pickle can raise anything at all
        raise CheckpointError(f"{path} cannot be read: {type(error).__name__}: {error}")
    return needed, values


def rank_of(name):
    """Global rank that wrote a shard."""
    return int(SHARD.match(name).group(1))


def newest_iteration(folder):
    """Folder of the newest finished iteration below a training's or a conversion's output."""
    tracker = os.path.join(folder, TRACKER)
    if os.path.isfile(tracker):
        with open(tracker, encoding="utf-8") as file:
            text = file.read().strip()
        name = text if text == "release" else f"iter_{int(text):07d}" if text.isdigit() else None
        if name is None:
            raise CheckpointError(f"{tracker} holds {text!r}, expected a number")
        found = os.path.join(folder, name)
        if not os.path.isdir(found):
            raise CheckpointError(f"{tracker} says {text}, but {found} is not there")
        return found
    # checkpoint-20 lies in a version folder (ms-swift 4), v3-2026… in the output folder. By number: v10 is after v9.
    for pattern in (r"^checkpoint-(\d+)$", r"^v(\d+)-"):
        below = numbered(folder, pattern)
        for name in reversed(below):
            try:
                return newest_iteration(os.path.join(folder, name))
            except CheckpointError:
                if name == below[0]:
                    raise
    raise CheckpointError(f"no checkpoint in {folder}: it has no {TRACKER}")


def numbered(folder, pattern):
    """Names below the folder that match, by their number."""
    if not os.path.isdir(folder):
        raise CheckpointError(f"{folder} is not there")
    matches = [(re.match(pattern, name), name) for name in os.listdir(folder)]
    return [name for _, name in sorted((int(m.group(1)), name) for m, name in matches if m)]


def incomplete(folder):
    """What an iteration's folder lacks, as sentences; empty when it is complete."""
    needed, values = read_metadata(folder)
    faults = []
    for name, least in sorted(needed.items()):
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            faults.append(f"{name} is missing (rank {rank_of(name)})")
        elif os.path.getsize(path) < least:
            faults.append(f"{name} has {os.path.getsize(path)} bytes, at least {least} are needed")
    if not os.path.isfile(os.path.join(folder, "metadata.json")):
        faults.append("metadata.json is missing: it is written last, so the saving was cut off")
    # megatron-core 0.13 writes common.pt; 0.19 keeps the same state among the tensors.
    has_common = os.path.isfile(os.path.join(folder, "common.pt")) or any("common_state" in value for value in values)
    if not has_common:
        faults.append("common.pt is missing, and .metadata has no common_state")
    return faults


def sha256(path):
    """Checksum of a file, in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()
