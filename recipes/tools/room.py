"""Whether this host has the disk and the memory for a conversion. Standard library only, Python 3.8 or newer."""

import os
import shutil

import dcp
from iteration import newest_iteration

CGROUP = "/sys/fs/cgroup"


def weight_bytes(folder):
    """Bytes of a model's own tensors, without the optimizer's: of Hugging Face weights, or of a Megatron checkpoint."""
    if os.path.isfile(os.path.join(folder, "config.json")):
        sizes = [os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder) if name.endswith((".safetensors", ".bin"))]
        if sizes:
            return sum(sizes)
    return dcp.read_metadata(newest_iteration(folder)[0]).weight_bytes


def in_words(size):
    """A size in GiB, or in MiB below one."""
    return f"{size / (1 << 30):.1f} GiB" if size >= 1 << 30 else f"{size / (1 << 20):.1f} MiB"


def free_disk(folder):
    """Bytes free where the folder lies, or will lie."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return shutil.disk_usage(folder).free


def number_in(path):
    """The number that a small file holds; None if it is not there, or says `max`."""
    try:
        with open(path, encoding="ascii") as file:
            text = file.read().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def free_memory():
    """Bytes that a process may still take: of the host, and of this container if it is limited (cgroup 2 or 1)."""
    with open("/proc/meminfo", encoding="ascii") as file:
        rows = dict(line.split(":", 1) for line in file)
    free = int(rows["MemAvailable"].split()[0]) * 1024
    pairs = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))
    for limit, used in ((number_in(os.path.join(CGROUP, name)) for name in pair) for pair in pairs):
        if limit is not None and used is not None:
            free = min(free, limit - used)
    return free


def lacks(sources, output):
    """What stands against a conversion from the source folders to the output folder, as sentences; empty when nothing does."""
    needed = sum(weight_bytes(source) for source in sources)
    faults = []
    disk = free_disk(os.path.dirname(os.path.abspath(output)))
    if disk < needed:
        faults.append(
            f"{os.path.dirname(os.path.abspath(output))} has {in_words(disk)} free, the converted weights take {in_words(needed)}; "
            "delete old checkpoints there, or name an output on another disk"
        )
    # `swift export` holds Megatron's model in the host's memory, whatever GPUs it has (use_cpu_initialization, 3.7.1 and 4.6.0).
    memory = free_memory()
    if memory < needed:
        faults.append(
            f"this host has {in_words(memory)} of memory free, the model alone takes {in_words(needed)} of it; "
            "end what else runs here, or let another node convert (node)"
        )
    return faults
