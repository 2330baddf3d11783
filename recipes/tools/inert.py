"""Print, as JSON, what a `.metadata` of torch.distributed.checkpoint says. Nothing in the file runs.

    inert.py FILE

The file is a pickle, and whoever can write to a checkpoint's folder can put any call into it: torch itself would make
that call. Here every class becomes a stand-in that does nothing, and a class that no checkpoint has is refused. It runs
as a process of its own, with limits on memory, time and files that its caller sets (dcp.py), for a small file can ask
for much of them. Standard library only, Python 3.8 or newer; imports none of the other tools.
"""

import builtins
import collections
import json
import pickle
import sys


class Stand:
    """Takes the place of any class in the pickle. Keeps attributes, does nothing."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

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


# torch 2.6 to 2.11 and megatron-core 0.13 to 0.19 write the first; a path or a plain value may be among the attributes.
KNOWN = ("torch", "megatron", "numpy", "pathlib", "datetime", "uuid")
PLAIN = {name: getattr(builtins, name) for name in ("set", "frozenset", "list", "dict", "tuple", "str")}


class InertUnpickler(pickle.Unpickler):
    """Builds plain containers and stand-ins, and nothing else."""

    made = {}

    def find_class(self, module, name):
        if module == "builtins" and name in PLAIN:
            return PLAIN[name]
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module.split(".")[0] not in KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no checkpoint holds: torch would run that")
        return self.made.setdefault((module, name), type(name, (Stand,), {}))

    def persistent_load(self, pid):
        return Stand()


def is_weight(name):
    """Whether a stored name belongs to the model, not to the optimizer or the state of the run."""
    return not {"optimizer", "rng_state", "common_state"} & set(name.replace("/", ".").split("."))


def contents(path):
    """Least size of each file, bytes of the model's own tensors, and whether common state and optimizer are among the tensors."""
    with open(path, "rb") as file:
        stored = InertUnpickler(file).load().storage_data
    needed, weights, has_common, has_optimizer = {}, 0, False, False
    for index, place in stored.items():
        file, end, name = place.relative_path, place.offset + place.length, str(getattr(index, "fqn", ""))
        if not isinstance(file, str) or not isinstance(end, int) or place.offset < 0 or place.length < 0:
            raise ValueError("a place in it is no file with an offset and a length")
        needed[file] = max(needed.get(file, 0), end)
        weights += place.length if is_weight(name) else 0
        has_common = has_common or "common_state" in name
        has_optimizer = has_optimizer or "optimizer" in name.split(".")
    return {"needed": needed, "weightBytes": weights, "hasCommonState": has_common, "hasOptimizer": has_optimizer}


def main():
    try:
        said = contents(sys.argv[1])
    except MemoryError:
        said = {"fault": "it asks for more memory than a file of its size can need"}
    except Exception as error:  # a damaged pickle can raise anything at all
        said = {"fault": str(error) or type(error).__name__}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
