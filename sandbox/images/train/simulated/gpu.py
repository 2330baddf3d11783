"""Simulated GPUs: one lock file a device, held as long as the process that "uses" the device lives.

A host of the sandbox shares the folder /run/simgpu with its containers; device N is the file N.lock in it. A process
that uses a device holds flock on that file. A second one is answered as CUDA answers when another process has taken
the memory. The file's first line is the memory in use in MiB, the second tells who holds it: {"pid", "program"}. The pid
is that of the holder's own pid namespace; a reader outside finds the true one in /proc/locks by the file's inode.

Where the folder is missing nothing is claimed.
"""

import fcntl
import json
import os
from pathlib import Path

FOLDER = Path("/run/simgpu")
COUNT = Path("/etc/simgpu/count")
CAPACITY_GIB = 79.11
USED_MIB = 78000

_held = []


class OutOfMemory(Exception):
    """Another process holds the device. The text is CUDA's."""


class InvalidDevice(Exception):
    """There is no such device. The text is CUDA's."""


def _devices():
    """The device numbers that this process may use, by ordinal; None if every one."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return range(int(COUNT.read_text())) if COUNT.exists() else None
    return [int(part) for part in listed.split(",") if part.strip().isdigit()]


def _holder(file):
    file.seek(0)
    try:
        return json.loads(file.read().split("\n")[1])["pid"]
    except (ValueError, LookupError, TypeError):
        return "?"


def claim(ordinal, program):
    """Take the device with this ordinal among the visible ones for the life of this process.

    Raises InvalidDevice and OutOfMemory with CUDA's texts (torch 2.6 and 2.7).
    """
    devices = _devices()
    if devices is not None and len(devices) == 0:
        raise InvalidDevice("No CUDA GPUs are available")
    device = ordinal if devices is None else devices[ordinal] if ordinal < len(devices) else None
    if device is None or (COUNT.exists() and device >= int(COUNT.read_text())):
        raise InvalidDevice(
            "CUDA error: invalid device ordinal\nCUDA kernel errors might be asynchronously reported at some other API "
            "call, so the stacktrace below might be incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1"
        )
    if not FOLDER.is_dir():
        return
    file = open(FOLDER / f"{device}.lock", "a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OutOfMemory(
            f"CUDA out of memory. Tried to allocate 2.00 MiB. GPU {ordinal} has a total capacity of {CAPACITY_GIB} GiB "
            f"of which 1.00 MiB is free. Process {_holder(file)} has 79.10 GiB memory in use. Of the allocated memory "
            "0 bytes is allocated by PyTorch, and 0 bytes is reserved by PyTorch but unallocated. (simulated device "
            f"{device})"
        ) from None
    file.truncate(0)
    file.write(f"{USED_MIB}\n" + json.dumps({"pid": os.getpid(), "program": program}) + "\n")
    file.flush()
    _held.append(file)


def claim_as_torch(ordinal, program):
    """As claim, but raise what torch raises."""
    import torch

    try:
        claim(ordinal, program)
    except OutOfMemory as error:
        raise torch.OutOfMemoryError(str(error)) from None
    except InvalidDevice as error:
        raise RuntimeError(str(error)) from None
