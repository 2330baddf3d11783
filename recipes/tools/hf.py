"""Hugging Face weights: whether a folder has all of them. Standard library only, Python 3.8 or newer."""

import json
import os
import struct


class WeightsError(Exception):
    """Weights that are not whole; the text says what is wrong and where."""


def names_of(folder):
    """The safetensors files that a model in the folder consists of."""
    index = os.path.join(folder, "model.safetensors.index.json")
    if not os.path.isfile(index):
        return ["model.safetensors"]
    with open(index, encoding="utf-8") as file:
        return sorted(set(json.load(file)["weight_map"].values()))


def check_hf(folder):
    """Every safetensors file that the index names is there, with all the bytes that its header promises."""
    names = names_of(folder)
    for name in ["config.json", *names]:
        if not os.path.isfile(os.path.join(folder, name)):
            raise WeightsError(f"{name} is missing in {folder}")
    for name in names:
        path = os.path.join(folder, name)
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
            if not 0 < length < size:
                raise WeightsError(f"{path} has a broken header")
            header = json.loads(file.read(length))
        end = max((entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"), default=0)
        if size != 8 + length + end:
            raise WeightsError(f"{path} has {size} bytes, its header promises {8 + length + end}")
    return names
