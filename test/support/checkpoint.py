"""Make a synthetic checkpoint of torch.distributed.checkpoint without torch, for tests.

    checkpoint.py FOLDER ITERATION RANKS [SEED]   writes FOLDER/iter_…, tracker, common.pt, metadata.json, two shards a rank

`.metadata` is a pickle with torch's class names and attributes, so a reader meets what torch writes.
"""

import os
import pickle
import random
import sys
import types

for module in ("torch", "torch.distributed", "torch.distributed.checkpoint"):
    sys.modules[module] = types.ModuleType(module)


def dataclass_of(module, name):
    made = type(name, (), {"__module__": module})
    sys.modules.setdefault(module, types.ModuleType(module))
    setattr(sys.modules[module], name, made)
    return made


Metadata = dataclass_of("torch.distributed.checkpoint.metadata", "Metadata")
MetadataIndex = dataclass_of("torch.distributed.checkpoint.metadata", "MetadataIndex")
StorageInfo = dataclass_of("torch.distributed.checkpoint.filesystem", "_StorageInfo")


def made(kind, **fields):
    value = kind()
    value.__dict__.update(fields)
    return value


def main(folder, iteration, ranks, seed="0"):
    iteration, ranks = int(iteration), int(ranks)
    rng = random.Random(seed)
    there = os.path.join(folder, f"iter_{iteration:07d}")
    os.makedirs(there, exist_ok=True)
    stored = {}
    for rank in range(ranks):
        for number in range(2):
            name = f"__{rank}_{number}.distcp"
            data = bytes(rng.randrange(256) for _ in range(1000 + 100 * rank))
            with open(os.path.join(there, name), "wb") as file:
                file.write(data)
            half = len(data) // 2
            for part, (offset, length) in enumerate(((0, half), (half, len(data) - half))):
                kind = "optimizer.state" if part else "layer"
                index = made(MetadataIndex, fqn=f"{kind}.{rank}.{number}.{part}", offset=None, index=None)
                stored[index] = made(StorageInfo, relative_path=name, offset=offset, length=length)
    with open(os.path.join(there, ".metadata"), "wb") as file:
        pickle.dump(made(Metadata, state_dict_metadata={}, planner_data=None, storage_data=stored), file)
    for name, text in (("common.pt", "common"), ("metadata.json", "{}")):
        with open(os.path.join(there, name), "w", encoding="utf-8") as file:
            file.write(text)
    with open(os.path.join(folder, "latest_checkpointed_iteration.txt"), "w", encoding="utf-8") as file:
        file.write(str(iteration))


if __name__ == "__main__":
    main(*sys.argv[1:])
