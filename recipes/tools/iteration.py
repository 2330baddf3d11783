"""Which of a training's checkpoints is the newest that was finished. Standard library only, Python 3.8 or newer.

    ms-swift 3: OUTPUT/[vN-date/]{latest_checkpointed_iteration.txt, iter_0000020/}
    ms-swift 4: OUTPUT/[vN-date/]checkpoint-20/{latest_checkpointed_iteration.txt, iter_0000020/}

Folders are compared by their number: v10 is after v9, whatever their names' order or their time says.
"""

import os
import re

from dcp import CheckpointError

TRACKER = "latest_checkpointed_iteration.txt"
LEVELS = (r"^checkpoint-(\d+)$", r"^v(\d+)-")


class NoCheckpoint(CheckpointError):
    """None was finished; the text says where it was looked for."""


def newest_iteration(folder):
    """(folder of the newest finished iteration, sentences on newer ones that were passed over)."""
    if os.path.isfile(os.path.join(folder, TRACKER)):
        found = tracked(folder)
        return found, newer_than(found)
    for pattern in LEVELS:
        passed, errors = [], []
        for name in reversed(numbered(folder, pattern)):
            try:
                found, more = newest_iteration(os.path.join(folder, name))
                return found, passed + more
            except CheckpointError as error:
                passed.append(str(error))
                errors.append(error)
        if errors:
            kind = NoCheckpoint if all(isinstance(error, NoCheckpoint) for error in errors) else CheckpointError
            raise kind("; ".join(passed))
    raise NoCheckpoint(f"no checkpoint in {folder}: it has no {TRACKER}")


def tracked(folder):
    """The iteration that the tracker names. It is written when all else is."""
    tracker = os.path.join(folder, TRACKER)
    with open(tracker, encoding="utf-8", errors="replace") as file:
        text = file.read(64).strip()
    name = text if text == "release" else f"iter_{int(text):07d}" if re.match(r"^[0-9]+$", text) else None
    if name is None:
        raise CheckpointError(f"{tracker} holds {text!r}, expected a number")
    found = os.path.join(folder, name)
    if not os.path.isdir(found):
        raise CheckpointError(f"{tracker} says {text}, but {found} is not there")
    return found


def newer_than(found):
    """Iterations beside the tracked one whose saving was cut off."""
    folder, name = os.path.split(found)
    if not name.startswith("iter_"):
        return []
    newer = [other for other in numbered(folder, r"^iter_(\d+)$") if int(other[5:]) > int(name[5:])]
    return [f"{os.path.join(folder, other)} is newer, but its saving was cut off: {TRACKER} names {name}" for other in newer]


def numbered(folder, pattern):
    """Folders below the folder that match, by their number."""
    if not os.path.isdir(folder):
        raise CheckpointError(f"{folder} is not there")
    matches = [(re.match(pattern, name), name) for name in os.listdir(folder)]
    found = [(int(match.group(1)), name) for match, name in matches if match and os.path.isdir(os.path.join(folder, name))]
    return [name for _, name in sorted(found)]
