"""A checkpoint in Megatron's layout, written and read by torch.distributed.checkpoint itself.

    FOLDER/latest_checkpointed_iteration.txt
    FOLDER/iter_0000020/{common.pt, __R_I.distcp, .metadata, metadata.json}

Rank R writes its __R_I.distcp (I below the count of files a rank). Rank 0 writes the rest, in this order: common.pt
first; .metadata when every rank has written; metadata.json; the tracker last. On hosts with disks of their own the
files therefore lie scattered as in reality. Every rank holds a part of every big tensor, so each rank's files are needed.

megatron-core 0.13 writes common.pt. 0.19, beside ms-swift 4, keeps the same state among the tensors, under the name COMMON.
"""

import json
import os
import pickle
import random

import numpy
import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import _load_state_dict

from simulated.layout import shard_axis

TRACKER = "latest_checkpointed_iteration.txt"
SHARDED = {"sharded_backend": "torch_dist", "sharded_backend_version": 1}
KIND = {**SHARDED, "common_backend": "torch", "common_backend_version": 1}
COMMON = "common_state/shard_0_1"


def _world():
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def _shared(tensors):
    """Each tensor as the part of it that this rank has to write."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Shard

    rank, size = _world()
    if size == 1:
        return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    mesh = init_device_mesh("cpu", (size,))
    made = {}
    for name, tensor in tensors.items():
        tensor, axis = tensor.detach().contiguous(), shard_axis(name)
        pieces = tensor.chunk(size, dim=axis)
        empty = tensor.narrow(axis, 0, 0)
        own = pieces[rank].contiguous() if rank < len(pieces) else empty
        made[name] = DTensor.from_local(
            own, mesh, [Shard(axis)], run_check=False, shape=tensor.shape, stride=tensor.stride()
        )
    return made


def packed(value):
    """A value as bytes: torch would take a dict apart into keys of its own."""
    return pickle.dumps(value)


def unpacked(data):
    """What `packed` packed."""
    return pickle.loads(data)


def track(folder, iteration):
    """Writes the tracker, last of all."""
    with open(os.path.join(folder, TRACKER), "w", encoding="utf-8") as file:
        file.write(str(iteration))


def random_state():
    """State of the random numbers, packed."""
    states = {
        "random_rng_state": random.getstate(),
        "np_rng_state": numpy.random.get_state(),
        "torch_rng_state": torch.get_rng_state().numpy(),
    }
    return packed(states)


def restore_random(state):
    """Takes up what `random_state` gave."""
    states = unpacked(state)
    random.setstate(states["random_rng_state"])
    numpy.random.set_state(states["np_rng_state"])
    torch.set_rng_state(torch.from_numpy(states["torch_rng_state"]))


def save(folder, iteration, tensors, objects, common, files_per_rank, as_file):
    """Write one iteration; every rank of the process group calls it.

    `objects`: what this rank alone writes, by name. `common`: the state that is the same on all, as common.pt or among the tensors.
    """
    rank, _ = _world()
    path = os.path.join(folder, f"iter_{iteration:07d}")
    common = {"iteration": iteration, "checkpoint_version": 3.0, **common}
    state = {**_shared(tensors), **objects}
    if rank == 0:
        os.makedirs(path, exist_ok=True)
        if as_file:
            torch.save(common, os.path.join(path, "common.pt"))
        else:
            state[COMMON] = packed(common)
    writer = FileSystemWriter(path, thread_count=files_per_rank, single_file_per_rank=True)
    dcp.save(state, storage_writer=writer)
    if rank == 0:
        with open(os.path.join(path, "metadata.json"), "w", encoding="utf-8") as file:
            json.dump(KIND if as_file else SHARDED, file)
        track(folder, iteration)


def iteration_of(folder):
    """The iteration that the tracker names."""
    with open(os.path.join(folder, TRACKER), encoding="utf-8") as file:
        return int(file.read().strip())


def _is_weight(name):
    return not name.startswith("optimizer.")


def load(folder, wants=_is_weight, objects=()):
    """Every tensor whose name is wanted (default: the model's), whole, put together from all ranks' files; objects by name.

    FileNotFoundError if a file is missing.
    """
    path = os.path.join(folder, f"iter_{iteration_of(folder):07d}")
    reader = FileSystemReader(path)
    metadata = reader.read_metadata()
    for name in sorted({entry.relative_path for entry in metadata.storage_data.values()}):
        # torch would wrap the error of the first missing file and hide its type.
        with open(os.path.join(path, name), "rb"):
            pass
    wanted = {
        name: torch.empty(entry.size, dtype=entry.properties.dtype)
        for name, entry in metadata.state_dict_metadata.items()
        if isinstance(entry, TensorStorageMetadata) and wants(name)
    }
    wanted |= {name: b"" for name in objects if name in metadata.state_dict_metadata}
    # The private function, for only it can read without the process group (torch 2.6).
    _load_state_dict(wanted, storage_reader=reader, no_dist=True)
    return wanted
